package grader::stages::Correctness;

# Every program with every backend gives the right answers, at fixed TOPs and at random TOPs.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::Settings;

my $MOST_COMPLAINTS = 3;

# The stubs of the student kit end a program so (handout/par_alloc.c).
my $NOT_WRITTEN = 77;

# Result: the tests, each { name => sentence, run => sub () { outcome as grader::results::Tap::result takes it } }.
sub tests ($job) {
    my @tests;
    for my $backend ( $job->backends ) {
        for my $program ( $job->programs ) {
            my @tops = _tops( $job, $program, $backend );
            push @tests,
              {
                id   => "$backend.answers.$program",
                name => "$program-$backend gives the right answers (TOP " . join( ', ', @tops ) . ')',
                run  => sub { _check( $job, $program, $backend, @tops ) },
              };
        }
    }
    return @tests;
}

sub _tops ( $job, $program, $backend ) {
    my $settings = $job->settings;
    my @fixed    = @{ grader::Settings::for_backend( $settings, 'tops', $backend ) };
    my @drawn    = map { $job->drawn( "$program-$backend", @{$_} ) }
      @{ grader::Settings::for_backend( $settings, 'drawn_tops', $backend ) };
    my %seen;
    return grep { !$seen{$_}++ } sort { $a <=> $b } @fixed, @drawn;
}

sub _check ( $job, $program, $backend, @tops ) {
    my @broken = $job->failed( $program, $backend );
    return { verdict => 'fail', diag => \@broken } if @broken;

    my @complaints;
    while ( defined( my $top = shift @tops ) ) {
        my $result    = $job->run( $program, $backend, $top );
        my $complaint = $job->complaint( $program, $backend, $top, $result ) // next;
        push @complaints, $complaint;
        my $is_enough =
             @complaints == $MOST_COMPLAINTS
          || ( $result->{stopped} // q{} ) eq 'wall'
          || ( $result->{exit}    // 0 ) == $NOT_WRITTEN;
        if ( $is_enough && @tops ) {
            push @complaints, 'larger TOPs were not tried after that';
            last;
        }

    }
    return { verdict => 'pass' } if !@complaints;
    $job->set_failed( $program, $backend, "bin/$program-$backend did not give every right answer, see above" );
    return { verdict => 'fail', diag => \@complaints };
}

1;
