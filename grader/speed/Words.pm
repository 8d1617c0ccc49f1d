package grader::speed::Words;

# Sentences about the measurements of a comparison, and about the reason when it could not tell.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use POSIX qw(floor);
use measure::Rounds;

sub summary ( $comparison, $threshold, $judged ) {
    my $series = $comparison->{series};
    my $count  = $judged->{rounds};
    return "$comparison->{program} $series->{top}: no round was finished" if !$count;
    my @times;
    for my $backend ( @{$comparison}{qw(over under)} ) {
        my @wall_s = map { $_->{wall_s} } @{ $series->{results}{$backend} }[ 0 .. $count - 1 ];
        push @times, sprintf '%s %.3f s +- %.3f', $backend, measure::Rounds::median(@wall_s),
          measure::Rounds::spread(@wall_s);
    }
    return sprintf '%s %d, %d round%s, medians of elapsed time: %s; %s', $comparison->{program}, $series->{top}, $count,
      $count == 1 ? q{} : 's', join( ', ', @times ), _ratio_words( $comparison, $threshold, $judged );
}

sub _ratio_words ( $comparison, $threshold, $judged ) {
    return sprintf '%s/%s %.3g (surely %.3g to %.3g), wanted %s %.3g', @{$comparison}{qw(over under)},
      @{$judged}{qw(ratio low high)}, $comparison->{is_base} ? 'at least' : 'below', $threshold;
}

sub contention_notes ( $series, $judged ) {
    my @reasons = @{ $series->{contended} };
    return if !@reasons;
    my $note = 'the machine was contended: ' . join '; ', @reasons;
    return $note if !$judged->{rounds};
    my $cpu = measure::Rounds::median( map { $_->{cpu} } @{ $series->{rounds} }[ 0 .. $judged->{rounds} - 1 ] );
    return sprintf '%s; the ratio of CPU times is %.3g', $note, $cpu;
}

sub why ( $comparison, $threshold, $judged ) {
    my ( $settings, $series ) = ( $comparison->{job}->settings, $comparison->{series} );
    my $why    = $judged->{why};
    my $rounds = $judged->{rounds};
    return sprintf '%d of the %d rounds that are needed at least fitted into %g s; allow more seconds', $rounds,
      $judged->{rounds_wanted}, 2 * $settings->{speed_seconds_most}
      if $why eq 'too few rounds';

    my $ratio = _ratio_words( $comparison, $threshold, $judged );
    return "$ratio, but others took CPUs away, and threads that run one after the other do not meet at a lock; "
      . 'grade again on a quieter machine'
      if $why eq 'scarce';
    return "$ratio, but the machine was contended and CPU time does not agree; grade again on a quieter machine"
      if $why eq 'disagreement';
    if ( $why eq 'parallel' ) {
        my ( $more, $less ) = @{$comparison}{qw(over under)};
        ( $more, $less ) = ( $less, $more ) if $judged->{wall_says} eq 'faster';
        return
"$ratio, but the machine was contended, and $more, which uses more CPUs at a time than $less, was held up more: "
          . 'without others the answer might be another; grade again on a quieter machine';
    }
    my $quieter = @{ $series->{contended} } ? 'on a machine that does nothing else' : 'on a quieter machine';
    return "$ratio, too near to that for any sensible number of rounds to tell" if $why eq 'too near';
    return
        "$ratio after $rounds rounds; at this scatter about "
      . _two_digits( $judged->{rounds_wanted} )
      . " might tell, $quieter fewer";
}

sub _two_digits ($number) {
    my $unit = 1;
    $unit *= 10 while $number / $unit >= 100;
    return $unit * floor( $number / $unit + 0.5 );
}

sub hint ($comparison) {
    my ( $top, $program ) = ( $comparison->{series}{top}, $comparison->{program} );
    return
      "to see it: make && time bin/$program-$comparison->{over} $top && time bin/$program-$comparison->{under} $top";
}

1;
