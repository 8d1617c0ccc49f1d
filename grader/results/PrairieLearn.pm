package grader::results::PrairieLearn;

# The results.json of PrairieLearn's external graders.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP   ();
use List::Util qw(max);

# PrairieLearn takes no file over 1 MB. Quotes and backslashes take two bytes.
my $MOST_BYTES = 300_000;

# $results: a grader::results::Results.
sub text ($results) {
    my @tests      = $results->tests;
    my @still      = $results->not_run;
    my $longest    = int( $MOST_BYTES / max( 1, @tests + @still ) );
    my $about      = $results->about;
    my $unfinished = $results->unfinished;
    my $json       = {
        gradable => JSON::PP::true,
        score    => $results->share,
        message  => join( "\n", $results->total, $unfinished // () ),
        output   => "seed $about->{seed}; isolation: $about->{isolation}",
        tests    => [
            ( map { _test( $_, $_->{points}, $results->verdict($_), $results->excerpt( $_, $longest ) ) } @tests ),
            ( map { _test( $_, 0,            'not run',             q{} ) } @still ),
        ],
    };

    # An attempt counts when at least one test has told something.
    if ( !@tests && defined $unfinished ) {
        $json->{gradable}      = JSON::PP::false;
        $json->{format_errors} = [$unfinished];
    }
    return JSON::PP->new->canonical->pretty->encode($json);
}

sub _test ( $test, $points, $verdict, $output ) {
    return {
        name        => $test->{name},
        description => $test->{id},
        points      => $points,
        max_points  => $test->{max},
        message     => $verdict,
        output      => $output,
    };
}

1;
