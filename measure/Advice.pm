package measure::Advice;

# What to look at next, in one sentence, from what a try of a backend has shown.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# A function of the backend is worth a look from this share on; and a call of this length walks, for that is the time of a
# hundred instructions or of two misses of the caches.
my $LARGE_PERCENT = 25;
my $LONG_CALL_NS  = 200;

sub first_failure ($output) {
    my ( $case, $test, $words ) = $output =~ /^\S+:\d+:[FE]:([^:\n]+):(\w+?):\d+: ([^\n]+)/m or return;
    return "next: the check '" . ( $test =~ tr/_/ /r ) . "' ($case): $words";
}

sub hottest_function (%seen) {
    my %is_own = map { $_ => 1 } @{ $seen{own} };
    my ($function) = grep { $is_own{ $_->{name} } } @{ $seen{profile}{functions} } or return;
    return if $function->{percent} < $LARGE_PERCENT;
    my $sentence = sprintf 'next: %s takes %.0f %% of %s', @{$function}{qw(name percent)}, $seen{program};
    return $sentence if !$function->{calls};
    my $call_ns = 1e9 * $function->{seconds} / $function->{calls};
    return sprintf '%s, %.0f ns a call: %s', $sentence, $call_ns,
      $call_ns >= $LONG_CALL_NS
      ? 'does it walk a list? Find the block without a walk, or make the list shorter'
      : 'each call is short, so what is left is to make fewer of them';
}

# ratios: { program, ratio => [ median, low, high ] of the wall times to those of sys } for each program.
sub race (@ratios) {
    my @lost = sort { $b->{ratio}[0] <=> $a->{ratio}[0] } grep { $_->{ratio}[1] > 1 } @ratios;
    my @unclear =
      sort { $b->{ratio}[0] <=> $a->{ratio}[0] } grep { $_->{ratio}[1] <= 1 && $_->{ratio}[2] >= 1 } @ratios;
    return sprintf 'next: %s takes %.2f times as long as with sys (%.2f to %.2f)', $lost[0]{program},
      @{ $lost[0]{ratio} }
      if @lost;
    return sprintf
'next: cannot tell whether %s is faster than with sys: %.2f times as long (%.2f to %.2f). More rounds tell: ROUNDS=15',
      $unclear[0]{program}, @{ $unclear[0]{ratio} }
      if @unclear;
    return 'next: it is faster than sys on every program; the grade: perl test.pl';
}

sub next_step (%seen) {
    return hottest_function(%seen) // race( @{ $seen{ratios} } );
}

1;

__END__

=head1 NAME

measure::Advice - the next thing to look at

=head1 FUNCTIONS

=head2 first_failure($output)

Of what a Check suite printed: the first check that failed, and its words. Undef when none did.

=head2 next_step(program => NAME, profile => \%profile, own => [FUNCTIONS], ratios => [ { program, ratio }, ... ])

The hottest function of the backend's C<own> in the program's profile (measure::Profile) and what its calls suggest, when it
takes a quarter of the time or more; else the lost race, or the one that cannot be told.

=head2 hottest_function(%same), race(@ratios)

The two parts. The first is undef when no function stands out.

=cut
