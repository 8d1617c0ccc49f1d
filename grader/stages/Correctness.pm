package grader::stages::Correctness;

# Every program with every backend gives the right answers, at fixed TOPs and at some drawn at random. Slow is not wrong: a
# right answer that came late is told as slow, and the rubric says what that costs.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::Settings;
use grader::kit::Answer;
use grader::speed::Patience;

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

    my ( @complaints, @slow, $remark );
    while ( defined( my $top = shift @tops ) ) {
        my $result  = $job->run( $program, $backend, $top, grader::speed::Patience::limits( $job->settings ) );
        my $starved = grader::speed::Patience::starved( $job->settings, $result );
        return { verdict => 'skip', reason => "cannot tell: bin/$program-$backend $top $starved" }
          if defined $starved && !@complaints;
        my $complaint = $job->complaint( $program, $backend, $top, $result );
        if ( !defined $complaint ) {
            my $more = grader::kit::Answer::remark($result);
            $remark //= "bin/$program-$backend $top $more" if defined $more;
            my $late = grader::speed::Patience::late( $job->settings, $result ) // next;
            push @slow, "bin/$program-$backend $top $late";
            push @slow, 'larger TOPs were not tried after that' if @tops;
            last;
        }
        push @complaints, $complaint;
        push @complaints, 'does a call take a lock that it already holds, or leave without giving it back?'
          if ( $result->{stopped} // q{} ) eq 'asleep';
        my $is_enough =
             @complaints == $MOST_COMPLAINTS
          || ( $result->{stopped} // q{} ) =~ /\A(?:wall|cpu|asleep)\z/
          || ( $result->{exit}    // 0 ) == $NOT_WRITTEN;
        if ( $is_enough && @tops ) {
            push @complaints, 'larger TOPs were not tried after that';
            last;
        }

    }
    return { verdict => 'pass', notes => [ @slow, $remark // () ], is_slow => scalar @slow } if !@complaints;
    $job->set_failed( $program, $backend, "bin/$program-$backend did not give every right answer, see above" );
    return { verdict => 'fail', diag => \@complaints };
}

1;
