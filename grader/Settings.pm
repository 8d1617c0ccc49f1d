package grader::Settings;

# Every number and name that a grade depends on, in one place.

use v5.34;
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

        # Right answers: always these, and one drawn from each range.
        tops       => { usual => [ 2, 3, 100, 1000, 10_000, 100_000 ], hw08 => [ 2, 3, 100, 1000 ] },
        drawn_tops => { usual => [ [ 4, 9999 ], [ 10_001, 120_000 ] ], hw08 => [ [ 4, 999 ], [ 1001, 1500 ] ] },

        run_timeout_s   => 20,
        build_timeout_s => 120,
        output_bytes    => 64 * 1024,

        # Base: the baseline takes at least this many times as long as the graded backend.
        base_ratio     => 4,
        base_rounds    => 5,
        base_tops      => [ 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000 ],
        base_longest_s => 2,

        # Challenge: the graded backend's time divided by the library's is below this.
        challenge_ratio      => 1,
        challenge_rounds     => 9,
        challenge_shortest_s => 0.5,
        challenge_aim_s      => 0.7,
        challenge_top        => { first => 10_000, most => 2_000_000 },
        challenge_memory_kib => 1024 * 1024,
    };
}

# The setting of this name for one backend: its own, or the usual one.
sub for_backend ( $settings, $name, $backend ) {
    return $settings->{$name}{$backend} // $settings->{$name}{usual};
}

1;
