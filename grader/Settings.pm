package grader::Settings;

# Every number and name that a grade depends on, in one place.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# Result: a fresh hash, whose values the caller may change.
sub defaults () {
    return {
        programs => [qw(ivec list collatz)],
        backends => [qw(sys hw08 par)],

        # Who is compared with whom.
        graded   => 'par',
        baseline => 'hw08',
        library  => 'sys',

    # Our own list under one lock, where the kit has it (students' kits do not): a homework that is slow on purpose buys
    # nothing.
        reference => 'reference',

        # What the students were promised; the rubric says it.
        terms =>
          { alignment => 8, null => 0, zero => 0, silent => 1, memory_times => 3, small_space_mib => 16, names => {} },

        # Right answers: always these, and one drawn from each range.
        tops       => { usual => [ 2, 3, 100, 1000, 10_000, 100_000 ], hw08 => [ 2, 3, 100, 1000 ] },
        drawn_tops => { usual => [ [ 4, 9999 ], [ 10_001, 120_000 ] ], hw08 => [ [ 4, 999 ], [ 1001, 1500 ] ] },

        run_timeout_s   => 20,
        slow_factor     => 3,           # an answer that takes so many times longer is waited for, and told as slow
        asleep_s        => 5,           # all threads asleep for so long are a deadlock
        lost_pause_s    => 10,          # before a run is repeated that was killed from outside
        build_timeout_s => 120,
        output_bytes    => 64 * 1024,

        # Speed. Base: the baseline takes at least this many times as long as the graded backend. Challenge and bonus:
        # the graded backend's time divided by the library's is below this.
        base_ratio      => 4,
        challenge_ratio => 1,
        bonus_ratio     => 0.9,

  # A wrong verdict, on either side, has at most this chance. A comparison ends when all is decided about it, and
  # never makes more rounds than this. Nor does it take more seconds, or twice as many where the machine is so slow that
  # nothing could be told before.
        speed_alpha        => 0.001,
        speed_rounds_most  => 80,
        speed_seconds_most => 40,

       # TOP is chosen so that the slower one takes about so much CPU time. Shorter runs of the same program differ more
       # from each other than the greater number of rounds makes good.
        base_aim_s       => 0.4,
        challenge_aim_s  => 0.7,
        speed_top_first  => 1000,
        speed_top_least  => 100,
        speed_top_most   => 2_000_000,
        speed_memory_kib => 512 * 1024,

        # Before one round of so many, on average, the programs have to prove that they do the work that is timed. All
        # runs need at least this share of the memory that the library takes.
        speed_memory_share => 0.3,

        # The programs run so many threads; with fewer CPUs than this their times say little.
        speed_threads    => 4,
        speed_cpus_least => 2,
    };
}

# The names of the files of the rubric's backends and of those that are asked for besides, the homework first, as
# grader::intake::Names::roles takes them.
sub names ( $settings, @asked ) {
    my $names = $settings->{terms}{names} // {};
    my %seen;
    return [ map { [ $_ => $names->{$_} // ["${_}_alloc.c"] ] } grep { !$seen{$_}++ } @{ $settings->{backends} },
        @asked ];
}

# The setting of this name for one backend: its own, or the usual one.
sub for_backend ( $settings, $name, $backend ) {
    return $settings->{$name}{$backend} // $settings->{$name}{usual} // [];
}

1;
