package grader::results::Classroom;

# What GitHub Classroom's grading reporter takes of a step: JSON in Base64, on one line.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode       qw(encode);
use JSON::PP     ();
use List::Util   qw(max);
use MIME::Base64 qw(encode_base64);

# The reporter gets it in a variable of its environment, and Linux takes no variable over 128 KiB. Quotes and backslashes take
# two bytes, and Base64 makes four of three.
my $MOST_BYTES = 36_000;

my %STATUS = ( pass => 'pass', fail => 'fail', skip => 'pass' );

# $results: a grader::results::Results.
sub text ($results) {
    my @tests      = $results->tests;
    my @still      = $results->not_run;
    my $longest    = int( $MOST_BYTES / max( 1, @tests + @still ) );
    my $unfinished = $results->unfinished;
    my $status     = defined $unfinished ? 'error' : $results->is_full ? 'pass' : 'fail';
    my %json       = (
        version   => 1,
        status    => $status,
        max_score => $results->max_score,
        tests     => [
            ( map { _of_test( $results, $_, $longest ) } @tests ),
            ( map { _test( $_->{name}, 'error', 0, 0, 'not run' ) } @still ),
            ( defined $unfinished ? _test( 'the grader', 'error', 0, 0, $unfinished ) : () ),
        ],
    );
    return encode_base64( encode( 'UTF-8', JSON::PP->new->canonical->encode( \%json ) ), q{} );
}

sub _of_test ( $results, $test, $longest ) {
    my $status = $test->{reported} ? 'pass' : $STATUS{ $test->{verdict} };
    my $text   = join "\n", $results->verdict($test), grep { length } $results->excerpt( $test, $longest );
    return _test( $test->{name}, $status, @{$test}{qw(points seconds)}, $text );
}

# The reporter prints all this on a runner, which would take commands from it.
sub _test ( $name, $status, $score, $seconds, $message ) {
    return {
        name      => $name,
        status    => $status,
        score     => $score,
        message   => $message =~ s/::/: :/gr =~ s/##\[/# #[/gr,
        test_code => q{},
        filename  => q{},
        line_no   => 0,
        duration  => $seconds,
    };
}

1;
