package grader::class::similar::Winnow;

# Fingerprints of a text by winnowing (Schleimer, Wilkerson, Aiken: Winnowing, local algorithms for document fingerprinting,
# SIGMOD 2003). Every $GRAM tokens in a row are hashed; of every $WINDOW hashes in a row the smallest is kept, the last of equal
# ones. Two texts that share a run of $GUARANTEE tokens share a fingerprint; no run shorter than $GRAM can make one.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::MD5 qw(md5);

our $GRAM      = 25;
our $WINDOW    = 16;
our $GUARANTEE = $GRAM + $WINDOW - 1;

# $tokens: as of grader::class::similar::Tokens. $first: the place of the first one. Result: [ hash, place ] of each run.
sub grams ( $tokens, $first = 0 ) {
    my @words = map { $_->[0] } @{$tokens};
    return map { [ unpack( 'N', md5( join q{ }, @words[ $_ .. $_ + $GRAM - 1 ] ) ), $first + $_ ] } 0 .. @words - $GRAM;
}

# What is kept of them. What lies in a text of its own (a file) is given alone.
sub fingerprints (@grams) {
    my ( @kept, $last );
    for my $start ( 0 .. ( @grams > $WINDOW ? @grams - $WINDOW : 0 ) ) {
        my $end = $start + $WINDOW - 1;
        $end = $#grams if $end > $#grams;
        my $least = $start;
        for my $place ( $start .. $end ) { $least = $place if $grams[$place][0] <= $grams[$least][0] }
        next if !@grams || defined $last && $last == $least;
        push @kept, $grams[$least];
        $last = $least;
    }
    return @kept;
}

1;
