package lecture::Memory;

# Memory over time: runs the probe lecture/memory.c with each backend.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use measure::Launch;
use measure::Table qw(progress);

my $PEAK_MIB   = 32;    # large enough that no allocator takes it for small change, small enough for hw08's long walks
my $RUN_WALL_S = 45;

sub measure (%options) {
    my ( %runs, %problems );
    my @backends = @{ $options{backends} };
    for my $i ( 0 .. $#backends ) {
        my $backend = $backends[$i];
        progress( sprintf 'memory over time, run %d of %d: %s', $i + 1, scalar @backends, $backend );
        my $result = eval {
            measure::Launch::run(
                command  => [ "$options{folder}/memory-$backend", $PEAK_MIB ],
                launcher => $options{launcher},
                wall_s   => $RUN_WALL_S,
            );
        };
        if ( !$result || !measure::Launch::ok($result) ) {
            $problems{$backend} = $result ? measure::Launch::sentence($result) : 'could not be run';
            next;
        }
        $runs{$backend} = [ map { _sample($_) } split /\n/, $result->{stdout} ];
    }
    progress('');
    return { peak_mib => $PEAK_MIB, runs => \%runs, problems => \%problems };
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

Runs DIR/memory-NAME once for each backend; the order of its calls is always the same. Returns C<< { peak_mib, runs => {
NAME => [ { phase, asked_kib, resident_kib } ] }, problems => { NAME => sentence } } >>. A backend that fails or takes too
long is among the problems.

=cut
