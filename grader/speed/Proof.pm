package grader::speed::Proof;

# Proves that the timed programs do their work.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(max min);
use grader::speed::Run;
use measure::Rounds;

# A timed run takes at least this part of the CPU time of one that proves its work; proofs shorter than this tell nothing.
# Nobody is accused before so many more proofs, because one alone may have met with huge pages that the kernel had to clear.
my ( $LEAST_WORK_SHARE, $SHORTEST_PROOF_S, $MORE_PROOFS ) = ( 0.5, 0.03, 8 );

# A program that does nothing has about so much resident memory.
my $BARE_PROGRAM_KIB = 4096;

# Now and then, before a round that nobody can foresee, the programs have to prove at the TOP that is timed that they do the
# work: with --digest they print a digest over all their sequences, under a nonce that they read after their start
# (grader::stages::Work says more), and it must be the one that the library's program prints. These runs are not timed, because the
# digest takes its time, the same for all, which would bring every ratio nearer to 1.
#
# Result: the resident memory, in KiB, that a run of this work needs at least.
sub audit ( $comparison, $top ) {
    my ( $job, $program, @backends ) = @{$comparison}{qw(job program over under)};
    my ( $library, $share ) = @{ $job->settings }{qw(library speed_memory_share)};
    my $nonce     = $job->nonce;
    my $touch     = $comparison->{touch_bytes};
    my $right     = _proof( $job, $program, $library, $top, $nonce, $touch );
    my $least_kib = $share * max( 0, $right->{peak_kib} - $BARE_PROGRAM_KIB );
    for my $backend ( grep { $_ ne $library } @backends ) {
        my $proof = _proof( $job, $program, $backend, $top, $nonce, $touch );
        insist_on_memory( $job, $program, $backend, $top, $proof, $least_kib );
        my $least_cpu_s = \$comparison->{proof_cpu_s}{$backend};
        ${$least_cpu_s} =
          min( ${$least_cpu_s} // grader::speed::Run::cpu_s($proof), grader::speed::Run::cpu_s($proof) );
        next if $proof->{digest} eq $right->{digest};
        die {
            backend   => $backend,
            complaint => "bin/$program-$backend --digest $top printed a wrong digest: "
              . 'sequences were lost, changed, or never computed'
        };
    }
    return $least_kib;
}

# Whether it is time for a proof: before one round of so many, drawn so that nobody can foresee it.
sub is_due ($job) { return hex( substr $job->nonce, 0, 7 ) % $job->settings->{speed_audit_every} == 0 }

# Result: that of the run, with digest. It finds as much memory touched as the timed runs do, since their CPU times are compared.
sub _proof ( $job, $program, $backend, $top, $nonce, $touch ) {
    my %input  = ( arguments => ['--digest'], stdin => "$nonce\n", touch_bytes => $touch );
    my $result = $job->run( $program, $backend, $top, %input );
    my ( $answer, $digest ) = $result->{stdout} =~ /\A(.*?)(?:^(Digest is [^\n]*)\n)?\z/ms;
    my $complaint = $job->complaint( $program, $backend, $top, { %{$result}, stdout => $answer } );
    $complaint //= "bin/$program-$backend --digest $top printed no digest" if !defined $digest;
    die { backend => $backend, complaint => $complaint } if defined $complaint;
    return { %{$result}, digest => $digest };
}

# Dies with { backend, complaint } when a run had less memory than its sequences take.
sub insist_on_memory ( $job, $program, $backend, $top, $result, $least_kib ) {
    return if $backend eq $job->settings->{library} || $result->{peak_kib} >= $least_kib;
    die {
        backend   => $backend,
        complaint => sprintf 'bin/%s-%s %d had at most %d KiB of memory, and its sequences alone take %d KiB or more',
        $program, $backend, $top, $result->{peak_kib}, $least_kib
    };
}

# A submission can know whether it must prove its work in a run. An honest one needs about as long without: the digest takes
# up to two fifths of the time. One that cheats in the other runs needs next to nothing there.
sub insist_on_same_work ( $comparison, $series ) {
    my $proofs = $comparison->{proof_cpu_s} // {};
    for my $backend ( sort keys %{$proofs} ) {
        my @cpu_s  = map { grader::speed::Run::cpu_s($_) } @{ $series->{results}{$backend} } or next;
        my $cpu_s  = measure::Rounds::median(@cpu_s);
        my $most_s = max( $SHORTEST_PROOF_S, $cpu_s / $LEAST_WORK_SHARE );
        for ( 1 .. $MORE_PROOFS ) {
            last if $proofs->{$backend} <= $most_s;
            audit( $comparison, $series->{top} );    # keeps the shortest
        }
        next if $proofs->{$backend} <= $most_s;
        die {
            backend   => $backend,
            complaint => sprintf 'bin/%s-%s %d takes %.3f s of CPU, but %.3f s when it must prove its work (--digest)',
            $comparison->{program}, $backend, $series->{top}, $cpu_s, $proofs->{$backend}
        };
    }
    return;
}

1;
