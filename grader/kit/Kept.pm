package grader::kit::Kept;

# How much memory a program needs that keeps what it must until its answer is printed: at least, and as the course allows.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# So many bytes for each element and for each sequence, at least and at most. A vector may be twice as long as its elements; of
# a table that grows there are two, the new one twice as long. Nothing is known of other programs.
my %KEPT = (
    list    => { least => [ 16, 0 ], most => [ 16, 32 ] },
    ivec    => { least => [ 8,  0 ], most => [ 16, 32 ] },
    collatz => { least => [ 0,  0 ], most => [ 0,  64 ] },
);

# Resident memory of a run lies between what it keeps at least and, as the course allows, three times what it keeps at most,
# with something to spare. A backend that never frees here, though it does in every other test, needs more.
my $MOST_TIMES = 3;
my $SPARE_KIB  = 16 * 1024;

# What collatz keeps is little beside the caches of its threads, which may be of huge pages.
my %SPARE_KIB_OF = ( collatz => 64 * 1024 );

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
