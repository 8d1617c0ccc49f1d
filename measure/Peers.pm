package measure::Peers;

# Whom ours are raced against, what is compared, and which peer is the best at it.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter qw(import);
use measure::Rounds;
use measure::Table qw(column cpu_column);

our @EXPORT_OK = qw(@MEASURES $FLOOR is_peer best against_best against);

# What one could use instead of ours. sys is one of them: whoever changes nothing has it.
my @PEERS = qw(sys jemalloc tcmalloc mimalloc);

our $FLOOR = 'limit';    # bench/limit_alloc.c: less than an allocator, so about as fast as one could be without huge pages

# What is compared, and how it is read off the results of one allocator.
our @MEASURES = (
    { name => 'wall',   column => sub ($results) { return column( $results, 'wall_s' ) } },
    { name => 'CPU',    column => \&cpu_column },
    { name => 'memory', column => sub ($results) { return column( $results, 'peak_kib' ) } },
);

sub is_peer ($allocator) {
    return scalar grep { $_ eq $allocator } @PEERS;
}

# A tie goes to the first name of the alphabet, so that the same numbers always give the same words.
sub best ( $number_of, @names ) {
    my ($best) = sort { $number_of->{$a} <=> $number_of->{$b} || $a cmp $b } @names;
    return $best;
}

sub against ( $measure, $results, $allocator, $other ) {
    my ( $ratio, $low, $high ) =
      measure::Rounds::paired_ratio( map { $measure->{column}->( $results->{$_} ) } $allocator, $other );
    return { to => $other, ratio => $ratio, low => $low, high => $high };
}

sub against_best ( $measure, $results, $allocator ) {
    my %median_of =
      map { $_ => measure::Rounds::median( @{ $measure->{column}->( $results->{$_} ) } ) }
      grep { is_peer($_) } keys %{$results};
    return against( $measure, $results, $allocator, best( \%median_of, keys %median_of ) );
}

1;

__END__

=head1 NAME

measure::Peers - compare our allocators with those that one could use instead

=head1 CONSTANTS

All are exported on request.

=head2 @MEASURES

The measures of a comparison: hashes of a C<name> (wall, CPU, memory) and a function C<column>. C<column> takes the result of
measure::Rounds::interleave for one entry and gives one number for each round; the smaller, the better.

=head2 $FLOOR

The name of the yardstick, which does less than an allocator must do.

=head1 FUNCTIONS

All are exported on request. RESULTS is what measure::Rounds::interleave returns: { NAME => [result of each round] }.

=head2 is_peer($name)

True for sys, jemalloc, tcmalloc and mimalloc.

=head2 best(\%number_of, @names)

The name with the smallest number.

=head2 against(\%measure, \%results, $name, $other)

The ratio of the two by one of @MEASURES, as C<< { to => $other, ratio, low, high } >>: see
measure::Rounds::paired_ratio.

=head2 against_best(\%measure, \%results, $name)

The same ratio to the peer with the smallest median among the results. There must be a peer.

=cut
