#!/usr/bin/env perl

# bin/xtrace -f and bin/replay-BACKEND --follow: a program stands exactly where its follower stands, and none of the two, nor who
# started them, leaves another one hanging when it goes.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd        qw(abs_path);
use File::Temp ();
use FindBin    qw($Bin);
use JSON::PP   ();
use POSIX      ();
use Test::More;
use Time::HiRes qw(sleep time);

use lib "$Bin/../..";
use tests::lib::Built;
use tests::lib::Files   qw(read_file write_file);
use tests::lib::Waiting qw(wait_until);

my $tree   = abs_path("$Bin/../..");
my $folder = File::Temp->newdir;
my $known  = "$folder/known";
tests::lib::Built::insist( 'BACKENDS=sys par', qw(xtrace replay) );
my @GCC = ( qw(gcc -std=c11 -D_GNU_SOURCE -O0 -fno-builtin -pthread), "-I$tree", '-o' );
system( @GCC, $known, "$tree/tests/tools/known.c" ) == 0 or BAIL_OUT('the program to follow cannot be built');

# ---- Two processes in step ---------------------------------------------------------------------------------------------------

# A test that dies leaves nothing: the system ends a program with its bin/xtrace, and a follower without input ends by itself.
my ( $test, @started ) = $$;

END {
    if ( $$ == $test ) {
        local $?;
        kill KILL => grep { waitpid( $_, POSIX::WNOHANG() ) == 0 } @started;
    }
}

# Starts a command in the background. $stdin: a handle to read, $stdout: a file to write.
sub start ( $stdin, $stdout, @command ) {
    my $pid = fork // die "cannot start another process: $!\n";
    push @started, $pid;
    return $pid if $pid;
    open STDIN,  '<&', $stdin        or die "cannot read what the test says: $!\n" if $stdin;
    open STDOUT, '>',  $stdout       or die "cannot write $stdout: $!\n";
    open STDERR, '>',  "$stdout.err" or die "cannot write $stdout.err: $!\n";
    exec @command or POSIX::_exit(127);
}

# A program of known.c and its follower, which may do nothing yet.
sub followed ( $backend, $options, @command ) {
    state $number = 0;
    my $at  = "$folder/" . ++$number;
    my %run = ( raw => "$at.raw", out => "$at.out", map => "$at.map" );
    $run{xtrace} = start( undef, $run{out}, "$tree/bin/xtrace", '-q', '-f', $run{raw}, @command );
    wait_until( sub { ( -s $run{raw} // 0 ) >= 4096 } ) or BAIL_OUT('bin/xtrace makes no recording');
    pipe my $allowed, $run{allow} or die "no pipe: $!\n";
    $run{allow}->autoflush(1);
    $run{replay} =
      start( $allowed, "$at.said", "$tree/bin/replay-$backend", '--follow', @{$options}, '--map', $run{map},
        $run{raw} );
    $run{said} = "$at.said.err";
    wait_until( sub { -e $run{map} && read_file( $run{map} ) =~ /"steps": \[\n/ } )
      or BAIL_OUT('the follower does not begin');
    return \%run;
}

sub allow ( $run, $steps ) {
    print { $run->{allow} } "$steps\n";
    return;
}

sub lines_of ($path) { return scalar( () = read_file($path)         =~ /\n/g ) }
sub steps_of ($run)  { return scalar( () = read_file( $run->{map} ) =~ /^,?\[.*\]$/mg ) }

sub program_of ($run) {
    my ($pid) = split ' ', read_file("/proc/$run->{xtrace}/task/$run->{xtrace}/children");
    return $pid;
}

# Whether a process sleeps, or is not there any more: what it could do is done.
sub rests ($pid) {
    my ($state) = ( eval { read_file("/proc/$pid/stat") } // ') Z' ) =~ /.*\) (\w)/s;
    return $state =~ /[SZX]/;
}

sub is_there ($pid) {
    return defined $pid && ( eval { read_file("/proc/$pid/stat") } // ') Z' ) !~ /.*\) [ZX]/s;
}

# Waits until so many steps are done and the program rests. Result: the number of lines that it has written then.
sub lines_after ( $run, $steps ) {
    my $pid = program_of($run);
    wait_until( sub { steps_of($run) >= $steps && lines_of( $run->{out} ) >= $steps && rests($pid) } );
    return lines_of( $run->{out} );
}

# Waits for both. Result: their statuses, as waitpid has them.
sub ends ($run) {
    my %status;
    for my $who (qw(xtrace replay)) {
        wait_until( sub { waitpid( $run->{$who}, POSIX::WNOHANG() ) == $run->{$who} } )
          or do { kill KILL => $run->{$who}; diag "$who does not end"; next };
        $status{$who} = $?;
    }
    return \%status;
}

sub map_of ($run) { return JSON::PP->new->decode( read_file( $run->{map} ) ) }

sub requests ($run) {
    return join "\n", map { join ' ', @{$_}[ 0 .. 2 ], $_->[0] eq 'free' ? () : $_->[3] } @{ map_of($run)->{steps} };
}

# ---- It is held ----------------------------------------------------------------------------------------------------------------

my $held    = followed( 'par', [], $known, 'count', 300 );
my $program = program_of($held);
wait_until( sub { rests($program) } );
is( -s $held->{out}, 0, 'nothing runs before a step may be done' );
for my $case ( [ 4, 4 ], [ 1, 5 ], [ 3, 8 ] ) {
    allow( $held, $case->[0] );
    is( lines_after( $held, $case->[1] ), $case->[1], "with $case->[0] more the program has taken $case->[1] blocks" );
    is( steps_of($held),                  $case->[1], '... and so has the backend' );
}
ok( is_there($program), '... while it lives' );
my $head = JSON::PP->new->decode( read_file( $held->{map} ) =~ s/("steps": \[\n).*/$1]}/sr );
is( $head->{program}, "$known count 300", 'the map says whose it is' );
ok( exists $head->{events} && !defined $head->{events}, '... and not how much will come' );

close $held->{allow};
my $status = ends($held);
is( "$status->{xtrace} $status->{replay}", '0 0',           'without anybody who allows steps both end well' );
is( lines_of( $held->{out} ),              300,             '... the program at its own end' );
is( scalar @{ map_of($held)->{steps} },    steps_of($held), '... and the map is whole' );

my $idle = followed( 'par', [], $known, 'count', 0 );
$program = program_of($idle);
sleep 0.02 for 1 .. 20;
ok( is_there($program), 'a program without a request is held before its beginning' );
close $idle->{allow};
ends($idle);

my $paused = followed( 'par', [ '--first', 400_000 ], $known, 'count', 1_000_000 );
allow( $paused, 1_000_000 );
wait_until( sub { steps_of($paused) > 100 } );
allow( $paused, 0 );
my ( $at, $before ) = ( 0, -1 );
wait_until( sub { sleep 0.2; ( $before, $at ) = ( $at, steps_of($paused) ); $at == $before } );
is( lines_after( $paused, $at ), $at, 'a pause holds the program where the picture stands' );
allow( $paused, 2 );
is( lines_after( $paused, $at + 2 ), $at + 2, '... to the step' );
kill KILL => program_of($paused);
close $paused->{allow};
$status = ends($paused);
is( $status->{xtrace} >> 8, 137, '... and it can be killed there' );

# ---- Programs of all kinds -------------------------------------------------------------------------------------------------------

# Follows to the end.
sub whole ( $backend, @command ) {
    my $run = followed( $backend, [], @command );
    allow( $run, 1_000_000 );
    wait_until( sub { waitpid( $run->{xtrace}, POSIX::WNOHANG() ) == $run->{xtrace} } ) or diag "@command does not end";
    $run->{status} = $? >> 8;
    wait_until( sub { waitpid( $run->{replay}, POSIX::WNOHANG() ) == $run->{replay} } )
      or diag 'the replay does not end';
    $run->{replayed} = $?;
    return $run;
}

sub recorded (@command) {
    system( "$tree/bin/xtrace", '-q', '-o', "$folder/gathered.trace", @command );
    return `$tree/bin/trace-convert $folder/gathered.trace -` =~ s/\A(?:xtrace|program).*\n(?:program.*\n)?//r;
}

my $kinds = recorded( $known, 'kinds' ) =~ s/(aligned.*) \d+$/$1/mgr;
chomp $kinds;
is( requests( whole( 'sys', $known, 'kinds' ) ), $kinds, 'a followed program has the same events as a recorded one' );
my $exec = requests( whole( 'par', $known, 'exec' ) );
is( $exec, "malloc 0 0 1111\nfree 0 0\n$kinds", 'an exec gives all blocks back, and the new program is followed' );
my $quits = whole( 'par', $known, '_exit' );
is( "$quits->{status} $quits->{replayed}", '3 0', 'the exit status is that of the program' );
my $late = requests( whole( 'par', $known, 'late' ) );
is(
    join( ' ', $late =~ /^malloc (\d+ )\d+ (1[0-3])$/mg ),
    '0  10 1  11 2  12 3  13',
    'threads that begin later are others'
);
my $threads = whole( 'par', $known, 'threads' );
is( scalar( () = requests($threads) =~ /^malloc \d+ \d+ 100[0-3]$/mg ), 2000, 'threads that run side by side' );
my $reuse = whole( 'sys', $known, 'reuse' );
is( "$reuse->{status} $reuse->{replayed} " . read_file( $reuse->{said} ), '0 0 ', '... and race for memory' );

my $forking = followed( 'par', [], $known, 'fork' );
allow( $forking, 1 );
wait_until( sub { steps_of($forking) == 1 && rests( program_of($forking) ) } );
allow( $forking, 2 );
wait_until( sub { waitpid( $forking->{xtrace}, POSIX::WNOHANG() ) == $forking->{xtrace} } );
is( $? >> 8, 0, 'children are not held, and their parent finds them' );
close $forking->{allow};
wait_until( sub { waitpid( $forking->{replay}, POSIX::WNOHANG() ) == $forking->{replay} } );
is( requests($forking), "malloc 0 0 50\nfree 0 0\nmalloc 0 0 60", '... nor are their blocks shown' );

my $handler = followed( 'par', [], $known, 'handler' );
allow( $handler, 1 );
lines_after( $handler, 1 );
sub events_of ($run) { return unpack 'x8 Q', read_file( $run->{raw} ) }
wait_until( sub { events_of($handler) == 3 } );    # the beginning, and two blocks
kill USR1 => program_of($handler);
ok( wait_until( sub { events_of($handler) == 4 } ), 'a handler of signals runs while its thread waits' );
allow( $handler, 1 );
wait_until( sub { steps_of($handler) == 2 && rests( program_of($handler) ) } );
allow( $handler, 1 );
$status = ends($handler);
is( read_file( $handler->{out} ),          "main\nhandler\nmain\n", '... and may allocate' );
is( "$status->{xtrace} $status->{replay}", '0 0',                   '... and the program goes on' );

# ---- Somebody goes -----------------------------------------------------------------------------------------------------------------

my $limited = followed( 'par', [ '--first', 5 ], $known, 'count', 40_000 );
allow( $limited, 1000 );
$status = ends($limited);
is( "$status->{xtrace} $status->{replay}", '0 0', 'after the last step that is shown the program goes on alone' );
is( lines_of( $limited->{out} ) . ' ' . @{ map_of($limited)->{steps} }, '40000 5', '... to its end' );
cmp_ok( -s $limited->{raw}, '<', 1.5 * 2**20, '... and is recorded no longer' );

my $crashed = followed( 'par', [], $known, 'count', 300 );
allow( $crashed, 5 );
lines_after( $crashed, 5 );
kill SEGV => $crashed->{replay};
$status = ends($crashed);
is( "$status->{xtrace} " . lines_of( $crashed->{out} ), '0 300', 'a follower that crashes does not leave it hanging' );

my $orphan = followed( 'par', [], $known, 'count', 300 );
allow( $orphan, 5 );
lines_after( $orphan, 5 );
$program = program_of($orphan);
kill KILL => $orphan->{xtrace};
ok( wait_until( sub { !is_there($program) } ), 'when bin/xtrace is killed the program is, too' );
is( lines_of( $orphan->{out} ), 5, '... where it stood' );
close $orphan->{allow};
ends($orphan);

# Who starts bin/xtrace is killed.
my $parent = start( undef, "$folder/parent", 'perl', '-e', 'system @ARGV; 1',
    "$tree/bin/xtrace", '-q', '-f', "$folder/parent.raw", $known, 'count', 3 );
wait_until( sub { -s "/proc/$parent/task/$parent/children" || read_file("/proc/$parent/task/$parent/children") ne '' }
);
my ($xtrace) = split ' ', read_file("/proc/$parent/task/$parent/children");
wait_until( sub { read_file("/proc/$xtrace/task/$xtrace/children") ne '' } );
($program) = split ' ', read_file("/proc/$xtrace/task/$xtrace/children");
wait_until( sub { ( -s "$folder/parent.raw" // 0 ) > 4096 && rests($program) } );
kill KILL => $parent;
waitpid $parent, 0;
ok(
    wait_until( sub { !is_there($xtrace) && !is_there($program) } ),
    'when its parent is killed bin/xtrace and the program are, too'
);

# Stopped before its first instruction, a program is like one that loads no recorder.
write_file( "$folder/early.c", "void _start(void) {\n    for (;;) continue;\n}\n" );
system( 'gcc', '-nostdlib', '-static', '-o', "$folder/early", "$folder/early.c" ) == 0
  or BAIL_OUT('a program without a library cannot be built');
for my $case ( [ ['-q'], qr/\A\z/ ],
    [ [], qr/\Axtrace: \S+early was ended by signal 15 before the recorder was in\n\z/ ] )
{
    my ( $quiet, $words ) = @{$case};
    my $early =
      start( undef, "$folder/stopped", "$tree/bin/xtrace", @{$quiet}, '-f', "$folder/early.raw", "$folder/early" );
    wait_until(
        sub {
            my ($caught) = read_file("/proc/$early/status") =~ /^SigCgt:\s*(\w+)$/m;
            hex( substr $caught, -4 ) >> POSIX::SIGTERM() - 1 & 1;
        }
    );
    kill TERM => $early;
    ok( wait_until( sub { waitpid( $early, POSIX::WNOHANG() ) == $early } ), 'one that is stopped at once ends' );
    is( $? >> 8, 128 + POSIX::SIGTERM(), '... with the signal' );
    like( read_file("$folder/stopped.err"), $words, "... and nobody guesses why the recorder was not in (@{$quiet})" );
}

# ---- What cannot be ----------------------------------------------------------------------------------------------------------------

my $text = write_file( "$folder/text", 'words ' x 1000 );
for my $case (
    [ [ '--follow', "$folder/none" ], qr/--follow needs --map FILE\n/ ],
    [
        [ '--follow', '--map', "$folder/m", "$folder/none" ],
        qr/\S+none cannot be followed: No such file or directory; bin\/xtrace -f \S+none PROGRAM makes it\n\z/
    ],
    [
        [ '--follow', '--map', "$folder/m", $text ],
        qr/\S+text is no recording to follow; bin\/xtrace -f \S+ PROGRAM makes one\n\z/
    ],
    [
        [ '--follow', '--first', 2_000_000, '--map', "$folder/m", $known ],
        qr/--follow goes with --first up to 1000000, but it is 2000000\n\z/
    ],
  )
{
    my ( $options, $line ) = @{$case};
    my $pid = start( undef, "$folder/refused", "$tree/bin/replay-par", @{$options} );
    waitpid $pid, 0;
    like( read_file("$folder/refused.err"), qr/\Areplay-par: $line/, 'a follower says in a line what is wrong' );
}

done_testing();
