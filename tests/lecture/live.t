#!/usr/bin/env perl

# make live: the steps of a running program come one after the other, as many as are asked for, over loopback alone.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp       ();
use FindBin          qw($Bin);
use IO::Socket::INET ();
use JSON::PP         ();
use Test::More;

use lib "$Bin/../..";
use lecture::Maps;
use lecture::live::Stream;
use tests::lib::Built;
use tests::lib::Files qw(write_file);

my $tree   = tests::lib::Built::tree();
my $folder = File::Temp->newdir( TMPDIR => 1 );
tests::lib::Built::insist( "BIN=$folder/bin", "LIB=$folder/lib", 'BACKENDS=sys', "$folder/bin/replay-sys" );
my ($story) = lecture::Maps::story();
my $trace   = write_file( "$folder/story.txt", $story );
my $all     = () = $story =~ /^(?:malloc|free|realloc) /mg;

# ---- The stream --------------------------------------------------------------------------------------------------------------

my $stream = lecture::live::Stream->new( "$folder/bin/replay-sys", '--threads', '--map', '/dev/stdout', $trace );
is( $stream->head->{events}, $all, 'a running program says what it will do' );
my ( $steps, $mapped, $largest, $ended ) = ( 0, 0, 0 );
while ( !$ended ) {
    my $taken = $stream->take(7);
    my $count = @{ $taken->{steps} };
    $steps += $count;
    $mapped++ if $taken->{mappings};
    $largest = $count if $count > $largest;
    $ended   = $taken->{ended};
}
is( $steps, $all, '... and all its steps come' );
cmp_ok( $largest, '<=', 7, '... no more at a time than were asked for' );
cmp_ok( $mapped,  '>',  0, '... with its mappings' );
ok( !grep( { !ref } @{ $stream->take(1)->{steps} } ), '... and nothing comes after the last' );
is( $stream->died, undef, '... which was its end' );
is( lecture::live::Stream->new( 'sh', '-c', 'exit 1' )->head->{events},
    0, 'a program that does not begin has no steps' );

# ---- The server --------------------------------------------------------------------------------------------------------------

my $pid = open my $said, '-|', "$tree/lecture/live/serve", '--backend', 'sys', '--bin', "$folder/bin", '--trace',
  $trace, '--speed', 20_000
  or die "cannot start lecture/live/serve: $!\n";
my $line = <$said> // '';
like(
    $line,
    qr{\AThe heap of sys, as it runs: http://127\.0\.0\.1:\d+/ ; Ctrl-C ends it\.\n\z},
    'one line says where to look'
);
my ($port) = $line =~ /:(\d+)\//;

sub content ($path) {
    open my $file, '<', $path or return '';
    local $/ = undef;
    return <$file> // '';
}
my @listening = content('/proc/net/tcp') =~ /^\s*\d+: ([0-9A-F]+):\Q@{[ sprintf '%04X', $port ]}\E 00000000:0000 0A/mg;
is( "@listening", '0100007F', '... on loopback alone' );

sub request ( $first, $host = "127.0.0.1:$port" ) {
    my $socket = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => $port ) or die "no connection: $@\n";
    syswrite $socket, "$first HTTP/1.1\r\nHost: $host\r\n\r\n";
    return $socket;
}
sub whole ($socket) { local $/ = undef; return <$socket> // '' }

like( whole( request('GET /') ),        qr/\AHTTP\/1\.1 200 .*<canvas class="blocks">/s, 'the page' );
like( whole( request('GET /nothing') ), qr/\AHTTP\/1\.1 404 /,                           'no other page' );
like( whole( request( 'GET /', 'somewhere.example' ) ), qr/\AHTTP\/1\.1 403 /,
    'nothing for who asks for another host' );
like( whole( request('POST /speed/5') ),    qr/\AHTTP\/1\.1 200 .*\n5\n\z/s, 'slow motion' );
like( whole( request('POST /speed/fast') ), qr/\AHTTP\/1\.1 404 /,           '... in numbers only' );
whole( request('POST /speed/20000') );

my $events = request('GET /steps');
my ( $shown, $is_done ) = ( 0, 0 );
while ( !$is_done && defined( my $text = <$events> ) ) {
    my ($json) = $text =~ /\Adata: (.*)/ or next;
    my $frame = JSON::PP->new->decode($json);
    $shown += @{ $frame->{steps} };
    $is_done = $frame->{ended};
}
is( $shown, $all, 'who looks sees all steps, to the end' );
my $late = request('GET /steps');
my ($first) = grep { /\Adata: / } map { scalar <$late> } 1 .. 5;
is( scalar @{ JSON::PP->new->decode( $first =~ s/\Adata: //r )->{steps} }, $all, 'who comes late sees what has been' );
kill TERM => $pid;
close $said;

my $none = `$tree/lecture/live/serve --backend sys --bin $folder/bin --trace $folder/none 2>&1`;
like(
    $none,
    qr/\Alive: there is no trace at \S+none: bin\/xtrace -o \S+none PROGRAM records one\n\z/,
    'no trace: what to do'
);

# ---- Any program, any end ----------------------------------------------------------------------------------------------------

tests::lib::Built::insist( "BIN=$folder/bin", "LIB=$folder/lib", 'xtrace' );

# What the server says at first when it records this program, in sh; what its page then says at the end.
sub serving ( $words, $backend = 'sys', @options ) {
    my @command = (
        "$tree/lecture/live/serve", '--backend', $backend, '--bin', "$folder/bin", '--trace', "$folder/own.trace",
        '--speed', 20_000, @options, 'perl', '-e', $words
    );
    my $server = open my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command
      or die "cannot start the server: $!\n";
    my $text = '';
    while ( defined( my $said = <$out> ) ) { $text .= $said; last if $said =~ m{http://} }
    my ($at) = $text =~ /127\.0\.0\.1:(\d+)/;
    my ( $page, $last ) = ( '', {} );
    if ($at) {
        $port = $at;
        $page = whole( request('GET /') );
        my $steps = request('GET /steps');
        while ( !$last->{ended} && !$last->{stuck} && defined( my $frame = <$steps> ) ) {
            $last = JSON::PP->new->decode($1) if $frame =~ /\Adata: (.*)/;
        }
        kill TERM => $server;
    }
    close $out;
    return { said => $text, page => $page, last => $last };
}
my $well = serving('my @kept = map { "x" x $_ } 1 .. 50');
like( $well->{said}, qr/\AThe heap of sys/, 'a program that ends well' );
ok( $well->{last}{ended} && !$well->{last}{died}, '... to its end' );
for my $case (
    [ 'exit 3',                          'The program ended with status 3' ],
    [ 'kill SEGV => $$; sleep 9',        'The program was ended by SIGSEGV' ],
    [ 'sleep 60',                        'The program had not ended after 0.5 s, and was stopped' ],
    [ '$SIG{TERM} = "IGNORE"; sleep 60', 'The program had not ended after 0.5 s, and was stopped' ],
  )
{
    my ( $words, $ending ) = @{$case};
    my $shown = serving( $words, 'sys', '--seconds', 0.5 );
    like(
        $shown->{said},
        qr/\Alive: \Q$ending\E; what it asked for until then is shown\.\nThe heap of sys/,
        "$words: it is said"
    );
    like( $shown->{page}, qr/"ending":"\Q$ending\E"/, '... and on the page' );
}
like(
    serving( 'my @kept = map { "x" x $_ } 1 .. 50', 'sys', '--events', 20 )->{said},
    qr/\Alive: These were its first 20 requests; /,
    'more requests than are shown'
);
like(
    `$tree/lecture/live/serve --backend sys --bin $folder/bin --trace $folder/own.trace $folder/nothing 2>&1`,
    qr/\Axtrace: \S+nothing cannot be run: No such file/,
    'no such program'
);
my $empty = write_file( "$folder/empty.txt", "xtrace text 1\nprogram quiet\n" );
like(
    `$tree/lecture/live/serve --backend sys --bin $folder/bin --trace $empty 2>&1`,
    qr/\Alive: \S+empty\.txt asked for no memory, so there is no heap to show; [^\n]*\n\z/,
    'a program that asks for no memory'
);

# An allocator that crashes, one that hangs, and one that does not begin.
sub replay ( $name, $then ) {
    my $path =
      write_file( "$folder/bin/replay-$name", "#!/bin/sh\n$folder/bin/replay-sys \"\$@\" | head -n 20\n$then\n" );
    chmod 0755, $path or die "cannot make $path executable: $!\n";
    return serving( 'my @kept = map { "x" x $_ } 1 .. 50', $name );
}
is(
    replay( 'crashing', 'kill -SEGV $$' )->{last}{died},
    'the allocator was ended by SIGSEGV',
    'an allocator that crashes: the page says how'
);
ok( replay( 'hanging', 'exec sleep 60' )->{last}{stuck}, '... or that nothing more comes' );
write_file( "$folder/bin/replay-failing", "#!/bin/sh\nexit 7\n" );
chmod 0755, "$folder/bin/replay-failing" or die "cannot make it executable: $!\n";
like(
    serving( '1', 'failing' )->{said},
    qr/\Alive: \S+replay-failing did not begin: the allocator ended with status 7\n\z/,
    '... or that it did not begin'
);

done_testing();
