package grader::speed::Run;

# One run of a program with a backend in a comparison. It must be right to count.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(max sum0);

# Result: of measure::Launch::run. Dies with { backend, complaint, is_untold => the machine is to blame } when the run was not right,
# but not when the options give it fewer seconds than usual and it was stopped for these.
sub run ( $job, $program, $backend, $top, %options ) {
    my $result = _off_the_clock( $job->run( $program, $backend, $top, %options ) );
    return $result if defined $options{wall_s} && ( $result->{stopped} // q{} ) eq 'wall';
    die { backend => $backend, complaint => "bin/$program-$backend $top $result->{untold}", is_untold => 1 }
      if defined $result->{untold};
    my $complaint = $job->complaint( $program, $backend, $top, $result ) // return $result;
    die { backend => $backend, complaint => $complaint };
}

# The same result without the time in which the program was asked for its digest.
sub _off_the_clock ($result) {
    my $question_cpu_s = $result->{question_cpu_s} // 0;
    return {
        %{$result},
        wall_s         => $result->{wall_s} - ( $result->{question_wall_s} // 0 ),
        question_cpu_s => $question_cpu_s
    };
}

# The kernel may count the CPU time of a short run as nothing.
sub cpu_s ($result) { return max( 1e-3, $result->{user_s} + $result->{sys_s} - ( $result->{question_cpu_s} // 0 ) ) }

# The part of their time in which all threads of a program slept, over several runs; undef when there were too few looks to say.
# Whoever waits for a CPU does not sleep, so a busy machine makes nobody sleep.
my $LEAST_LOOKS = 20;

sub idle_share (@results) {
    my $looks = sum0( map { $_->{looks} // 0 } @results );
    return if $looks < $LEAST_LOOKS;
    return sum0( map { $_->{idle_looks} // 0 } @results ) / $looks;
}

1;
