#!/usr/bin/env perl

# make live: a program runs while somebody looks, as many steps as are asked for, over loopback alone; its end and that of the
# allocator are told, and nothing is left of either.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp       ();
use FindBin          qw($Bin);
use IO::Socket::INET ();
use JSON::PP         ();
use POSIX            ();
use Test::More;
use Time::HiRes qw(sleep time);

use lib "$Bin/../..";
use tests::lib::Built;
use tests::lib::Files   qw(read_file write_file);
use tests::lib::Waiting qw(wait_until);

my $tree   = tests::lib::Built::tree();
my $folder = File::Temp->newdir( TMPDIR => 1 );
my $known  = "$folder/known";
tests::lib::Built::insist( "BIN=$folder/bin", "LIB=$folder/lib", 'BACKENDS=sys', 'xtrace', "$folder/bin/replay-sys" );
my @GCC = ( qw(gcc -std=c11 -D_GNU_SOURCE -O0 -fno-builtin -pthread), "-I$tree" );
system( @GCC, '-o', $known, "$tree/tests/tools/known.c" ) == 0 or BAIL_OUT('the program to show cannot be built');

# A test that dies leaves nothing either.
my ( $test, @servers ) = $$;

END {
    if ( $$ == $test ) { local $?; kill KILL => @servers }
}

# ---- A server, and who looks -------------------------------------------------------------------------------------------------

# Starts a server in a process group of its own. Result: { pid, said (a file), port }, without a port when it ends at once.
sub serving ( $options, @program ) {
    state $number = 0;
    my $said = "$folder/said-" . ++$number;
    my $pid  = fork // die "cannot start another process: $!\n";
    if ( $pid == 0 ) {
        setpgrp;
        local $ENV{TMPDIR} = "$folder/tmp";
        mkdir $ENV{TMPDIR};
        open STDIN,  '<',  '/dev/null' or die "cannot read nothing: $!\n";
        open STDOUT, '>',  $said       or die "cannot write $said: $!\n";
        open STDERR, '>&', \*STDOUT    or die "cannot write $said: $!\n";
        exec "$tree/lecture/live/serve", '--backend', 'sys', '--bin', "$folder/bin", @{$options}, @program
          or POSIX::_exit(127);
    }
    push @servers, $pid;
    my %server = ( pid => $pid, said => $said );
    wait_until(
        sub {
            ( $server{port} ) = read_file($said) =~ m{http://127\.0\.0\.1:(\d+)/ } if -e $said;
            $server{port} || has_ended( \%server );
        }
    ) or BAIL_OUT('the server does not begin');
    return \%server;
}

sub has_ended ($server) {
    return 1 if defined $server->{status};
    return 0 if waitpid( $server->{pid}, POSIX::WNOHANG() ) != $server->{pid};
    $server->{status} = $?;
    @servers = grep { $_ != $server->{pid} } @servers;
    return 1;
}

# Ends it by a signal. Result: what else is alive of its group then.
sub end_by ( $server, $signal ) {
    kill $signal => $server->{pid};
    wait_until( sub { has_ended($server) } );
    my @left;
    wait_until( sub { !( @left = members( $server->{pid} ) ) } ) if $signal eq 'KILL';
    return @left = members( $server->{pid} );
}

# The processes of a group that are alive, as { pid => command }.
sub members ($group) {
    my @members;
    for my $path ( glob '/proc/[0-9]*/stat' ) {
        my ( $pid, $name, $state, $of ) = ( eval { read_file($path) } // '' ) =~ /\A(\d+) \((.*)\) (\w) \d+ (\d+)/s
          or next;
        push @members, "$pid $name" if $of == $group && $state !~ /[ZX]/;
    }
    return @members;
}

sub request ( $server, $first, $host = "127.0.0.1:$server->{port}" ) {
    my $socket = IO::Socket::INET->new( PeerAddr => '127.0.0.1', PeerPort => $server->{port} )
      or die "no connection: $@\n";
    syswrite $socket, "$first HTTP/1.1\r\nHost: $host\r\n\r\n";
    return $socket;
}
sub whole ($socket) { local $/ = undef; return <$socket> // '' }

# Looks until this is so of a frame. Result: the last frame, and as `steps` all; while one has it one still looks.
sub look ( $server, $is_so ) {
    my $events = request( $server, 'GET /steps' );
    my ( $last, $mappings, @steps ) = ( {} );
    local $SIG{ALRM} = sub { die "nothing comes that is waited for\n" };
    alarm $tests::lib::Waiting::PATIENCE_S;
    while ( defined( my $text = <$events> ) ) {
        my ($json) = $text =~ /\Adata: (.*)/ or next;
        $last = JSON::PP->new->decode($json);
        push @steps, @{ $last->{steps} };
        $mappings = $last->{mappings} // $mappings;
        @{$last}{qw(steps mappings looks)} = ( [@steps], $mappings, $events );
        last if $is_so->($last);
    }
    alarm 0;
    return $last;
}

sub program_of ($server) {
    my ($xtrace)  = map { /^(\d+) xtrace/ ? $1 : () } members( $server->{pid} );
    my ($program) = split ' ', read_file("/proc/$xtrace/task/$xtrace/children");
    return $program;
}
sub written ($server) { return scalar( () = read_file( $server->{said} ) =~ /^taken$/mg ) }

# ---- It runs while somebody looks ------------------------------------------------------------------------------------------------

my $server = serving( [ '--speed', 0 ], $known, 'count', 3000 );
like(
    read_file( $server->{said} ),
    qr{\AThe heap of sys while '\S+known count 3000' runs: http://127\.0\.0\.1:\d+/ ; Ctrl-C ends both\.\n\z},
    'one line says where to look, and the program has said nothing yet'
);
my $program = program_of($server);
ok( kill( 0, $program ), '... but is there' );
my $here      = "127.0.0.1:$server->{port}";
my $port      = sprintf '%04X', $server->{port};
my @listening = read_file('/proc/net/tcp') =~ /^\s*\d+: ([0-9A-F]+):\Q$port\E 00000000:0000 0A/mg;
is( "@listening", '0100007F', 'on loopback alone' );

like( whole( request( $server, 'GET /' ) ),        qr/\AHTTP\/1\.1 200 .*<canvas class="blocks">/s, 'the page' );
like( whole( request( $server, 'GET /nothing' ) ), qr/\AHTTP\/1\.1 404 /,                           'no other page' );
like(
    whole( request( $server, 'GET /', 'somewhere.example' ) ),
    qr/\AHTTP\/1\.1 403 /,
    'nothing for who asks for another host'
);
like(
    whole( request( $server, 'POST /speed/0', "$here\r\nOrigin: http://somewhere.example" ) ),
    qr/\AHTTP\/1\.1 403 /,
    '... nor for the page of another'
);
like(
    whole( request( $server, 'POST /speed/7', "$here\r\nOrigin: http://$here" ) ),
    qr/\AHTTP\/1\.1 200 /,
    '... but for our own'
);
like( whole( request( $server, 'POST /speed/fast' ) ), qr/\AHTTP\/1\.1 404 /,           'speeds are numbers only' );
like( whole( request( $server, 'POST /speed/5' ) ),    qr/\AHTTP\/1\.1 200 .*\n5\n\z/s, 'slow motion' );
whole( request( $server, 'POST /speed/20000' ) );
sleep 0.5;
is( written($server), 0, 'while nobody looks nothing runs, at any speed' );
whole( request( $server, 'POST /speed/5' ) );

my $frame = look( $server, sub ($so_far) { @{ $so_far->{steps} } >= 3 } );
ok( wait_until( sub { written($server) >= 3 } ), 'while somebody looks it runs' );
ok( $frame->{mappings},                          '... and is shown with its mappings' );
whole( request( $server, 'POST /speed/0' ) );
my $steps;
ok(
    wait_until(
        sub {
            $steps = @{ look( $server, sub ($so_far) { 1 } )->{steps} };
            $steps == written($server);
        }
    ),
    'a pause: the program has done exactly what is shown'
);
cmp_ok( $steps, '<', 100, '... and is held' );
ok( kill( 0, $program ), '... but alive' );
is( scalar @{ look( $server, sub ($so_far) { 1 } )->{steps} }, $steps, '... and who comes late sees what has been' );
whole( request( $server, 'POST /speed/20000' ) );
$frame = look( $server, sub ($so_far) { $so_far->{ending} && $so_far->{ended} } );
is( scalar @{ $frame->{steps} }, 3000,                    'as fast as it can: all steps, to the end' );
is( $frame->{ending},            'The program has ended', '... which the page says' );
ok( !exists $frame->{died} && !$frame->{limit} && !$frame->{none}, '... and nothing else' );
is( join( ' ', end_by( $server, 'INT' ) ), '',              'Ctrl-C ends the server' );
is( $server->{status} & 127,               POSIX::SIGINT(), '... as the signal does' );

# ---- Whoever goes leaves nothing ---------------------------------------------------------------------------------------------------

for my $case (
    [ 'INT', $known, 'count', 3000 ],
    [
        'TERM', 'perl', '-e',
        '$SIG{TERM} = $SIG{INT} = "IGNORE"; $| = 1; while (1) { push @k, "x" x 9; print "taken\n" }'
    ],
    [
        'KILL', 'perl', '-e',
        '$SIG{TERM} = $SIG{INT} = "IGNORE"; $| = 1; while (1) { push @k, "x" x 9; print "taken\n" }'
    ],
    [ 'KILL', $known, 'count', 3000 ],
  )
{
    my ( $signal, @command ) = @{$case};
    my $running = serving( [ '--speed', 2000 ], @command );
    look( $running, sub ($so_far) { written($running) >= 1 } );
    my $mine = program_of($running);
    is( join( ', ', end_by( $running, $signal ) ), '', "SIG$signal for the server: no process is left" );
    ok( wait_until( sub { !kill( 0, $mine ) || read_file("/proc/$mine/stat") =~ /\) [ZX]/ } ), '... nor the program' );
    is( join( ' ', glob("$folder/tmp/*") ), '', '... nor a file' );
}

# ---- Any program, any end ----------------------------------------------------------------------------------------------------------

my @left;

# Shows it to its end. Result: the last frame, and as `said` what the terminal has.
sub shown ( $is_so, $options, @command ) {
    my $of    = serving( [ '--speed', 20_000, @{$options} ], @command );
    my $frame = $of->{port} ? look( $of, $is_so ) : {};
    push @left, $of->{port} ? end_by( $of, 'TERM' ) : members( $of->{pid} );
    return { %{$frame}, said => read_file( $of->{said} ), status => $of->{status} };
}
sub is_over ($frame) { return $frame->{ended} && $frame->{ending} }

for my $case (
    [ 'The program ended with status 3',  'perl', '-e', 'exit 3' ],
    [ 'The program was ended by SIGSEGV', 'perl', '-e', 'kill SEGV => $$; sleep 9' ],
    [ 'The program has ended',            'sh',   '-c', 'exec ls /' ],
    [ 'The program has ended',            'sh',   '-c', 'ls / >/dev/null; ls /' ],
    [ 'The program has ended',            $known, 'fork' ],
    [ 'The program has ended',            $known, 'late' ],
    [ 'The program was ended by SIGKILL', $known, 'far' ],
  )
{
    my ( $ending, @command ) = @{$case};
    my $way = shown( \&is_over, [ '--steps', 200_000 ], @command );
    is( $way->{ending}, $ending, "@command: the page says how it ended" );
    ok( @{ $way->{steps} } > 0 && !$way->{died}, '... after its steps' );
}
my %thread = map { $_->[1] => 1 } @{ shown( \&is_over, [], $known, 'late' )->{steps} };
is( join( ' ', sort keys %thread ), '0 1 2 3', 'threads that begin later are shown' );
like(
    shown( \&is_over, [], 'echo', 'its own words' )->{said},
    qr/^its own words$/m,
    'a program writes where it always does'
);

my $long = serving( [ '--speed', 20_000, '--steps', 20 ], $known, 'count', 900 );
$frame = look( $long, \&is_over );
ok( $frame->{limit}, 'more steps than are shown: the page says so' );
is( scalar @{ $frame->{steps} }, 20,  '... and shows no more' );
is( written($long),              900, '... and the program goes on to its end' );
like(
    read_file( $long->{said} ),
    qr/^live: 20 steps were shown; the program goes on without being watched\.$/m,
    '... as the terminal says'
);
end_by( $long, 'TERM' );

my $quiet = shown( \&is_over, [], $known, 'count', 0 );
like(
    $quiet->{none},
    qr/\A'\S+known count 0' asked for no memory, so there is no heap to show; /,
    'a program that asks for no memory'
);
like( $quiet->{said}, qr/^live: '\S+known count 0' asked for no memory, [^\n]*\n\z/m, '... as the terminal says' );

my $waiting = shown( sub ($so_far) { $so_far->{waits} }, [], 'perl', '-e', 'sleep 600' );
is( $waiting->{waits}, 'program', 'a program that asks for nothing now' );

for my $case (
    [ ["$folder/nothing"], qr/\Axtrace: \S+nothing cannot be run: No such file or directory\n\z/, 125 ],
    [ [],                  qr/\Alive: a PROGRAM is needed; see lecture\/live\/serve --help\n\z/,  255 ],
    (
        system( @GCC, '-static', '-o', "$folder/alone", "$tree/tests/tools/known.c" ) == 0
        ? [
            [ "$folder/alone", 'kinds' ],
            qr/\Axtrace: \S+alone was run, but the recorder could not get in: [^\n]*\n\z/, 125
          ]
        : ()
    ),
  )
{
    my ( $command, $line, $status ) = @{$case};
    my $refused = shown( sub { 1 }, [], @{$command} );
    like( $refused->{said}, $line, "'@{$command}': one line" );
    is( $refused->{status} >> 8, $status, "... and status $status" );
}

# ---- Options -------------------------------------------------------------------------------------------------------------------

for my $case (
    [ '--port --backend sys true',       qr/Value "--backend" invalid for option port/ ],
    [ '--backend sys --port 99999 true', qr/\Alive: --port must be from 0 to 65535, but is 99999\n\z/ ],
    [ '--backend sys --speed -5 true',   qr/\Alive: --speed must be from 0 to 99999, but is -5\n\z/ ],
    [ '--backend sys --steps 0 true',    qr/\Alive: --steps must be from 1 to 1000000, but is 0\n\z/ ],
    [ '--backend ../x true', qr/\Alive: --backend must be the NAME of a file NAME_alloc[.]c, but is '\.\.\/x'\n\z/ ],
  )
{
    my ( $options, $words ) = @{$case};
    like( `timeout 10 $tree/lecture/live/serve $options 2>&1`, $words, $options );
}

# ---- Any allocator -------------------------------------------------------------------------------------------------------------------

# One that shows twenty lines of a true one, half of another, and then does this.
sub replay ( $then, $is_so ) {
    my $cut  = q{perl -e '$| = 1; while (<STDIN>) { last if $. == 21; print } print substr $_, 0, 9'};
    my $path = write_file( "$folder/bin/replay-mine", "#!/bin/sh\n$folder/bin/replay-sys \"\$@\" | $cut\n$then\n" );
    chmod 0755, $path or die "cannot make $path executable: $!\n";
    return shown( $is_so, [ '--backend', 'mine' ], $known, 'count', 900_000 );
}
my $crashed = replay( 'kill -SEGV $$', \&is_over );
is( $crashed->{died},   'the allocator was ended by SIGSEGV', 'an allocator that crashes: the page says how' );
is( $crashed->{ending}, 'The program was ended by SIGTERM',   '... and that the program was stopped' );
like(
    $crashed->{said},
    qr/^live: Here the allocator was ended by SIGSEGV; the program is stopped\.$/m,
    '... as the terminal says'
);
is( replay( 'exec sleep 600', sub ($so_far) { $so_far->{waits} } )->{waits},
    'call', 'one that hangs: the page says so' );
write_file( "$folder/bin/replay-mine", "#!/bin/sh\nexit 7\n" );
like(
    shown( sub { 1 }, [ '--backend', 'mine' ], $known, 'count', 900_000 )->{said},
    qr/\Alive: \S+replay-mine did not begin: the allocator ended with status 7\n\z/,
    'one that does not begin'
);
is( "@left", '', 'no process is left of all these' );

done_testing();
