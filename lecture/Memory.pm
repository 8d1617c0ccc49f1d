package lecture::Memory;

# Memory over time: runs the probe lecture/memory.c with each backend.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use measure::Launch;
use measure::Table qw(progress);

my $PEAK_MIB     = 32;    # large enough that no allocator takes it for small change, small enough for hw08's long walks
my $RUN_WALL_S   = 45;
my $AGAIN        = 2;     # more runs: what is kept at rest is told with its range
my $AGAIN_WALL_S = 5;     # of those who need no longer than this

sub measure (%options) {
    my ( %runs, %rests, %problems );
    my @backends = @{ $options{backends} };
    for my $i ( 0 .. $#backends ) {
        my $backend = $backends[$i];
        progress( sprintf 'memory over time, %d of %d: %s', $i + 1, scalar @backends, $backend );
        my $result = _run( $backend, \%options );
        if ( !$result || !measure::Launch::ok($result) ) {
            $problems{$backend} = $result ? measure::Launch::sentence($result) : 'could not be run';
            next;
        }
        $runs{$backend} = _samples($result);
        my @again = $result->{wall_s} > $AGAIN_WALL_S ? () : map { _run( $backend, \%options ) } 1 .. $AGAIN;
        my @all   = ( $runs{$backend}, map { _samples($_) } grep { $_ && measure::Launch::ok($_) } @again );
        $rests{$backend} = [ map { _kept_at_rest($_) } @all ];
    }
    progress('');
    return { peak_mib => $PEAK_MIB, runs => \%runs, rests => \%rests, problems => \%problems };
}

sub _run ( $backend, $options ) {
    return eval {
        measure::Launch::run(
            command  => [ "$options->{folder}/memory-$backend", $PEAK_MIB ],
            launcher => $options->{launcher},
            wall_s   => $RUN_WALL_S,
        );
    };
}

sub _samples ($result) {
    return [ map { _sample($_) } split /\n/, $result->{stdout} ];
}

sub _kept_at_rest ($samples) {
    my @rest = grep { $_->{phase} eq 'rest' } @{$samples} or return ();
    return $rest[-1]{resident_kib};
}

sub _sample ($line) {
    my ( $phase, $asked_kib, $resident_kib ) = split /\t/, $line;
    return { phase => $phase, asked_kib => 0 + $asked_kib, resident_kib => 0 + $resident_kib };
}

1;

__END__

=head1 NAME

lecture::Memory - the memory of the process while the program's own need rises and falls

=head1 FUNCTIONS

=head2 measure(backends => [NAMES], folder => DIR, launcher => FILE)

Runs DIR/memory-NAME three times for each backend, once if it is slow; the order of its calls is always the same. Returns C<< {
peak_mib, runs => { NAME => [ { phase, asked_kib, resident_kib } ] }, rests => { NAME => [ KiB ] }, problems => { NAME =>
sentence } } >>: the first run, and what each run holds at the end of its phase C<rest>. A backend that fails or takes too long
is among the problems.

=cut
