package measure::Rounds;

# Times several commands fairly: in turns, after a warm-up, so that whatever else the machine does hits them all alike.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp qw(croak);
use measure::Launch;

# An interval for a median claims to hold the true one in at least this share of all measurements.
my $COVERAGE = 0.95;

sub interleave (%options) {
    my @entries     = @{ $options{entries} // croak 'measure::Rounds::interleave: entries are missing' };
    my $rounds      = $options{rounds}      // croak 'measure::Rounds::interleave: rounds are missing';
    my $warmup      = $options{warmup}      // 1;
    my $on_progress = $options{on_progress} // sub { };
    my $check       = $options{check}       // sub { };
    my $run         = $options{run}         // sub ($entry) { _launch( $entry, $options{launch} // {} ) };
    my $order       = $options{order}       // \&_rotated;
    my $go_on       = $options{go_on}       // sub ($results) { 1 };

    my %results = map { $_->{name} => [] } @entries;
    croak 'measure::Rounds::interleave: two entries have the same name' if keys %results != @entries;

    my $done  = 0;
    my $total = ( $warmup + $rounds ) * @entries;
    for my $round ( 1 - $warmup .. $rounds ) {
        for my $entry ( $order->( $round, @entries ) ) {
            $on_progress->( $done++, $total, $entry );
            my $result = $run->($entry);
            $check->( $entry, $result );
            push @{ $results{ $entry->{name} } }, $result if $round > 0;
        }
        last if !$go_on->( \%results );
    }
    $on_progress->( $done, $total, undef );
    return \%results;
}

# Every entry comes first equally often, so none always runs right after the same pause.
sub _rotated ( $round, @entries ) {
    my $shift = $round % @entries;
    return @entries[ $shift .. $#entries, 0 .. $shift - 1 ];
}

sub _launch ( $entry, $common ) {
    my %own = %{$entry};
    delete $own{name};
    return measure::Launch::run( %{$common}, %own );
}

sub median (@numbers) {
    croak 'measure::Rounds::median: no numbers' if !@numbers;
    my @sorted = sort { $a <=> $b } @numbers;
    my $middle = int( @sorted / 2 );
    return @sorted % 2 ? $sorted[$middle] : ( $sorted[ $middle - 1 ] + $sorted[$middle] ) / 2;
}

sub spread (@numbers) {
    my $median = median(@numbers);
    return median( map { abs( $_ - $median ) } @numbers );
}

sub paired_ratio ( $numerators, $denominators ) {
    my $pairs = @{$numerators};
    croak 'measure::Rounds::paired_ratio: the two lists differ in length' if $pairs != @{$denominators};
    my @ratios = sort { $a <=> $b } map { $numerators->[$_] / $denominators->[$_] } 0 .. $pairs - 1;
    my $cut    = _interval_cut($pairs);
    return ( median(@ratios), $ratios[$cut], $ratios[ $pairs - 1 - $cut ] );
}

# How many of the smallest and of the largest of $n sorted values may be left off while the rest still spans the true
# median often enough. Each value falls below the true median with probability one half, so the chance to miss is a tail
# of the binomial distribution (the interval of the sign test).
sub _interval_cut ($n) {
    my ( $cut, $chance, $tail ) = ( 0, 0.5**$n, 0.5**$n );
    while ( 2 * $cut < $n ) {
        $chance *= ( $n - $cut ) / ( $cut + 1 );
        $tail   += $chance;
        last if 1 - 2 * $tail < $COVERAGE;
        $cut++;
    }
    return $cut;
}

1;

__END__

=head1 NAME

measure::Rounds - interleaved rounds of several commands, their medians and ratios

=head1 SYNOPSIS

    use measure::Rounds;

    my $results = measure::Rounds::interleave(
        entries => [
            { name => 'par', command => [ 'bin/list-par', 100_000 ] },
            { name => 'sys', command => [ 'bin/list-sys', 100_000 ], wall_s => 60 },
        ],
        rounds => 9,
        launch => { wall_s => 20 },
        check  => sub ( $entry, $result ) {
            die "$entry->{name} ", measure::Launch::sentence($result), "\n" if !measure::Launch::ok($result);
        },
    );
    my %wall_s = map { $_ => [ map { $_->{wall_s} } @{ $results->{$_} } ] } keys %{$results};
    printf "par: %.3f +- %.3f s\n", measure::Rounds::median( @{ $wall_s{par} } ), measure::Rounds::spread( @{ $wall_s{par} } );
    printf "ratio %.2f (%.2f to %.2f)\n", measure::Rounds::paired_ratio( $wall_s{par}, $wall_s{sys} );

=head1 FUNCTIONS

=head2 interleave(%options)

Runs every entry once a round, round after round, and returns C<< { NAME => [RESULT, ...] } >> with one result of
measure::Launch::run for each round, in the order of the rounds. Results with the same index come from the same round. The
order of the entries rotates from round to round. Options:

=over

=item entries => [ {name => ..., command => [...], ...}, ... ]

The entries to run. Every key except C<name> is an option of measure::Launch::run for this entry alone.

=item rounds => N

The largest number of rounds to keep.

=item go_on => sub (\%results) { ... }

Called after every round, also after warm-up rounds, with the results so far, as interleave returns them. When it returns
false, no round follows.

=item order => sub ($round, @entries) { ... }

Returns the entries in their order for this round, instead of the rotation. The first kept round is number 1; the warm-up ends
with 0.

=item warmup => N

The number of warm-up rounds, which are run and checked, but not kept (default: 1).

=item launch => { ... }

Options of measure::Launch::run for all entries.

=item check => sub ($entry, $result) { ... }

Called after each run, also of the warm-up. It can die to stop the measurement; the message reaches the caller.

=item on_progress => sub ($done, $total, $entry) { ... }

Called before each run with the number of finished runs, the number of all runs, and the next entry; and once at the end with
the entry undefined.

=item run => sub ($entry) { ... }

Makes a result, instead of measure::Launch::run.

=back

=head2 median(@numbers)

The middle number, or the mean of the middle two.

=head2 spread(@numbers)

The median absolute deviation, in the unit of the numbers: half of them lie within median +- spread. One outlier among
many does not move it.

=head2 paired_ratio(\@a, \@b)

Divides a[i] by b[i], which must come from the same round. It returns the median of these ratios and the low and high end of an
interval (that of the sign test). The interval holds the true median in at least 95 of 100 measurements, for any distribution
of the noise. With fewer than 6 pairs no such interval exists; low and high are then the smallest and the largest ratio.

=cut
