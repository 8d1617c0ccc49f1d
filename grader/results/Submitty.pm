package grader::results::Submitty;

# The validation_results.json of a custom validator in Submitty: the share of the points, and a message for each test.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();

# Each message is in a box of its own on the student's page.
my $MOST_BYTES = 4000;

my %STATUS = ( pass => 'success', fail => 'failure', skip => 'warning' );

# $results: a grader::results::Results.
sub text ($results) {
    my $about      = $results->about;
    my $unfinished = $results->unfinished;
    my @messages   = (
        _message( 'information', $results->total . "; seed $about->{seed}; isolation: $about->{isolation}" ),
        ( defined $unfinished ? _message( 'failure', $unfinished ) : () ),
        ( map { _of_test( $results, $_ ) } $results->tests ),
        ( map { _message( 'warning', "$_->{name}: not run (0 of $_->{max} points)" ) } $results->not_run ),
    );
    return JSON::PP->new->canonical->pretty->encode(
        { status => 'success', data => { score => $results->share, message => \@messages } } );
}

sub _of_test ( $results, $test ) {
    my $status = $test->{verdict} eq 'fail' && $test->{reported} ? 'information' : $STATUS{ $test->{verdict} };
    my $head   = sprintf '%s: %s (%g of %g points)', $test->{name}, $results->verdict($test), @{$test}{qw(points max)};
    return _message( $status, join "\n", $head, grep { length } $results->excerpt( $test, $MOST_BYTES ) );
}

sub _message ( $status, $text ) { return { status => $status, message => $text } }

1;
