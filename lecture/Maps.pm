package lecture::Maps;

# The heap maps: a short story of requests in which each idea shows, and a recorded run, replayed on every backend.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use JSON::PP       ();
use measure::Launch;
use measure::Table qw(progress);

my $RECORDED   = dirname(__FILE__) . '/list.txt';    # bin/xtrace -o list.trace bin/list-sys -t 2 12, as text
my $RUN_WALL_S = 30;

# Chapters: what one should look at, and the requests. A request is [thread, bytes], or [thread, -N] for the free of block N:
# blocks are numbered as they are taken.
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
            my ( $thread, $number ) = @{$request};
            my $is_free = $number < 0 || "$number" =~ /\A-?0\z/;
            push @lines, $is_free ? sprintf( 'free %d %d', $thread, -$number ) : sprintf 'malloc %d %d %d', $thread,
              $blocks++, $number;
            $steps++;
        }
    }
    return ( join( "\n", @lines ) . "\n", \@captions );
}

sub measure (%options) {
    my ( $text, $captions ) = story();
    my $told = "$options{folder}/story.txt";
    open my $file, '>', $told or die "cannot write $told: $!\n";
    print {$file} $text;
    close $file or die "cannot write $told: $!\n";
    for my $trace ( $told, $RECORDED ) {
        my ($name) = $trace =~ m{([^/]+)\.txt\z};
        for my $backend ( @{ $options{backends} } ) {
            progress("heap map of $name on $backend");
            my $map    = "$options{folder}/$name-$backend.json";
            my $result = measure::Launch::run(
                command  => [ "$options{bin}/replay-$backend", '--threads', '--map', $map, $trace ],
                launcher => $options{launcher},
                wall_s   => $RUN_WALL_S,
            );
            if ( !measure::Launch::ok($result) ) {
                unlink $map;
                progress('');
                die "the replay of $trace on $backend ", measure::Launch::sentence($result), "\n";
            }
            _add_captions( $map, $captions ) if $trace eq $told;
        }
    }
    progress('');
    return;
}

sub _add_captions ( $path, $captions ) {
    open my $in, '<', $path or die "cannot read $path: $!\n";
    my $map = JSON::PP->new->utf8->decode( join '', <$in> );
    $map->{captions} = $captions;
    open my $out, '>', $path or die "cannot write $path: $!\n";
    print {$out} JSON::PP->new->utf8->canonical->encode($map);
    close $out or die "cannot write $path: $!\n";
    return;
}

1;

__END__

=head1 NAME

lecture::Maps - where each backend puts the blocks of a trace

=head1 FUNCTIONS

=head2 measure(folder => DIR, backends => [NAMES], bin => DIR, launcher => FILE)

Replays the story and a recorded run of list on each backend and writes DIR/TRACE-NAME.json, as trace/README.md describes
heap maps; those of the story have C<captions> as well.

=head2 story()

The story as a text trace and its captions: C<[ [ first step, words ] ]>.

=cut
