package grader::kit::Kept;

# How much memory a program needs that keeps what it must until its answer is printed: at least, and as the course allows.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# So many bytes are held for each element and for each sequence, at least and at most. A vector may be twice as long as its
# elements, and takes 12.3 bytes an element on average; of a table that grows there are two, the new one twice as long. Nothing
# is known of other programs.
my %KEPT = (
    list    => { least => [ 16, 0 ], most => [ 16, 32 ] },
    ivec    => { least => [ 8,  0 ], most => [ 13, 32 ] },
    collatz => { least => [ 0,  0 ], most => [ 0,  64 ] },
);

# Resident memory of a run lies between what it keeps at least and, as the course allows, three times what it keeps at most,
# with something to spare. A backend that never frees needs more, if TOP is large. In MiB at
# TOP 40000: 24 right backends, jemalloc, tcmalloc and mimalloc; four that never free small blocks; and what is accepted:
#
#     program    right        never frees    accepted
#     ivec       50 to 98     194 to 207     167
#     collatz    4 to 11      95 to 127      47
#     list       64 to 130   139 to 273     202
#
# A backend that frees a piece of memory only when all its blocks are free needs as much in ivec as one that never does.
# list tells little: a cell of 16 bytes behind a header of 16 takes what two cells take without one, and few lists are freed.
# Who loses blocks there, and frees them in the other programs, may pass.
my $MOST_TIMES = 3;
my $SPARE_KIB  = 16 * 1024;

# What collatz keeps is little beside the caches of its threads, which may be of huge pages.
my %SPARE_KIB_OF = ( collatz => 40 * 1024 );

# $digest: the line that the program printed, which says how many sequences there are, and of how many elements. Result: the
# least and the most that are accepted, in KiB; nothing when nothing is known.
sub bounds_kib ( $program, $digest ) {
    my ( $sequences, $elements ) = $digest =~ /over (\d+) sequences of (\d+) elements/ or return;
    my $kept = $KEPT{$program} // return;
    my ( $least, $most ) =
      map { int( ( $elements * $_->[0] + $sequences * $_->[1] ) / 1024 ) } @{$kept}{qw(least most)};
    return ( $least, $MOST_TIMES * $most + ( $SPARE_KIB_OF{$program} // $SPARE_KIB ) );
}

1;
