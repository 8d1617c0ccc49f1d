package lecture::Interval;

# How sure a ratio is, and the words for it: no title may say more than its rounds do.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter   qw(import);
use List::Util qw(max);
use measure::Rounds;

our @EXPORT_OK = qw(interval is_more is_less too_few is_extreme factor percent between);

# From so many rounds on there is a 95% interval (measure::Rounds); below, low and high are the range, and are not taken at
# their word; with fewer than that nothing is told.
my $ROUNDS_FOR_INTERVAL = 6;
my $ROUNDS_FOR_RANGE    = 3;

# Beyond these a ratio is shown with its interval wherever it stands.
my ( $LOW_EXTREME, $HIGH_EXTREME ) = ( 0.05, 20 );

sub interval ( $numerators, $denominators ) {
    my ( $ratio, $low, $high ) = measure::Rounds::paired_ratio( $numerators, $denominators );
    return { ratio => $ratio, low => $low, high => $high, rounds => scalar @{$numerators} };
}

# The range of a few rounds is too narrow by an unknown amount: it must clear the limit by its own width again.
sub _bounds ($interval) {
    my ( $low, $high, $rounds ) = @{$interval}{qw(low high rounds)};
    return if $rounds < $ROUNDS_FOR_RANGE || $low <= 0;
    return ( $low, $high ) if $rounds >= $ROUNDS_FOR_INTERVAL;
    return ( $low * $low / $high, $high * $high / $low );
}

sub is_more ( $interval, $limit = 1 ) { my ($low) = _bounds($interval); return defined $low && $low > $limit }

sub is_less ( $interval, $limit = 1 ) {
    my ( undef, $high ) = _bounds($interval);
    return defined $high && $high < $limit;
}

# Why nothing can be told of these, whatever they say: the most rounds that one of them has are too few. undef when that is not why.
sub too_few (@intervals) {
    my $most = max( map { $_->{rounds} } @intervals ) // return;
    return if $most >= $ROUNDS_FOR_RANGE;
    return $most == 1 ? 'one round is too few' : "$most rounds are too few";
}

sub is_extreme ($ratio) { return $ratio < $LOW_EXTREME || $ratio > $HIGH_EXTREME }

# A factor as one says it.
sub factor ($number) { return sprintf $number >= 9.95 ? '%.0f' : $number >= 0.995 ? '%.1f' : '%.2f', $number }

sub percent ($share) { return sprintf '%.0f%%', 100 * $share }

sub between ( $interval, $words = \&factor ) {
    return sprintf '(%s to %s)', map { $words->( $interval->{$_} ) } qw(low high);
}

1;

__END__

=head1 NAME

lecture::Interval - ratios with their intervals, and what may be said of them

=head1 FUNCTIONS

All are exported on request.

=head2 interval(\@a, \@b)

C<< { ratio, low, high, rounds } >> of numbers that come from the same rounds, as measure::Rounds::paired_ratio makes them.

=head2 is_more(\%interval, $limit), is_less(\%interval, $limit)

Whether it can be told that the ratio is above or below the limit (1). With 6 rounds or more the 95% interval must lie on that
side. With 3 to 5 rounds there is no such interval: the range must lie there, also when it is made wider by its own width on
both sides. With fewer nothing can be told. When both are false, the words are "cannot tell here".

=head2 too_few(@intervals)

Words for it when all of these have so few rounds that nothing can be told; else undef.

=head2 is_extreme($ratio)

Whether a ratio is so small or large that it is never shown without its interval: below 0.05, above 20.

=head2 factor($number), percent($share), between(\%interval, $words)

Numbers as people say them; C<between> gives "(2.1 to 2.4)".

=cut
