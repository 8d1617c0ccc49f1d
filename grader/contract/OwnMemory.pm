package grader::contract::OwnMemory;

# The check that a backend is an allocator, and not a way to the C library's: a program counts what the library's malloc and its
# relatives give while the backend works, whatever the name of the function that asked them (tests/contract/own_memory.c).

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Check;
use measure::Launch;

# What may be of the library at a time, while the program has some 8 MiB of blocks. A stream has a buffer, a thread its keys, C++ a
# pool for its exceptions of 72 KiB, and sorting the free list takes as much as the list for a moment. Who has his blocks from the
# library has 5 MiB of it, or 3 where it is only the large ones.
my $MOST_BYTES = 512 * 1024;

# Small blocks have few bytes, but are many: who has those of up to 64 bytes from the library asks it in a third of the calls, and
# has 300 pieces of it at a time. So large a part of the calls may ask it, or so many pieces may be live.
my ( $MOST_SHARE, $MOST_PIECES ) = ( 0.02, 64 );

# Honest ones take a tenth of a second; a list that is searched from end to end, a few.
my $WALL_S = 30;

# What ends wrongly by chance is run again. Whoever ends it each time is not known to have memory of his own.
my $TIMES = 3;

# Result: an outcome for the test of the build stage. Whether the calls do what they promise is not asked here.
sub run ( $job, $backend ) {
    my $name   = "tests/contract/own_memory-$backend";
    my $binary = grader::contract::Check::binary( $job, $backend, 'release', $name );
    return $binary if ref $binary;

    my ( $result, $bytes, $pieces, $asked, $handed, $calls );
    for ( 1 .. $TIMES ) {
        my $word = $job->nonce;
        $result = grader::contract::Check::launch(
            $job, $binary,
            command  => [ $binary, '-' ],
            stdin    => "$word\n",
            asleep_s => $job->settings->{asleep_s},
            wall_s   => $WALL_S,
        );
        ( $bytes, $pieces, $asked, $handed, $calls ) = $result->{stdout} =~
/^own_memory: (\d+) bytes of the C library in (\d+) blocks, (\d+) calls; for (\d+) bytes, (\d+) calls; \Q$word\E$/m;
        last if defined $bytes || defined $result->{stopped} || defined $result->{took_all};
    }
    if ( !defined $bytes ) {
        my $why = 'nothing was counted, so nobody knows whose memory it has: the program that counts '
          . grader::contract::Check::how_it_ended($result);
        return grader::contract::Check::pass($why) if defined $result->{stopped} || defined $result->{took_all};
        return grader::contract::Check::fail(
            "the other checks say what ends it; to see it: make BACKENDS=$backend build/release/$name && "
              . "build/release/$name x",
            "$why, $TIMES times"
        );
    }
    return grader::contract::Check::pass()
      if $bytes <= $MOST_BYTES && ( $asked <= $MOST_SHARE * $calls || $pieces <= $MOST_PIECES );
    return grader::contract::Check::fail(
'a function of the C library takes memory for you (getline, strdup, open_memstream and many more do): take pages with '
          . "mmap(2); to see it again: make BACKENDS=$backend build/release/$name && build/release/$name x",
        _told( $bytes, $pieces, $asked, $handed, $calls )
    );
}

sub _told ( $bytes, $pieces, $asked, $handed, $calls ) {
    return (
        sprintf(
'the backend had up to %d KiB of the C library at a time, in up to %d pieces, %d in all; the program had up to %d KiB '
              . 'of the backend, in %d calls',
            $bytes / 1024,
            $pieces, $asked, $handed / 1024, $calls
        ),
        sprintf 'accepted are %d KiB, and %d pieces where there is one in %d calls or fewer',
        $MOST_BYTES / 1024,
        $MOST_PIECES,
        1 / $MOST_SHARE
    );
}

1;
