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
tests::lib::Built::insist( "BIN=$folder", 'BACKENDS=sys', "$folder/replay-sys" );
my ($story) = lecture::Maps::story();
my $trace   = write_file( "$folder/story.txt", $story );
my $all     = () = $story =~ /^(?:malloc|free|realloc) /mg;

# ---- The stream --------------------------------------------------------------------------------------------------------------

my $stream = lecture::live::Stream->new( "$folder/replay-sys", '--threads', '--map', '/dev/stdout', $trace );
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
is( lecture::live::Stream->new( 'sh', '-c', 'exit 1' )->head->{events},
    0, 'a program that does not begin has no steps' );

# ---- The server --------------------------------------------------------------------------------------------------------------

my $pid = open my $said, '-|', "$tree/lecture/live/serve", '--backend', 'sys', '--bin', "$folder", '--trace', $trace,
  '--speed', 20_000
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

my $none = `$tree/lecture/live/serve --backend sys --bin $folder --trace $folder/none 2>&1`;
like(
    $none,
    qr/\Alive: there is no trace at \S+none: bin\/xtrace -o \S+none PROGRAM records one\n\z/,
    'no trace: what to do'
);

done_testing();
