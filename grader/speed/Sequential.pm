package grader::speed::Sequential;

# The statistics of a speed verdict: is the graded backend faster than a threshold says, is it not, or is it too early to
# tell? It only computes: it takes the ratios of the rounds so far and runs nothing.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp       qw(croak);
use List::Util qw(max min);
use POSIX      qw(floor);

# From one look at the rounds to the next their number grows by about this factor. More looks stop a little earlier, but
# each gets less of alpha.
my $GROWTH = 1.28;

# Two programs whose parallelism differs by less than this factor are held up alike by others.
my $ALIKE = 1.15;

# How far from the threshold an answer has to lie where others leave only one CPU. Live regrades saw ratios change threefold
# there, and by a factor of up to 1.9 where a third of the second CPU was taken, which the root accounts for.
my $MARGIN = 4;

# So many looks in a row at which no answer was within reach end the rounds: one alone may have met with a burst of other work.
# So many rounds are enough where all are beyond the threshold by this factor.
my ( $FEW, $FAR_BEYOND ) = ( 3, 2 );

my $MOST_VAIN_LOOKS = 2;

# A verdict that would take more rounds than this is out of reach on the machine at hand.
my $MOST_FORECAST = 1000;

# Half of the absolute deviations from the centre of a normal distribution lie within one standard deviation over this.
my $MAD_TO_DEVIATION = 1.4826;

# ---- The signed-rank statistic -----------------------------------------------------------------------------------------
# When n numbers are equally likely to have either sign, whatever their sizes, then the sum of the ranks (by size) of the
# positive ones is distributed as the sum of a random subset of 1 .. n (Wilcoxon 1945).

my @distributions = ( [1] );

# Result: a reference to the list whose element s is the chance that the sum is s. Element s of n comes from the cases
# that rank n is left out and that it is taken.
sub _distribution ($n) {
    for my $size ( scalar @distributions .. $n ) {
        my $smaller = $distributions[ $size - 1 ];
        my @chances = map { 0.5 * $_ } @{$smaller}, (0) x $size;
        $chances[ $_ + $size ] += 0.5 * $smaller->[$_] for 0 .. $#{$smaller};
        push @distributions, \@chances;
    }
    return $distributions[$n];
}

sub tail ( $n, $sum ) {
    my $chances = _distribution($n);
    my $total   = 0;
    $total += $chances->[$_] for 0 .. min( $sum, $#{$chances} );
    return $total;
}

# The largest sum that is so small that it, or a smaller one, comes up with at most this chance; -1 when even 0 is likelier.
sub critical ( $n, $chance ) {
    my $chances = _distribution($n);
    my ( $sum, $total ) = ( -1, 0 );
    for my $next ( 0 .. $#{$chances} ) {
        $total += $chances->[$next];
        last if $total > $chance;
        $sum = $next;
    }
    return $sum;
}

# The sum of the ranks of those numbers that are at least $centre, ranked by their distance from it. It is also the number of
# pairs (i <= j) whose mean is at least $centre (Tukey 1949); so that this holds with ties too, a number that is as far below
# as another is above has the lower rank.
sub rank_sum ( $numbers, $centre ) {
    my ( $rank, $sum ) = ( 0, 0 );
    for my $distance ( sort { abs $a <=> abs $b || $a <=> $b } map { $_ - $centre } @{$numbers} ) {
        $rank++;
        $sum += $rank if $distance >= 0;
    }
    return $sum;
}

# ---- The plan ----------------------------------------------------------------------------------------------------------

sub plan (%options) {
    my $alpha = $options{alpha}       // croak 'grader::speed::Sequential::plan: alpha is missing';
    my $most  = $options{rounds_most} // croak 'grader::speed::Sequential::plan: rounds_most is missing';
    my $first = 1;
    $first++ while $first <= $most && 0.5**$first > $alpha * $first / $most;
    die
      "speed_rounds_most is $most: with speed_alpha $alpha so few rounds can never tell anything; give more of either\n"
      if $first > $most;

    my $steps = max( 1, int( 0.5 + log( $most / $first ) / log $GROWTH ) );
    my %seen;
    my @looks =
      grep { !$seen{$_}++ } ( map { int( 0.5 + $first * ( $most / $first )**( $_ / $steps ) ) } 0 .. $steps - 1 ),
      $most;

    my $spent = 0;
    my @plan;
    for my $rounds (@looks) {
        my $critical = critical( $rounds, $alpha * $rounds / $most - $spent );
        $spent += tail( $rounds, $critical );
        push @plan, { rounds => $rounds, critical => $critical, spent => $spent };
    }
    return { alpha => $alpha, rounds_most => $most, looks => \@plan };
}

# The looks that are taken at so many rounds. The last one, planned or not, gets all that the earlier ones have left.
sub _looks ( $plan, $rounds, $is_last ) {
    my @looks = grep { $_->{rounds} <= $rounds } @{ $plan->{looks} };
    return @looks if !$is_last;
    pop @looks    if @looks && $looks[-1]{rounds} == $rounds;
    my $left = $plan->{alpha} - ( @looks ? $looks[-1]{spent} : 0 );
    return ( @looks, { rounds => $rounds, critical => critical( $rounds, $left ) } );
}

sub is_look ( $plan, $rounds ) {
    return 1 if $rounds == $FEW;
    return scalar grep { $_->{rounds} == $rounds } @{ $plan->{looks} };
}

# ---- The verdict -------------------------------------------------------------------------------------------------------

sub judge ( $plan, $threshold, $rounds, %options ) {
    my $decided = decide( $plan, $threshold, $rounds, %options );
    my ( $answer, $count, $critical ) = @{$decided}{qw(answer rounds critical)};
    return { answer => $answer, rounds => $count } if $answer eq 'go on';
    my @logs    = map { log $_->{wall} } @{$rounds}[ 0 .. $count - 1 ];
    my %verdict = ( answer => $answer, rounds => $count, $count ? _figures( $critical, @logs ) : () );
    return \%verdict if $answer ne 'cannot tell';
    return { %verdict, _why( $plan, log $threshold, $decided, @logs ) };
}

sub decide ( $plan, $threshold, $rounds, %options ) {
    my $count   = @{$rounds};
    my $is_last = $options{spent} || $count >= $plan->{rounds_most};
    my $centre  = log $threshold;
    my @wall    = map { log $_->{wall} } @{$rounds};

    return { answer => 'not faster', rounds => $FEW, critical => 0 } if _is_far_beyond( $threshold, $rounds );
    my %open       = ( answer => $is_last ? 'cannot tell' : 'go on', rounds => $count );
    my $vain_looks = 0;
    for my $look ( _looks( $plan, $count, $is_last ) ) {
        my ( $rounds_then, $critical ) = @{$look}{qw(rounds critical)};
        my @then   = @{$rounds}[ 0 .. $rounds_then - 1 ];
        my $answer = _answer( $critical, $centre, @wall[ 0 .. $#then ] );
        my $doubt  = $answer && $then[-1]{contended} ? _doubt( $answer, $centre, @then ) : undef;
        return { answer => $answer, rounds => $rounds_then, critical => $critical } if $answer && !defined $doubt;
        $vain_looks = _is_out_of_reach( $centre, @then ) ? $vain_looks + 1 : 0;
        @open{qw(critical wall_says doubt is_scarce)} = ( $critical, $answer, $doubt, $vain_looks > 0 );
        return { %open, answer => 'cannot tell', rounds => $rounds_then } if $vain_looks == $MOST_VAIN_LOOKS;
    }
    return \%open;
}

# Where the first few rounds are all so far beyond the threshold, no chance of theirs matters: 0.9 of the library's time does not
# become 2 by noise three times in a row, by both clocks.
sub _is_far_beyond ( $threshold, $rounds ) {
    return 0 if @{$rounds} < $FEW;
    my @few = @{$rounds}[ 0 .. $FEW - 1 ];
    return 0 if grep                     { $_->{wall} <= $FAR_BEYOND * $threshold } @few;
    return !$few[-1]{contended} || !grep { $_->{cpu} <= $FAR_BEYOND * $threshold * exp _far( $few[-1] ) } @few;
}

# Pairs with a mean below the threshold speak for 'faster', the others against it. One kind must be so rare that chance
# makes it so with hardly any probability.
sub _answer ( $critical, $centre, @logs ) {
    my $against = rank_sum( \@logs, $centre );
    my $for     = @logs * ( @logs + 1 ) / 2 - $against;
    return 'faster'     if $against <= $critical;
    return 'not faster' if $for <= $critical;
    return;
}

# Why what elapsed time says on a contended machine may not be what it would say on a quiet one, as judge() tells it; undef when
# it surely is. CPU time has to agree. And when
# one of the two programs used more CPUs at a time than the other, then others held up that one more: it might have taken as
# little as its CPU time spread over all CPUs, and the answer must not depend on that.
#
# And threads that run one after the other do not meet at a lock: where others leave only one CPU, a backend with one lock
# for all is several times faster, by either clock, than on a quiet machine. So the less others leave, the farther from the
# threshold an answer has to lie.
sub _doubt ( $answer, $centre, @rounds ) {
    return 'disagreement' if _side( $centre, map { log $_->{cpu} } @rounds ) ne $answer;
    my $far = _far( $rounds[-1] ) * ( $answer eq 'faster' ? -1 : 1 );
    return 'scarce' if _side( $centre + $far, map { log $_->{wall} } @rounds ) ne $answer;
    my $parallelism = _middle( sort { $a <=> $b } map { log $_->{cpu} / $_->{wall} } @rounds );
    return 'parallel'
      if $answer eq 'faster'
      && $parallelism < -log $ALIKE
      && _side( $centre, map { log $_->{wall} * $_->{stretch}[1] } @rounds ) ne $answer;
    return 'parallel'
      if $answer eq 'not faster'
      && $parallelism > log $ALIKE
      && _side( $centre, map { log $_->{wall} / $_->{stretch}[0] } @rounds ) ne $answer;
    return;
}

sub _far ($round) { return sqrt( $round->{missing} // 0 ) * log $MARGIN }

# Whether no answer could be confirmed as long as others leave no more CPUs than they do. More rounds of the same kind are the
# grader's time for nothing.
sub _is_out_of_reach ( $centre, @rounds ) {
    my $far  = @rounds ? _far( $rounds[-1] ) : 0;
    my @wall = map { log $_->{wall} } @rounds;
    return $far && _side( $centre - $far, @wall ) eq 'not faster' && _side( $centre + $far, @wall ) eq 'faster';
}

# On which side of the threshold the centre of these numbers lies.
sub _side ( $centre, @logs ) {
    return 2 * rank_sum( \@logs, $centre ) < @logs * ( @logs + 1 ) / 2 ? 'faster' : 'not faster';
}

# The thresholds between low and high are those that a look with this critical sum would not decide about.
sub _figures ( $critical, @logs ) {
    my @means = _means(@logs);
    my $cut   = min( max( 0, $critical ), floor( $#means / 2 ) );
    return ( ratio => exp _middle(@means), low => exp $means[$cut], high => exp $means[ $#means - $cut ] );
}

# The means of all pairs, each number with itself too, in order. Their middle is the estimate of Hodges and Lehmann (1963).
sub _means (@logs) {
    my @means;
    for my $i ( 0 .. $#logs ) {
        push @means, map { ( $_ + $logs[$i] ) / 2 } @logs[ 0 .. $i ];
    }
    @means = sort { $a <=> $b } @means;
    return @means;
}

sub _middle (@sorted) {
    my $middle = int( @sorted / 2 );
    return @sorted % 2 ? $sorted[$middle] : ( $sorted[ $middle - 1 ] + $sorted[$middle] ) / 2;
}

# ---- What would settle it ----------------------------------------------------------------------------------------------

sub _why ( $plan, $centre, $decided, @logs ) {
    my %held_back = ( wall_says => $decided->{wall_says} );
    return ( why => 'scarce',          %held_back ) if $decided->{is_scarce};
    return ( why => $decided->{doubt}, %held_back ) if defined $held_back{wall_says};
    my $needed = $plan->{looks}[0]{rounds};
    return ( why => 'too few rounds', rounds_wanted => $needed ) if @logs < $needed;
    my $wanted = rounds_wanted( $plan->{alpha}, $centre, @logs );
    return $wanted > $MOST_FORECAST
      ? ( why => 'too near' )
      : ( why => 'scatter', rounds_wanted => max( $wanted, @logs + 1 ) );
}

# A guess at how many rounds decide at this distance from the threshold and at this scatter, in nine of ten cases: the mean
# distance has to be so many of its standard errors. The chance of a normal deviation above z is below exp(-z*z/2).
sub rounds_wanted ( $alpha, $centre, @logs ) {
    my $estimate  = _middle( _means(@logs) );
    my $deviation = $MAD_TO_DEVIATION * _middle( sort { $a <=> $b } map { abs( $_ - $estimate ) } @logs );
    my $distance  = abs( $estimate - $centre );
    return 10 * $MOST_FORECAST if $distance == 0;
    my $rounds = ( ( 1 + sqrt( 2 * log( 1 / $alpha ) ) ) * $deviation / $distance )**2;
    return $rounds > 10 * $MOST_FORECAST ? 10 * $MOST_FORECAST : floor( $rounds + 1 );
}

1;

__END__

=head1 NAME

grader::speed::Sequential - faster, not faster, or cannot tell: the statistics of a speed verdict

=head1 SYNOPSIS

    use grader::speed::Sequential;

    my $plan = grader::speed::Sequential::plan( alpha => 0.001, rounds_most => 40 );
    my @rounds;
    my $verdict;
    do {
        push @rounds, one_more_round();    # { wall => 0.93, cpu => 0.95, stretch => [ 1.2, 1.2 ], contended => 0 }
        $verdict = grader::speed::Sequential::judge( $plan, 1.00, \@rounds, spent => out_of_time() );
    } while $verdict->{answer} eq 'go on';
    printf "%s: ratio %.3f (%.3f to %.3f)\n", @{$verdict}{qw(answer ratio low high)};

=head1 THE RULE

In every round both backends run once, one right after the other, I<in an order that a coin decides>. A round gives one
number: the logarithm of the ratio of their times, minus the logarithm of the threshold.

When the true ratio is the threshold, an exchange of the two runs changes only the sign of this number. So, given everything
that the machine did (its drift, its bursts, a second run that is always slower than a first one), the signs are as the coin
fell: independent, and each equally likely. The exact signed-rank test needs nothing more. Its error therefore does not depend
on the scatter of the times, nor on the dependence of one round on the one before it.

There are several looks at the rounds. They spend alpha along a straight line: after n of N rounds at most alpha * n / N is
spent. A look may use the part of the line that is not yet spent, and it spends the exact chance of its critical sum. The
chance that any look errs is at most the sum of the spent chances (the union bound), so at most alpha, even if the looks
depend on each other. The first look is at the smallest n at which 2**-n fits under the line. The straight line is steep early,
for a purpose: with alpha 0.001 a line like that of O'Brien and Fleming would allow no exact verdict before half of the rounds,
and most submissions are far from any threshold.

When time runs out between two looks, one last look may spend all the rest. The clock does not depend on the coin, so this is
exact too.

One verdict is not bound to alpha: when each of the first three rounds finds the graded backend slower than twice the
threshold (on a contended machine by CPU time too), it is I<not faster>. Simulations with recorded machines show no wrong one.

Alpha holds for each side: a backend that is just not faster is called faster with a chance of at most alpha, and a backend
that is just faster is called not faster with a chance of at most alpha.

When the machine was contended up to a look, CPU time must agree there: the centre of its ratios must lie on the same side of
the threshold. That is not enough when one program runs on more CPUs at a time than the other: another process takes CPU time
from the parallel program, while the other program waits for its lock and hardly notices. On a quiet machine, the parallel
program takes at least its CPU time divided by all CPUs. If this least time would change the answer, the answer is not
given. While an answer is not confirmed in this way, the rounds continue. This only removes verdicts, so it costs no alpha.

Both are not enough when others take CPUs away: threads that run one after the other do not meet at a lock, so a backend with
one lock for all is then several times faster than on a quiet machine, by either clock. C<missing> is the share of the CPUs
beyond the first that others took. An answer must lie a factor of 4**sqrt(missing) past the threshold: four times when only
one CPU is left, two times when a quarter of the second one is gone. When two looks in a row find the centre nearer than that,
the rounds end.

=head1 FUNCTIONS

=head2 plan(alpha => CHANCE, rounds_most => N)

The looks: C<< { alpha, rounds_most, looks => [ { rounds, critical, spent }, ... ] } >>. C<critical> is the largest sum of
ranks that decides, C<spent> the part of alpha spent up to this look. Dies with one line when N is too small for alpha.

=head2 is_look($plan, $rounds)

Whether a look is planned after so many rounds.

=head2 judge($plan, $threshold, \@rounds, spent => BOOLEAN)

Each round is C<< { wall => RATIO, cpu => RATIO, stretch => [A, B], contended => BOOLEAN, missing => SHARE } >>. C<wall> and
C<cpu> are the time of the one backend divided by the other's. C<stretch> is, for each of them, the elapsed time divided by its
CPU time spread over all CPUs. The last two are for the time from the first round to this one: whether the machine was
contended, and the missing share of the CPUs beyond one (0). C<spent> means that no more rounds can come; after rounds_most
rounds it is not needed. The verdict is a hash:

    answer         'faster', 'not faster', 'go on' or 'cannot tell'
    rounds         the number of rounds up to the look that decided
    ratio          the estimate of Hodges and Lehmann; ratio, low and high are missing with 'go on' and with no round
    low, high      the look cannot decide a threshold between these two. All intervals of a series together hold the
                   true ratio with a chance of at least 1 - 2 * alpha. Before the first look: the extremes
    why            of 'cannot tell': 'scarce' (too near for the CPUs that others left), 'disagreement' (CPU time says
                   otherwise), 'parallel' (the one that is held up more by others might be the faster one without them), all
                   with wall_says => the answer of elapsed time alone, if there is one; 'too few rounds', 'scatter'
                   or 'too near' (to the threshold for any sensible number of rounds)
    rounds_wanted  of 'too few rounds' and 'scatter': the number of rounds that might decide

A decision stays: later rounds, made for another threshold, do not change it.

=head2 decide($plan, $threshold, \@rounds, spent => BOOLEAN)

The quick part of judge: C<answer> and C<rounds> alone, for simulations.

=head2 rounds_wanted($alpha, $log_threshold, @log_ratios)

An estimate of the number of rounds that would decide; 10,000 at most.

=head2 tail($n, $sum), critical($n, $chance), rank_sum(\@numbers, $centre)

C<tail>: the chance that, among n numbers with random signs, the ranks of the positive ones sum up to at most $sum.
C<critical>: the largest sum with at most that chance, or -1. C<rank_sum>: the sum of the ranks of the numbers that are not
below the centre.

=cut
