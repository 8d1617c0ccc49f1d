#!/usr/bin/env perl

# The launcher and measure::Launch: every limit stops a program, every way to end is reported and worded, and no process
# is left, whatever the program tried.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use JSON::PP   ();
use POSIX      ();
use Test::More;
use Time::HiRes qw(sleep time);

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

my $launcher = tests::lib::Built::launcher();

# Nothing that is right takes this long; what is started here ends by itself, but later than that.
my $GENEROUS_S = 20;
my $MIB        = 1024 * 1024;
my $folder     = File::Temp->newdir;

# Everything started here carries this in its environment, so that what is left over can be found.
my %mark = ( LAUNCH_TEST_MARK => "<launch.t $$>" );

sub run_perl ( $script, %options ) {
    return measure::Launch::run(
        command  => [ $^X, '-MPOSIX', '-e', "alarm 60; $script" ],
        launcher => $launcher,
        wall_s   => $GENEROUS_S,
        env      => \%mark,
        %options
    );
}

sub sentence_of ( $script, %options ) { return measure::Launch::sentence( run_perl( $script, %options ) ) }

sub marked_processes () {
    return grep {
        local ( @ARGV, $/ ) = ("/proc/$_/environ");
        no warnings;
        my $environment = -r $ARGV[0] ? <> : undef;
        defined $environment && $environment =~ /\Q$mark{LAUNCH_TEST_MARK}\E/;
    } map { m{(\d+)\z} } glob '/proc/[0-9]*';
}

sub becomes_true ($condition) {
    my $deadline = time + $GENEROUS_S;
    until ( $condition->() ) {
        return 0 if time > $deadline;
        sleep 0.01;
    }
    return 1;
}

sub nothing_is_left ($after) {
    is( join( q{ }, marked_processes() ), '', "no process is left after $after" );
    return;
}

sub content ($path) {
    open my $file, '<', $path or return '';
    local $/ = undef;
    return <$file> // '';
}

subtest 'A program that does well' => sub {
    my $result = run_perl('print "out"; print STDERR "err"; my $x = "x" x 50_000_000');
    is( $result->{stdout}, 'out', 'its output is captured' );
    is( $result->{stderr}, 'err', 'its errors too, apart' );
    is( $result->{exit},   0,     'its exit status is 0' );
    is( $result->{$_},     undef, "$_ is undefined" ) for qw(signal stopped error);
    is( $result->{strays}, 0,     'it left no process behind' );
    ok( measure::Launch::ok($result), 'ok() says so' );
    like( measure::Launch::sentence($result), qr/\Afinished in [\d.e-]+ s\z/, 'the sentence says how long it took' );
    cmp_ok( $result->{wall_s},                    '>', 0,                 'elapsed time is measured' );
    cmp_ok( $result->{user_s} + $result->{sys_s}, '>', 0,                 'CPU time is measured' );
    cmp_ok( $result->{peak_kib},                  '>', 50_000_000 / 1024, 'the memory that it touched is measured' );
    cmp_ok( $result->{minor_faults},              '>', 1000,              'page faults are counted' );
    ok( defined $result->{$_}, "$_ is reported" )
      for qw(major_faults voluntary_switches involuntary_switches stdout_bytes stderr_bytes survivors);
};

subtest 'What a program finds' => sub {
    is( run_perl('print defined(<STDIN>) ? "something" : "nothing"')->{stdout}, 'nothing', 'standard input is empty' );
    is( run_perl('print getpgrp() == $$ ? "own" : "shared"')->{stdout}, 'own', 'it leads a session of its own' );

    open my $extra, '<', '/dev/null' or die $!;
    local $^F = 100;
    open my $inherited, '<', '/dev/null' or die $!;
    is(
        run_perl('opendir my $d, "/proc/self/fd"; print scalar grep { /\d/ && $_ > 2 && $_ != fileno $d } readdir $d')
          ->{stdout},
        0, 'no other file is open'
    );

    my $raising = 'ulimit -c unlimited 2>/dev/null; exec "$0" --report /dev/null -- /bin/sh -c "ulimit -c"';
    open my $core_limit, '-|', '/bin/sh', '-c', $raising, $launcher or die $!;
    is( <$core_limit>, "0\n", 'it dumps no core, though the caller would' );
    like( run_perl( 'exec "/bin/sh", "-c", "ulimit -n"', files => 7 )->{stdout},
        qr/\A7\n/, 'it may open that many files' );

    local $SIG{USR1} = 'IGNORE';
    is( run_perl('kill USR1 => $$; sleep 1')->{signal},
        POSIX::SIGUSR1(), 'a signal that the caller ignores counts again' );

    is( run_perl( 'print $ENV{COLOUR}', env => { %mark, COLOUR => 'blue' } )->{stdout}, 'blue',
        'variables can be set' );
    local $ENV{COLOUR} = 'red';
    is( run_perl( 'print exists $ENV{COLOUR} ? 1 : 0', env => { %mark, COLOUR => undef } )->{stdout},
        0, '... and removed' );
    is( $ENV{COLOUR},                                                 'red', '... for the program only' );
    is( run_perl( 'use Cwd; print cwd', directory => '/' )->{stdout}, '/',   'it runs where it is told to' );
};

subtest 'What a program is given' => sub {
    my $read = 'local $/; my $in = <STDIN>; print length $in, substr $in, -6';
    is( run_perl( $read, stdin => "nonce\n" )->{stdout}, "6nonce\n", 'standard input is what it is given, to its end' );
    is( run_perl( $read, stdin => 'x' x 4090 . "nonce\n" )->{stdout}, "4096nonce\n", '... as long as it may be' );
    is( run_perl( $read, stdin => '' )->{stdout},                     '0',           '... or empty' );
    ok( !eval { run_perl( '1', stdin => 'x' x 4097 ) }, 'a longer one' );
    like( $@, qr/stdin is longer than 4096 bytes/, '... is refused' );

    local $ENV{COLOUR} = 'red';
    my %only = ( %mark, SHAPE => 'round' );
    is(
        run_perl( 'print join q{ }, sort keys %ENV', env => \%only, only_env => 1 )->{stdout},
        'LAUNCH_TEST_MARK SHAPE',
        'no other variables than those that are named'
    );
};

subtest 'A program that nobody trusts' => sub {
    my $socket = 'socket my $s, 1, 1, 0 or print "$!\n"; print "on"';
    is( run_perl($socket)->{stdout}, 'on', 'sockets, not confined' );
    is( run_perl( $socket, confine => 1 )->{stdout}, "Operation not permitted\non",         'no sockets, confined' );
    is( run_perl( 'fork // die $!; wait; print -s $0, "fine"', confine => 1 )->{strays}, 0, 'forks are harmless' );
  SKIP: {
        if ( $> != 0 ) {
            diag('not tested: programs as another user, which takes root');
            skip 'only root can run a program as another user', 3;
        }
        local $) = '0 4 5';    ## no critic (RequireLocalizedPunctuationVars)
        my $who = run_perl( 'print "$< $> $( $)"', user => 60_500 );
        is( $who->{stdout}, '60500 60500 60500 60500', 'it is another user, in no group but its own' );
        my $forks = '$| = 1; for (2 .. 20) { my $pid = fork // exit; $pid or exit sleep 9; print "$_ " }';
        is( run_perl( $forks, user => 60_500, user_tasks => 5 )->{stdout},
            '2 3 4 5 ', 'it may have no more threads than it is granted' );
        is( run_perl( 'print kill 0, getppid', user => 60_500 )->{stdout}, '0', '... and signals nobody else' );
    }
};

subtest 'How a program may end' => sub {
    is( sentence_of('exit 3'), 'ended with exit status 3', 'an exit status' );
    is(
        sentence_of('print STDERR "no\nx"; exit 2'),
        'ended with exit status 2: no',
        'an exit status with its first words'
    );
    is( sentence_of('kill SEGV => $$; sleep 1'), 'crashed with signal 11 (segmentation fault)',
        'a segmentation fault' );
    is( sentence_of('abort'), 'crashed with signal 6 (aborted)', 'an abort' );
    like( sentence_of('kill KILL => $$; sleep 1'), qr/\Awas killed by signal 9 \(killed\)/, 'a kill from outside' );
    ok( !measure::Launch::ok( run_perl('exit 1') ), 'a failure is not ok()' );
};

subtest 'A program that cannot start' => sub {
    my %told = (
        '/nonexistent/program' => 'No such file or directory',
        '/etc/passwd'          => 'Permission denied',
        '/etc'                 => 'Permission denied',
    );
    for my $program ( sort keys %told ) {
        my $result = measure::Launch::run( command => [$program], launcher => $launcher );
        is( $result->{error}, "cannot run $program: $told{$program}", "$program is named, with the reason" );
        is( $result->{exit},  undef,                                  '... and has no exit status' );
        ok( !measure::Launch::ok($result), '... and is not ok()' );
    }
    my $odd = measure::Launch::run( command => ["/no\"such\\file\n"], launcher => $launcher );
    is( $odd->{error}, "cannot run /no\"such\\file\n: No such file or directory",
        'a name with odd characters is kept' );
    for my $bytes ( 4096, 1_000_000, 4_000_000 ) {
        my $result = run_perl( '1', memory_bytes => $bytes );
        is(
            $result->{error},
            "cannot run $^X: its memory limit of $bytes bytes is too small to start it",
            "$bytes bytes of address space are too few for Perl"
        );
    }
};

subtest 'Limits' => sub {
    my $before = time;
    is( sentence_of( 'sleep 40', wall_s => 0.3 ), 'was stopped after 0.3 s: it did not finish', 'elapsed time' );
    is(
        sentence_of( '$SIG{TERM} = $SIG{INT} = "IGNORE"; 1 while 1', wall_s => 0.3 ),
        'was stopped after 0.3 s: it did not finish',
        '... of a program that ignores signals'
    );
    is(
        sentence_of( 'kill STOP => $$', wall_s => 0.3 ),
        'was stopped after 0.3 s: it did not finish',
        '... of a program that stopped itself'
    );
    cmp_ok( time - $before, '<', $GENEROUS_S, '... in time' );

    is( sentence_of( '1 while 1', cpu_s => 0.5 ), 'was stopped after 0.5 s of CPU: it did not finish', 'CPU time' );
    is(
        sentence_of( '$SIG{XCPU} = "IGNORE"; 1 while 1', cpu_s => 1 ),
        'was stopped after 1 s of CPU: it did not finish',
        '... of a program that ignores the warning'
    );

    my $said = sentence_of( 'my $x = "x" x 200_000_000', memory_bytes => 100 * $MIB );
    like(
        $said,
        qr/\Agot no memory though it used only .* \(exit status \d+\): Out of memory/,
        'memory, asked for at once'
    );
    $said = sentence_of( 'my @x; push @x, "x" x 100_000 while 1', memory_bytes => 100 * $MIB );
    like(
        $said,
        qr/\Aran out of memory under its limit of 100 MiB \(exit status \d+\): Out of memory/,
        '... or bit by bit'
    );
    my %ended = ( exit => 1, stderr => "list: no memory\n", limits => { memory_bytes => 2**33 } );
    is(
        measure::Launch::sentence( { %ended, peak_kib => 3072 } ),
        'got no memory though it used only 3 MiB of its limit of 8 GiB, unless more was reserved or asked for at once '
          . '(exit status 1): list: no memory',
        'NULL of an allocator that had memory is told as that'
    );
    my %crashed = ( stderr => q{}, signal => POSIX::SIGSEGV(), exit => undef, limits => { memory_bytes => 2**33 } );
    is(
        measure::Launch::sentence( { %crashed, peak_kib => 3072 } ),
        'crashed with signal 11 (segmentation fault), when it used 3 MiB of at most 8 GiB',
        'a limit is not blamed for a crash far from it'
    );
    is(
        measure::Launch::sentence( { %crashed, peak_kib => 7 * 1024 * 1024 } ),
        'crashed with signal 11 (segmentation fault) under its limit of 8 GiB',
        '... but near it'
    );
    is( run_perl( 'my $x = "x" x 20_000_000', memory_bytes => 100 * $MIB )->{exit}, 0, '... but not too early' );

    is(
        sentence_of(
            "open my \$f, '>', '$folder/long' or die; syswrite \$f, 'x' x 4096 for 1 .. 9",
            file_bytes => 8192
        ),
        'crashed with signal 25 (a file became longer than 8 KiB; what memfd_create makes is a file, too)',
        'the length of a file'
    );
    is( -s "$folder/long", 8192, '... up to which it is written' );
    nothing_is_left('limits');
};

subtest 'Floods' => sub {
    my $flood = '$| = 1; $SIG{PIPE} = "IGNORE"; print "x" x 100 while 1';
    is( sentence_of($flood), 'printed more than 1 MiB and was stopped', 'standard output' );
    is(
        sentence_of( "open STDOUT, '>&', STDERR; $flood", output_bytes => 2000 ),
        'printed more than 1.953 KiB and was stopped',
        'standard error'
    );
    my $result = run_perl( $flood, output_bytes => 5000, capture_bytes => 10_000 );
    is( length $result->{stdout}, 5000, 'what was printed up to the limit is there' );
    is(
        sentence_of( 'print "x" x 3000', output_bytes => 2000 ),
        'printed more than 1.953 KiB and was stopped',
        'too much from a program that has ended by itself'
    );

    my $long = run_perl( 'print map { "$_\n" } 1 .. 100_000', capture_bytes => 10 * $MIB );
    is( $long->{stdout}, join( '', map { "$_\n" } 1 .. 100_000 ), 'long output within the limit arrives whole' );
    is( length run_perl( 'print "x" x 5000', capture_bytes => 100 )->{stdout}, 100, 'no more is kept than asked for' );
    nothing_is_left('floods');
};

# Whatever forks here is bounded by itself, so that a launcher that fails does no harm to the machine.
subtest 'Processes left behind' => sub {
    my $daemon = 'if (!fork) { setsid; if (!fork) { close STDOUT; close STDERR; sleep 40 } _exit 0 } wait;';
    my $result = run_perl("$daemon print 'done'");
    is( $result->{stdout}, 'done', 'the program itself is heard to its end' );
    is( $result->{strays}, 1,      'a grandchild in a session of its own is counted' );
    like(
        measure::Launch::sentence($result),
        qr/\Afinished in \S+ s and left 1 process behind, which was stopped\z/,
        '... and worded'
    );
    ok( !measure::Launch::ok($result), '... and not ok()' );

    like(
        sentence_of('for (1 .. 3) { fork or do { sleep 40; exit } }'),
        qr/and left 3 processes behind, which were stopped/,
        'several children'
    );
    is(
        sentence_of( 'fork; fork; fork; sleep 40', wall_s => 0.5 ),
        'was stopped after 0.5 s: it did not finish',
        'children of a program that is stopped end with it'
    );

    # One that is killed may have started the next before: there may be several.
    like(
        sentence_of( 'for (1 .. 20000) { my $pid = fork; exit if $pid; setsid }', wall_s => 0.5 ),
        qr/left [1-9]\d* process(?:es)? behind, which (?:was|were) stopped/,
        'a process that keeps changing its number is caught'
    );
    is(
        sentence_of( 'for (1 .. 60) { fork or last } sleep 60', wall_s => 1 ),
        'was stopped after 1 s: it did not finish',
        'a tree of many processes'
    );
    nothing_is_left('processes were left behind');

    is( sentence_of( 'fork; sleep 40', processes => 1 ), 'started other processes and was stopped with them',
        'a fork' );
    is(
        sentence_of( 'for (1 .. 100) { fork or last } sleep 60', processes => 20 ),
        'ran more than 20 processes at a time and was stopped with them',
        'many forks'
    );
    is(
        sentence_of( 'fork; sleep 40', threads => 1 ),
        'ran more than 1 thread at a time and was stopped',
        'threads are counted in all processes'
    );
    is( run_perl( 'for (1 .. 3) { fork or exit; wait }', processes => 2, threads => 2 )->{exit},
        0, 'as many as allowed may run' );
    nothing_is_left('forks');
};

subtest 'Memory of a large parent is not counted' => sub {
    my $ballast = 'x' x ( 150 * $MIB );
    my $result  = run_perl('1');
    cmp_ok( $result->{peak_kib}, '<', 50 * 1024, 'a small program of a large parent is small' );
    is( length $ballast, 150 * $MIB, '(the parent was large)' );
};

# Starts the launcher itself, not through measure::Launch. Result: its pid.
sub start_launcher (@arguments) {
    my $pid = fork // die "fork: $!";
    return $pid if $pid;
    @ENV{ keys %mark } = values %mark;
    exec {$launcher} $launcher, @arguments or POSIX::_exit(1);
}

# A program that writes its pid to a file when it is ready, has a child in another session, and never ends.
my $ready_file = "$folder/ready";
my @endless    = (
    $^X, '-MPOSIX', '-e',
    "if (!fork) { setsid; sleep 40 } open F, '>', '$ready_file.new'; print F \$\$; close F; "
      . "rename '$ready_file.new', '$ready_file'; sleep 40"
);

subtest 'Signals to the launcher' => sub {
    for my $signal (qw(TERM INT HUP)) {
        unlink $ready_file;
        my $pid = start_launcher( '--report', "$folder/report", '--', @endless );
        ok( becomes_true( sub { -e $ready_file } ), 'the program runs' );
        kill $signal => $pid;
        waitpid $pid, 0;
        is( $? >> 8, 124, "SIG$signal ends the launcher" );
        is( JSON::PP::decode_json( content("$folder/report") )->{stopped},
            'told', '... which reports that it was told to' );
        nothing_is_left("SIG$signal");
    }

    unlink $ready_file;
    my $pid = start_launcher( '--', @endless );
    ok( becomes_true( sub { -e $ready_file } ), 'the program runs' );
    my $program = content($ready_file);
    kill KILL => $pid;
    waitpid $pid, 0;
    ok( becomes_true( sub { !kill 0, $program or content("/proc/$program/stat") =~ /\) Z/ } ),
        'the program dies with a launcher that is killed outright' );
    kill KILL => marked_processes();
    becomes_true( sub { !marked_processes() } );
};

subtest 'The caller ends early' => sub {
    local $SIG{ALRM} = sub { die "enough\n" };
    my $before = time;
    alarm 1;
    ok( !eval { run_perl('if (!fork) { setsid; sleep 40 } sleep 40'); 1 }, 'a signal handler may die out of run()' );
    is( $@, "enough\n", '... with its own message' );
    cmp_ok( time - $before, '<', $GENEROUS_S, '... without waiting for the program' );
    nothing_is_left('that');

    unlink $ready_file;
    my $caller = fork // die "fork: $!";
    if ( !$caller ) {
        measure::Launch::run( command => \@endless, launcher => $launcher, env => \%mark );
        POSIX::_exit(0);
    }
    ok( becomes_true( sub { -e $ready_file } ), 'the program runs' );
    kill KILL => $caller;
    waitpid $caller, 0;
    ok( becomes_true( sub { !marked_processes() } ), 'everything ends when the caller is killed outright' );
};

subtest 'A machine that stands still' => sub {
    my ( $limit_s, $still_s ) = ( 8, 9 );
    my $may_end = "$folder/may_end";
    unlink $ready_file;
    my $reader = open my $from, '-|' // die "fork: $!";
    if ( !$reader ) {
        my $code = qq(open my \$ready, '>', '$ready_file'; 1 until -e '$may_end');
        print sentence_of( $code, asleep_s => 3, wall_s => $limit_s );
        close STDOUT;
        POSIX::_exit(0);
    }
    ok( becomes_true( sub { -e $ready_file } ), 'the program runs' );
    my @stopped = marked_processes();
    cmp_ok( scalar @stopped, '>=', 2, '... under its launcher' );
    kill STOP => @stopped;
    sleep $still_s;
    open my $go, '>', $may_end or die "cannot write $may_end: $!\n";
    close $go;
    kill CONT => @stopped;
    like( join( q{}, <$from> ), qr/\Afinished in/, 'neither sleeps meanwhile nor uses up its time' );
};

subtest 'A program that sleeps for ever' => sub {
    my $deadlock = 'pipe my $in, my $out; sysread $in, my $byte, 1';
    is(
        sentence_of( $deadlock, asleep_s => 1, wall_s => $GENEROUS_S ),
        'was stopped: all its threads had been asleep for 1 s',
        'is stopped'
    );
    like(
        sentence_of( "fork; $deadlock", asleep_s => 1, wall_s => $GENEROUS_S ),
        qr/asleep for 1 s/,
        '... with its children'
    );
    like(
        sentence_of( 'select undef, undef, undef, 0.3 while 1', asleep_s => 3, wall_s => $GENEROUS_S ),
        qr/asleep for 3 s/,
        '... and one that only wakes to look at a lock'
    );
    like( sentence_of( 'for (1 .. 12) { select undef, undef, undef, 0.3; $_ ** 2 for 1 .. 300_000 }', asleep_s => 2 ),
        qr/\Afinished/, 'one that wakes and works in between is not' );
    like( sentence_of( 'my $t = time; 1 while time < $t + 4', asleep_s => 1 ),
        qr/\Afinished/, '... nor is one that works' );
    like( sentence_of( 'if (fork) { wait } else { my $t = time; 1 while time < $t + 4 }', asleep_s => 1 ),
        qr/\Afinished/, '... nor one that waits for a child that works' );
};

subtest 'A question' => sub {
    my $asks = sub ($code) {
        return measure::Launch::run(
            command  => [ $^X, '-e', "\$| = 1; $code" ],
            launcher => $launcher,
            wall_s   => $GENEROUS_S,
            question => "what\n"
        );
    };
    my $result = $asks->(
'print "answer\n"; my $q = <STDIN>; select undef, undef, undef, 0.3; $_ ** 2 for 1 .. 3_000_000; print "to $q"; my @end = <STDIN>; print scalar @end'
    );
    is(
        $result->{stdout},
        "answer\nto what\n0",
        'comes when a line was printed, and the end of the input when it was answered'
    );
    cmp_ok( $result->{question_wall_s}, '>=', 0.3,               'how long it took is told' );
    cmp_ok( $result->{question_wall_s}, '<',  $result->{wall_s}, '... which is a part of the whole' );
    cmp_ok( $result->{question_cpu_s},  '>',  0,                 '... and so is the CPU time' );
    cmp_ok( $result->{question_cpu_s},  '<=', $result->{user_s} + $result->{sys_s}, '... a part of the whole, too' );
    $result = $asks->('print "answer\n"');
    is( join( q{ }, @{$result}{qw(exit question_wall_s)} ), '0 0', 'nobody has to hear it' );
    is( $asks->('exec "sleep", "0"')->{exit},               0,     '... nor to say anything' );

    my $idle = measure::Launch::run(
        command  => [ 'sleep', 1.5 ],
        launcher => $launcher,
        asleep_s => $GENEROUS_S
    );
    cmp_ok( $idle->{idle_looks}, '>', $idle->{looks} / 2, 'who sleeps is seen to sleep' );
    my $busy = measure::Launch::run(
        command  => [ $^X, '-e', 'my $t = time; 1 while time < $t + 3' ],
        launcher => $launcher,
        asleep_s => $GENEROUS_S
    );
    cmp_ok( $busy->{idle_looks}, '<', $busy->{looks} / 2, '... and who works is not' );
};

subtest 'A reader that does not read' => sub {
    pipe my $reader, my $writer or die $!;
    my $pid = fork // die "fork: $!";
    if ( !$pid ) {
        POSIX::dup2( fileno $writer, 1 );
        @ENV{ keys %mark } = values %mark;
        exec {$launcher} $launcher, '--wall', 0.5, '--report', "$folder/report", '--', $^X, '-e', 'print "y\n" while 1';
    }
    close $writer;
    ok( becomes_true( sub { marked_processes() == 2 } ), 'the program runs' );
    ok( becomes_true( sub { marked_processes() == 1 } ), 'the launcher stops it in time although nobody reads' );
    1 while sysread $reader, my $bytes, 65_536;
    waitpid $pid, 0;
    is( JSON::PP::decode_json( content("$folder/report") )->{stopped}, 'wall', '... and reports when somebody does' );
};

subtest 'Mistakes on the command line' => sub {
    my %mistake = (
        "no program"       => [ [],                                    qr/no program/ ],
        "nothing after --" => [ [ '--wall', 1, '--' ],                 qr/no program/ ],
        "unknown option"   => [ [ '--wal', 1, '--', 'true' ],          qr/unknown option '--wal'; usage: launch / ],
        "no value"         => [ ['--wall'],                            qr/'--wall' needs a value/ ],
        "bad seconds"      => [ [ '--wall', '3x', '--', 'true' ],      qr/--wall '3x' is not a number of seconds/ ],
        "zero seconds"     => [ [ '--cpu', '0', '--', 'true' ],        qr/--cpu '0' is not a number of seconds/ ],
        "no number"        => [ [ '--wall', 'nan', '--', 'true' ],     qr/--wall 'nan' is not/ ],
        "negative count"   => [ [ '--output', '-1', '--', 'true' ],    qr/--output '-1' is not a whole number/ ],
        "huge count"       => [ [ '--files', '9' x 30, '--', 'true' ], qr/--files '9+' is not a whole number/ ],
        "bad report"       =>
          [ [ '--report', "$folder/no/such", '--', 'true' ], qr/cannot write the report to \S+: No such/ ],
        "bad user"       => [ [ '--user', 'root',       '--', 'true' ], qr/--user 'root' is not a whole number/ ],
        "huge user"      => [ [ '--user', '4294967295', '--', 'true' ], qr/--user '\d+' is not the number of a user/ ],
        "closed kept fd" => [ [ '--keep', '77',         '--', 'true' ], qr/--keep '77' is not an open file/ ],
        "closed report fd" => [ [ '--report', '77', '--', 'true' ], qr/cannot write the report to 77: Bad file/ ],
    );
    for my $name ( sort keys %mistake ) {
        my ( $arguments, $words ) = @{ $mistake{$name} };
        my $result = measure::Launch::run( command => [ $launcher, @{$arguments} ], launcher => $launcher );
        is( $result->{exit}, 125, "$name: exit status 125" );
        like( $result->{stderr}, qr/\Alaunch: [^\n]*$words[^\n]*\n\z/, '... and one line that says what is wrong' );
    }
    ok( !eval { measure::Launch::run( command => ['true'], walls => 1 ) }, 'an unknown option of run()' );
    like( $@, qr/unknown option 'walls'/, '... is named' );
    ok( !eval { measure::Launch::run( command => ['true'], launcher => "$folder/none" ) },
        'a launcher that is missing' );
    like( $@, qr/there is no launcher at \S+: build it with/, '... is named, with what to do' );
};

done_testing;
