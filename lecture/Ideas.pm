package lecture::Ideas;

# Who takes part, in the order of the lecture: what kind of backend it is and its idea in one sentence. A backend that is
# not in the list takes part too, after the ladder.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(first);

# kind: sys, the measure of all; ladder, one idea each; par; peer, what one could use instead.
my @KNOWN = (
    {
        name => 'sys',
        kind => 'sys',
        idea => 'The C library: a lock for each arena, and a small cache for each thread.'
    },
    { name => 'hw08', kind => 'ladder', idea => 'One list, one lock: holes join, but each call walks the list while others wait.' },
    {
        name => 'buddy',
        kind => 'ladder',
        idea => 'Buddies: sizes are powers of two, and a freed block merges with its twin.'
    },
    {
        name => 'bucket',
        kind => 'ladder',
        idea => 'Buckets: each size has pages of its own, so a free block is found at once.'
    },
    { name => 'cache', kind => 'ladder', idea => 'A cache for each thread: most calls take no lock at all.' },
    { name => 'arena', kind => 'ladder', idea => 'Many arenas, each with a lock of its own: threads seldom meet.' },
    {
        name => 'par',
        kind => 'par',
        idea => 'Magazines: threads hand over blocks in batches, and keep what they free.'
    },
    { name => 'jemalloc', kind => 'peer', idea => 'jemalloc: arenas of buckets, four for each core.' },
    { name => 'tcmalloc', kind => 'peer', idea => 'tcmalloc: buckets with a cache for each thread.' },
    { name => 'mimalloc', kind => 'peer', idea => 'mimalloc: short free lists, one for each page of a thread.' },
);

# Yardsticks and second forms of par: not for the projector.
my %LEFT_OUT = map { $_ => 1 } qw(limit libpar);

sub about ($name) {
    return ( first { $_->{name} eq $name } @KNOWN )
      // { name => $name, kind => 'ladder', idea => "$name: a backend of your own." };
}

# Those of the names that are shown, in the order of the lecture.
sub in_order (@names) {
    my %known_at  = map { $KNOWN[$_]{name} => $_ } 0 .. $#KNOWN;
    my $after     = $known_at{par} - 0.5;
    my %asked_for = map  { $_ => 1 } grep { !$LEFT_OUT{$_} } @names;
    my @ordered   = sort { ( $known_at{$a} // $after ) <=> ( $known_at{$b} // $after ) || $a cmp $b } keys %asked_for;
    return @ordered;
}

1;

__END__

=head1 NAME

lecture::Ideas - the backends of the lecture, one idea each

=head1 FUNCTIONS

=head2 about($name)

C<< { name, kind, idea } >>: kind is sys, ladder, par or peer; idea is a sentence.

=head2 in_order(@names)

The names that the lecture shows, each once, in its order.

=cut
