package grader::speed::Proof;

# Proves that the timed programs do their work. Every timed run prints, off the clock, a digest of what it has kept under a nonce
# that it reads when its work is done (programs/digest.h). The library's program says what is right.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(max);
use grader::kit::Kept;
use grader::speed::Run;
use measure::Rounds;

# A program that does nothing has about so much resident memory.
my $BARE_PROGRAM_KIB = 4096;

# What is accepted of memory, by so much; near a limit nobody is accused, since chance may turn it, and the stage `work` asks
# precisely.
my $MOST_MEMORY_TIMES = 2;

# A walk over what was kept takes no backend longer than so many times what it takes the library, and some. Work that was put
# off until the clock stood still takes longer.
my ( $MOST_WALK_TIMES, $SPARE_WALK_S ) = ( 4, 0.05 );

# Result: what all runs of the comparison must show at this TOP: { nonce, digest, least_kib, most_kib, walk_s }.
sub wanted ( $comparison, $top ) {
    my ( $job, $program )   = @{$comparison}{qw(job program)};
    my ( $library, $share ) = @{ $job->settings }{qw(library speed_memory_share)};
    my $nonce = $job->nonce;
    my $right = grader::speed::Run::run(
        $job, $program, $library, $top,
        nonce       => $nonce,
        touch_bytes => $comparison->{touch_bytes}
    );
    my ( undef, $most_kib ) = grader::kit::Kept::bounds_kib( $program, $right->{digest} );
    return {
        nonce     => $nonce,
        digest    => $right->{digest},
        walk_s    => $right->{question_cpu_s},
        least_kib => $share * max( 0, $right->{peak_kib} - $BARE_PROGRAM_KIB ),
        most_kib  => $most_kib,
    };
}

# Dies with { backend, complaint } when one run has not done its work.
sub insist ( $comparison, $wanted, $backend, $top, $result ) {
    my ( $job, $program ) = @{$comparison}{qw(job program)};
    return if !$job->is_handed_in($backend);
    _accuse( $comparison, $backend, $top,
        "printed a wrong digest of what it has kept: sequences were lost, changed, or never computed" )
      if $result->{digest} ne $wanted->{digest};
    _accuse( $comparison, $backend, $top,
        sprintf 'had at most %d KiB of memory, and its sequences alone take %d KiB or more',
        $result->{peak_kib}, $wanted->{least_kib} )
      if $result->{peak_kib} < $wanted->{least_kib};
    return;
}

# Dies with { backend, complaint } when the runs of a backend as a whole needed too much memory, or worked off the clock.
sub insist_on_the_whole ( $comparison, $wanted, $series ) {
    for my $backend ( grep { $comparison->{job}->is_handed_in($_) } sort keys %{ $series->{results} } ) {
        my @results = @{ $series->{results}{$backend} } or next;
        my $peak    = measure::Rounds::median( map { $_->{peak_kib} } @results );
        _accuse(
            $comparison,
            $backend,
            $series->{top},
            sprintf
'had %d KiB of memory in most of its timed runs, where %d KiB are accepted: what was freed is not used again',
            $peak,
            $wanted->{most_kib}
        ) if defined $wanted->{most_kib} && $peak > $MOST_MEMORY_TIMES * $wanted->{most_kib};
        my $walk_s = measure::Rounds::median( map { $_->{question_cpu_s} } @results );
        _accuse(
            $comparison,
            $backend,
            $series->{top},
            sprintf
'took %.3f s of CPU after its answer, to walk what it had kept; the library took %.3f s: work was put off until the clock stood still',
            $walk_s,
            $wanted->{walk_s}
        ) if $walk_s > $MOST_WALK_TIMES * $wanted->{walk_s} + $SPARE_WALK_S;
    }
    return;
}

sub _accuse ( $comparison, $backend, $top, $why ) {
    die { backend => $backend, complaint => "bin/$comparison->{program}-$backend --digest $top $why" };
}

1;
