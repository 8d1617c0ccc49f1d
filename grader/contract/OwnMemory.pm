package grader::contract::OwnMemory;

# The check that a backend is an allocator, and not a way to the C library's: a program counts what the library's malloc and its
# relatives give while the backend works, whatever the name of the function that asked them (tests/contract/own_memory.c).

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Check;
use measure::Launch;

# A stream has a buffer, a thread its keys, C++ a pool for its exceptions: so much may come from the library, and so large a
# part of the calls may ask it.
my $MOST_BYTES = 1024 * 1024;
my $MOST_SHARE = 0.02;

# Honest ones take a tenth of a second; a list that is searched from end to end, a few.
my $WALL_S = 30;

# Result: an outcome for the test of the build stage. What the program cannot tell is told by the checks of the contract: whether
# it ends well is not asked here.
sub run ( $job, $backend ) {
    my $name   = "tests/contract/own_memory-$backend";
    my $binary = grader::contract::Check::binary( $job, $backend, 'release', $name );
    return $binary if ref $binary;

    my $word   = $job->nonce;
    my $result = grader::contract::Check::launch(
        $job, $binary,
        command  => [ $binary, '-' ],
        stdin    => "$word\n",
        asleep_s => $job->settings->{asleep_s},
        wall_s   => $WALL_S,
    );
    my ( $bytes, $asked, $handed, $calls ) = $result->{stdout} =~
      /^own_memory: (\d+) bytes of the C library, in (\d+) calls, for (\d+) bytes, in (\d+) calls; \Q$word\E$/m;
    if ( !defined $bytes ) {
        my $how = grader::contract::Check::how_it_ended($result);
        return grader::contract::Check::pass("nothing was counted: the program that counts $how");
    }
    return grader::contract::Check::pass() if $bytes <= $MOST_BYTES && $asked <= $MOST_SHARE * $calls;
    return grader::contract::Check::fail(
'a function of the C library takes memory for you (getline, strdup, open_memstream and many more do): take pages with '
          . "mmap(2); to see it again: make BACKENDS=$backend build/release/$name && build/release/$name x",
        sprintf '%d calls took %.1f MiB of the backend, and it had %.1f MiB of the C library, in %d calls',
        $calls,
        $handed / 2**20,
        $bytes / 2**20,
        $asked
    );
}

1;
