package grader::results::Gradescope;

# The results.json of Gradescope.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();

# $results: a grader::results::Results.
sub text ($results) {
    my $number = 0;
    my @tests =
      map { _test( ++$number, $_, $results->lines($_) ) } $results->tests;
    my @still  = map { _waiting( ++$number, $_ ) } $results->not_run;
    my $about  = $results->about;
    my $output = $results->score_words . "\nseed $about->{seed}; isolation: $about->{isolation}";
    $output .= "\nThe grader had to stop: " . $results->stopped if defined $results->stopped;
    return JSON::PP->new->canonical->pretty->encode(
        {
            score             => $results->score,
            execution_time    => $results->seconds,
            output            => $output,
            visibility        => 'visible',
            stdout_visibility => 'hidden',
            extra_data        => $about,
            tests             => [ @tests, @still ],
            leaderboard       => [ _leaderboard($results) ],
        }
    );
}

sub _test ( $number, $test, @lines ) {
    return {
        number        => "$number",
        name          => $test->{name},
        score         => $test->{points},
        max_score     => $test->{max},
        status        => $test->{verdict} eq 'fail' ? 'failed' : 'passed',
        output        => join( "\n", @lines ),
        output_format => 'text',
        tags          => [ $test->{id} ],
        visibility    => 'visible',
        extra_data    => { verdict => $test->{verdict} },
    };
}

# What has not been run counts as failed until it has.
sub _waiting ( $number, $test ) {
    return {
        number        => "$number",
        name          => $test->{name},
        score         => 0,
        max_score     => $test->{max},
        status        => 'failed',
        output        => 'not run',
        output_format => 'text',
        tags          => [ $test->{id} ],
        visibility    => 'visible',
        extra_data    => { verdict => 'not run' },
    };
}

sub _leaderboard ($results) {
    my @rows;
    for my $test ( grep { defined $_->{value} } $results->tests ) {
        if ( $test->{id} =~ /\A(\w+)[.](base|challenge)[.](\w+)\z/ ) {
            my ( $backend, $kind, $program ) = ( $1, $2, $3 );
            my $name =
              $kind eq 'base'
              ? "$program: times faster than hw08"
              : "$program: time / that of the C library";
            push @rows,
              {
                name  => $name,
                value => 0 + sprintf( '%.3g', $test->{value} ),
                order => $kind eq 'base' ? 'desc' : 'asc'
              };
        }
    }
    return @rows;
}

1;
