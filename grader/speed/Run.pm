package grader::speed::Run;

# One run of a program with a backend in a comparison. It must be right to count.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(max);

# Result: of measure::Launch::run. Dies with { backend, complaint } when the run was not right, but not when the options give
# it fewer seconds than usual and it was stopped for these.
sub run ( $job, $program, $backend, $top, %options ) {
    my $result = $job->run( $program, $backend, $top, %options );
    return $result if defined $options{wall_s} && ( $result->{stopped} // q{} ) eq 'wall';
    my $complaint = $job->complaint( $program, $backend, $top, $result ) // return $result;
    die { backend => $backend, complaint => $complaint };
}

# The kernel may count the CPU time of a short run as nothing.
sub cpu_s ($result) { return max( 1e-3, $result->{user_s} + $result->{sys_s} ) }

1;
