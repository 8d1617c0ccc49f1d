package lecture::Maps;

# The heap maps: a short story of requests in which each idea shows, and a recorded run, replayed on every backend.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use JSON::PP       ();
use lecture::HeapFile;
use measure::Launch;
use measure::Table qw(progress);

my $RECORDED = dirname(__FILE__) . '/ivec.txt';                 # bin/xtrace -o ivec.trace bin/ivec-sys -t 2 40, as text
my %LIMITS   = ( asleep_s => 3, cpu_s => 20, wall_s => 120 );

# Chapters: what one should look at, and the requests. A request is [thread, bytes], or [thread, -N] for the free of block N,
# or [thread, N, bytes] for its resize: blocks are numbered as they are taken.
sub chapters () {
    return (
        [ 'Sixteen blocks of one size: are they neighbours?', map { [ 0, 112 ] } 1 .. 16 ],
        [ 'Every other one is freed, which leaves holes.',    map { [ 0, -2 * $_ ] } 0 .. 7 ],
        [ 'Larger blocks come: no hole is large enough.',     map { [ 0, 240 ] } 1 .. 4 ],
        [ 'The other eight are freed: do holes join?',        map { [ 0, -( 2 * $_ + 1 ) ] } 0 .. 7 ],
        [ 'Even larger blocks: who can use that space?',      map { [ 0, 480 ] } 1 .. 3 ],
        [ 'Another thread takes blocks: apart?',              map { [ 1, 112 ] } 1 .. 8 ],
        [ 'The first thread frees four of them.',             map { [ 0, -$_ ] } 23 .. 26 ],
        [ 'Both take such blocks: who gets the four places?', map { ( [ 1, 112 ], [ 0, 112 ] ) } 1 .. 2 ],
        [ 'A block grows twice: where it is, or elsewhere?',  [ 0, 19, 600 ],              [ 0, 19, 1200 ] ],
        [ 'Two large blocks: from where?',                    [ 0, 3000 ],                 [ 1, 3000 ] ],
        [ 'All is freed: what goes back?',                    map { [ 0, -$_ ] } 16 .. 22, 27 .. 36 ],
    );
}

# The story as a text trace, and what is said of its steps: [[first step, words]].
sub story () {
    my @lines = ( 'xtrace text 1', 'program a story of requests' );
    my ( @captions, $blocks, $steps );
    $blocks = $steps = 0;
    for my $chapter ( chapters() ) {
        my ( $words, @requests ) = @{$chapter};
        push @captions, [ $steps, $words ];
        for my $request (@requests) {
            my ( $thread, $number, $bytes ) = @{$request};
            my $is_free = $number < 0 || "$number" =~ /\A-?0\z/;
            push @lines,
                defined $bytes ? "realloc $thread $number $bytes"
              : $is_free       ? sprintf( 'free %d %d', $thread, -$number )
              :                  sprintf 'malloc %d %d %d', $thread, $blocks++, $number;
            $steps++;
        }
    }
    return ( join( "\n", @lines ) . "\n", \@captions );
}

# All maps, of which none may have a problem: writes them as files.
sub measure (%options) {
    for my $map ( replay(%options) ) {
        die "the replay of $map->{trace} on $map->{backend} did not end well: $map->{problem}\n" if $map->{problem};
        my $path = "$options{folder}/$map->{trace}-$map->{backend}.json";
        open my $file, '>', $path or die "cannot write $path: $!\n";
        print {$file} JSON::PP->new->utf8->canonical->encode($map);
        close $file or die "cannot write $path: $!\n";
    }
    return;
}

sub replay (%options) {
    my ( $text, $captions ) = story();
    my $told = "$options{folder}/story.txt";
    open my $file, '>', $told or die "cannot write $told: $!\n";
    print {$file} $text;
    close $file or die "cannot write $told: $!\n";
    my @maps;
    for my $trace ( $told, $RECORDED ) {
        my ($name) = $trace =~ m{([^/]+)[.]txt\z};
        for my $backend ( @{ $options{backends} } ) {
            progress("heap map of $name on $backend");
            my $path = "$options{folder}/raw.json";
            unlink $path;
            my $result = measure::Launch::run(
                command  => [ "$options{bin}/replay-$backend", '--threads', '--map', $path, $trace ],
                launcher => $options{launcher},
                %LIMITS,
            );
            my $map = lecture::HeapFile::read_file( $path, $result );
            push @maps,
              { %{$map}, trace => $name, backend => $backend, ( captions => $captions ) x ( $trace eq $told ) };
            unlink $path;
        }
    }
    progress('');
    return @maps;
}

1;

__END__

=head1 NAME

lecture::Maps - where each backend puts the blocks of a trace

=head1 FUNCTIONS

=head2 replay(folder => DIR, backends => [NAMES], bin => DIR, launcher => FILE)

Replays the story and a recorded run of ivec on each backend, and returns the maps as lecture::HeapFile reads them; those of
the story have C<captions> as well. A backend that goes wrong costs its own later steps only: its map has a C<problem>.

=head2 measure(folder => DIR, backends => [NAMES], bin => DIR, launcher => FILE)

The same, as files DIR/TRACE-NAME.json. Dies with one line when a map has a problem.

=head2 story()

The story as a text trace and its captions: C<[ [ first step, words ] ]>.

=cut
