#!/usr/bin/env perl

# grader::sandbox::Sandbox: what each level of isolation promises holds against a program that tries, a run is reported as if there
# were no sandbox around it, and nothing of a job is left.
#
# Whatever attacks here is bounded by itself: 200 processes or threads, 16 MiB written, 15 s. Each attack is also tried
# without a sandbox, to know that it is one.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp       ();
use FindBin          qw($Bin);
use IO::Socket::INET ();
use POSIX            ();
use Test::More;
use Time::HiRes qw(sleep time);

use lib "$Bin/../..";
use grader::sandbox::Sandbox;
use measure::Launch;
use tests::lib::Built;
use tests::lib::Files qw(write_file);

my $launcher = tests::lib::Built::launcher();

my $MIB         = 1024 * 1024;
my $GENEROUS_S  = 10;
my $MOST_TASKS  = 20;
my $SPARE_TASKS = 2;
my %mark        = ( SANDBOX_TEST_MARK => "<sandbox.t $$>" );

# ---- The attacker --------------------------------------------------------------------------------------------------------

my $tools = File::Temp->newdir;
chmod oct 755, $tools;
my $attacker = "$tools/attacker";
system( 'gcc', qw(-std=gnu11 -D_GNU_SOURCE -O1 -pthread -o), $attacker, "$Bin/../tools/attacker.c" ) == 0
  or BAIL_OUT('the attacker of this test cannot be compiled');

# A folder of the grader's own with something in it that nobody may see, as grader, answers and other jobs have.
my $beside = File::Temp->newdir;
write_file( "$beside/answers", 'SECRET' );

# One that was left open to everybody by mistake.
my $careless = File::Temp->newdir;
chmod oct 777, $careless;
write_file( "$careless/answers", 'SECRET' );
chmod oct 666, "$careless/answers";

my $server = IO::Socket::INET->new( LocalAddr => '127.0.0.1', Listen => 5 ) or die "cannot listen: $@";
my $port   = $server->sockport;

sub content ($path) {
    open my $file, '<', $path or return '';
    local $/ = undef;
    return <$file> // '';
}

sub becomes_true ($condition) {
    my $deadline = time + $GENEROUS_S;
    until ( $condition->() ) {
        return 0 if time > $deadline;
        sleep 0.01;
    }
    return 1;
}

sub marked_processes () {
    return
      grep { content("/proc/$_/environ") =~ /\Q$mark{SANDBOX_TEST_MARK}\E/ } map { m{(\d+)\z} } glob '/proc/[0-9]*';
}

# Not those that have ended and are only remembered until somebody asks for their exit status.
sub processes_of ($user) {
    return if !defined $user;
    my @all = grep { ( ( stat "/proc/$_" )[4] // -1 ) == $user } map { m{(\d+)\z} } glob '/proc/[0-9]*';
    return grep { content("/proc/$_/stat") =~ /\) [^ZX]/ } @all;
}

# ---- Levels that this machine has ----------------------------------------------------------------------------------------

# Options: those of wrap(). Result: of the run.
sub in_sandbox ( $sandbox, $command, %options ) {
    return measure::Launch::run(
        $sandbox->wrap( command => $command, wall_s => $GENEROUS_S, see => [$attacker], env => \%mark, %options ) );
}

sub attack ( $sandbox, $arguments, %options ) {
    return in_sandbox( $sandbox, [ $attacker, @{$arguments} ], threads => $MOST_TASKS, %options );
}

sub bare ( $arguments, %options ) {
    return measure::Launch::run(
        command  => [ $attacker, @{$arguments} ],
        launcher => $launcher,
        wall_s   => $GENEROUS_S,
        env      => \%mark,
        %options
    );
}

sub is_refused ( $sandbox, $arguments, $what ) {
    my $result = attack( $sandbox, $arguments );
    like( $result->{stdout}, qr/\Arefused/, $what ) or diag measure::Launch::sentence($result), "\n", $result->{stderr};
    return;
}

sub not_tested ($what) {
    diag("not tested: $what");
    skip $what, 1;
}

# A machine may refuse an attack by itself; then its refusal in a sandbox says nothing.
sub works_bare ( $arguments, $what ) {
    my $said = bare($arguments)->{stdout};
  SKIP: {
        not_tested("$what is refused here without a sandbox") if $said =~ /\Arefused/;
        like( $said, qr/\Adone/, "$what works without a sandbox" );
    }
    return;
}

sub many_start_bare ($kind) {
    my ($most) = ( bare( ["$kind-bomb"] )->{stdout} =~ /(\d+)\n\z/, 0 );
  SKIP: {
        not_tested("no more than $most of $kind can be had here") if $most < 200;
        is( $most, 200, "200 of $kind start without a sandbox" );
    }
    return;
}

# Whether a level should work here, found without the module that is tested: a mistake of it must not look like a machine
# that allows nothing.
my %is_possible = (
    namespaces => sub {
        my $as = $> == 0 ? 'setpriv --reuid 60600 --regid 60600 --clear-groups' : q{};
        return system("$as bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev true >/dev/null 2>&1") == 0;
    },
    user => sub { return $> == 0 && system( $^X, '-MPOSIX', '-e', 'exit !POSIX::setuid(60_600)' ) == 0 },
    none => sub { return 1 },
);

# Of interleaved runs of a program that does nothing, because the machine's speed wanders.
sub what_it_costs ( $sandbox, $level ) {
    my ( @with, @without );
    for ( 1 .. 9 ) {
        my $started = time;
        attack( $sandbox, ['hello'] );
        my $between = time;
        bare( ['hello'] );
        push @with,    $between - $started;
        push @without, time - $between;
    }
    my @median_ms = map {
        1000 * ( sort { $a <=> $b } @{$_} )[4]
    } \@with, \@without;
    return sprintf 'a run at %s takes %.1f ms, without a sandbox %.1f ms (medians of 9)', $level, @median_ms;
}

# Calls $body with a sandbox of that level, or says why there is none.
sub at_level ( $level, $body ) {
    my $workspace = File::Temp->newdir;
    my $sandbox =
      eval { grader::sandbox::Sandbox->choose( workspace => "$workspace", launcher => $launcher, wanted => $level ) };
    if ( !$sandbox ) {
        my $why = $@ =~ s/\n//gr;
        if ( $is_possible{$level}->() ) {
            fail("isolation by '$level' can be had here: $why");
            return;
        }
        diag("not tested: isolation by '$level'; $why");
        plan skip_all => $why;
    }
    is( $sandbox->level, $level, $sandbox->describe );
    my $user = $sandbox->user;
    $body->( $sandbox, "$workspace" );
    note( what_it_costs( $sandbox, $level ) );
    undef $sandbox;
    ok( becomes_true( sub { !processes_of($user) && !marked_processes() } ), 'no process of the job is left' );
    return;
}

# ---- What holds at every level -------------------------------------------------------------------------------------------

sub is_reported_faithfully ($sandbox) {
    my $run = sub ( $arguments, %options ) { attack( $sandbox, $arguments, %options ) };
    my $say = sub (@arguments) { measure::Launch::sentence( $run->(@arguments) ) };

    my $well = $run->( ['hello'], stdin => "nonce 42\n" );
    is( $well->{stdout}, "hello, nonce 42\n", 'it reads its standard input and is heard' );
    is( $well->{stderr}, '',                  'nothing else is heard' );
    ok( measure::Launch::ok($well), 'a run that ends well is ok()' ) or diag measure::Launch::sentence($well);
    is( $say->( ['exit'] ),  'ended with exit status 139: no more', 'an exit status that looks like a signal is one' );
    is( $say->( ['crash'] ), 'crashed with signal 11 (segmentation fault)', 'a crash is one' );
    like( $say->( ['killed'] ), qr/\Awas killed by signal 9 \(killed\)/, 'so is SIGKILL' );
    is( $say->( ['sleep'], wall_s => 0.3 ), 'was stopped after 0.3 s: it did not finish', 'elapsed time is limited' );
    is( $say->( ['spin'],  cpu_s  => 1 ),   'was stopped after 1 s of CPU: it did not finish', 'CPU time is limited' );
    is( $say->( ['flood'] ), 'printed more than 1 MiB and was stopped', 'output is limited' );
    is(
        $say->( [ 'fill', '.' ], file_bytes => $MIB ),
        'crashed with signal 25 (a file became longer than 1 MiB; what memfd_create makes is a file, too)',
        'the length of a file is limited'
    );
    like( $run->( ['hello'], memory_bytes => 100_000 )->{error}, qr/memory limit .* too small/, 'memory is limited' );

    my ( $inside, $outside ) = map { $_->{peak_kib} } $run->( ['touch'] ), bare( ['touch'] );
    cmp_ok( abs( $inside - $outside ),
        '<', 1024, "its peak memory is its own ($inside KiB, without sandbox $outside KiB)" );
    return;
}

sub is_left_alone ( $sandbox, $workspace ) {
    is_refused( $sandbox, ['ptrace'],                         'the launcher cannot be traced' );
    is_refused( $sandbox, [ 'read', '/proc/PARENT/mem' ],     'its memory cannot be read' );
    is_refused( $sandbox, [ 'read', '/proc/PARENT/environ' ], 'its environment cannot be read' );
    is_refused( $sandbox, ['files-of-parent'],                'its files cannot be opened' );
    is_refused( $sandbox, ['limits-of-parent'],               'its limits cannot be changed' );
    is_refused( $sandbox, ['inherited'],                      'no file of its is open' );
    is_refused( $sandbox, ['namespace'],                      'it cannot make a user namespace' );
    is_refused( $sandbox, [ 'connect', $port ],               'it cannot connect to this host' );
    is_refused( $sandbox, ['shared-memory'],                  'it cannot leave shared memory' );

    local $ENV{GRADER_TOKEN} = 'SECRET';
    my %expected = ( %mark, map { $_ => 1 } qw(PATH HOME TMPDIR LC_ALL) );
    my $seen     = in_sandbox( $sandbox, ['env'] )->{stdout};
    is( join( q{ }, grep { !$expected{$_} } $seen =~ /^(\w+)=/mg ) =~ s/\bPWD\b//r,
        '', 'it has no other variables than those that it was given' );

    my $daemon = attack( $sandbox, ['daemon'] );
    is( $daemon->{strays},                1,  'a daemon is counted' ) or diag measure::Launch::sentence($daemon);
    is( join( q{ }, marked_processes() ), '', '... and ended' );
    return;
}

sub has_its_own_files_only ($sandbox) {
    my @hidden = ( "$beside/answers", "$careless/answers", "$Bin/../../grader/Settings.pm", '/etc/passwd' );
    is_refused( $sandbox, [ 'read', $_ ], "$_ is out of sight" ) for @hidden;
    for my $folder ( "$careless", '/', '/usr', '/etc', '/dev', '/sys/devices/system/cpu' ) {
        is_refused( $sandbox, [ 'write', "$folder/planted" ], "nothing can be written in $folder" );
    }
    my %look = ( see => [ $attacker, "$careless" ] );
    my $seen = attack( $sandbox, [ 'read', "$careless/answers" ], %look )->{stdout};
    like( $seen, qr/\Adone/, 'it may look where it is told' );
    my $only_seen = attack( $sandbox, [ 'write', "$careless/answers" ], %look )->{stdout};
    like( $only_seen, qr/\Arefused/, '... and not write there' );
    return;
}

# Where there is Landlock. $body: what else holds then. Afterwards the sandbox has no fence.
sub is_fenced ( $sandbox, $body ) {
  SKIP: {
        not_tested('this kernel has no Landlock') if !$sandbox->{fence};
        has_its_own_files_only($sandbox);
        $body->();
    }
    $sandbox->{fence} = 0;
    return;
}

# What the kernel refuses is a small multiple of nothing; what is watched is stopped.
sub is_limited_in_number ( $sandbox, $by_kernel ) {
    for my $kind (qw(fork thread)) {
        my $result = attack( $sandbox, ["${kind}-bomb"] );
        my ($most) = ( $result->{stdout} =~ /(\d+)\n\z/, 0 );
        if ($by_kernel) {
            cmp_ok( $most, '<=', $MOST_TASKS + $SPARE_TASKS, "${kind} bomb: not more than it may have" );
            cmp_ok( $most, '>=', $MOST_TASKS - 1,            '... and not less' );
        }
        ok( !measure::Launch::ok($result), "${kind} bomb: " . measure::Launch::sentence($result) );
    }
    return;
}

subtest 'The attacks are attacks' => sub {
    works_bare( ['ptrace'],                         'tracing the launcher' );
    works_bare( [ 'read', '/proc/PARENT/mem' ],     'reading its memory' );
    works_bare( [ 'read', '/proc/PARENT/environ' ], 'reading its environment' );
    works_bare( ['files-of-parent'],                'opening its files' );
    works_bare( ['limits-of-parent'],               'changing its limits' );
    works_bare( [ 'connect', $port ],               'connecting to this host' );
    works_bare( ['shared-memory'],                  'leaving shared memory' );
    works_bare( [ 'read', "$beside/answers" ],      'reading beside the grader' );
    works_bare( [ 'write', "$careless/planted" ],   'writing elsewhere' );
    works_bare( ['others'],                         'seeing other processes' );
    unlink "$careless/planted";
    many_start_bare($_) for qw(fork thread);
};

subtest 'Isolation by namespaces' => sub {
    at_level(
        namespaces => sub ( $sandbox, $workspace ) {
            is_reported_faithfully($sandbox);
            is_left_alone( $sandbox, $workspace );
            is_limited_in_number( $sandbox, 1 );

            has_its_own_files_only($sandbox);
            is_refused( $sandbox, ['others'],        'it sees no process but its launcher and itself' );
            is_refused( $sandbox, ['signal-parent'], 'the launcher takes no signals from inside' );
            is( attack( $sandbox, ['signal-parent'] )->{exit}, 0, '... and reports as if there had been none' );

          SKIP: {
                not_tested('this bubblewrap has no --size') if !$sandbox->{bwrap}{knows}{size};
                for my $folder (qw(/tmp /dev/shm)) {
                    my $filled = attack( $sandbox, [ 'fill', $folder ], tmp_bytes => 4 * $MIB );
                    is( $filled->{stdout}, "refused: No space left on device\n4 MiB\n", "$folder is bounded" );
                }
                attack( $sandbox, [ 'write', '/tmp/kept' ] );
                is_refused( $sandbox, [ 'read', '/tmp/kept' ], 'nothing is handed from one run to the next' );
            }
            {
                local $sandbox->{bwrap}{knows} = {};
                is_refused( $sandbox, [ 'write', $_ ], "an old bubblewrap: nothing can be written at $_" )
                  for qw(/tmp/x /dev/shm/x);
                my $temporary = in_sandbox( $sandbox, [ 'sh', '-c', 'echo kept >"$TMPDIR/x" && cat "$TMPDIR/x"' ] );
                is( $temporary->{stdout}, "kept\n", '... but temporary files' );
            }

            lose_its_launcher($sandbox);
            ok( becomes_true( sub { !marked_processes() } ), 'all of it ends with a launcher that is killed outright' );

            # Kernels without a filter for system calls have this alone.
            $sandbox->{confine} = 0;
            is_refused( $sandbox, [ 'connect', $port ], 'without the filter: it cannot connect to this host' );
            is_refused( $sandbox, ['ptrace'],           '... nor trace' );
          SKIP: {
                not_tested('this bubblewrap has no --disable-userns') if !$sandbox->{bwrap}{knows}{'disable-userns'};
                is_refused( $sandbox, ['namespace'], '... nor make a user namespace' );
            }
        }
    );
};

# What a bubblewrap of 0.4 to 0.7 says to an option that is younger than it.
my $OLD_BWRAP = <<'END_OF_SCRIPT';
#!/bin/sh
for argument; do
    case $argument in @UNKNOWN@) echo "bwrap: Unknown option $argument" >&2; exit 1 ;; esac
done
exec @BWRAP@ "$@"
END_OF_SCRIPT

subtest 'An old bubblewrap is as good a sandbox, and says what it lacks' => sub {
    my ($bwrap) = grep { -x } map { "$_/bwrap" } split /:/, $ENV{PATH};
    plan skip_all => 'isolation by namespaces cannot be had here' if !$is_possible{namespaces}->();
    my %unknown = (
        '0.6' => { '--size'           => qr/cannot bound \/tmp/, '--disable-userns' => qr/to forbid more namespaces/ },
        '0.7' => { '--disable-userns' => qr/to forbid more namespaces/ },
    );
    for my $version ( sort keys %unknown ) {
        my $folder = "$tools/bwrap-$version";
        mkdir $folder or die "$folder: $!";
        my $refused = join q{|}, sort keys %{ $unknown{$version} };
        write_file( "$folder/bwrap", $OLD_BWRAP =~ s/\@UNKNOWN\@/$refused/r =~ s/\@BWRAP\@/$bwrap/r );
        chmod oct 755, "$folder/bwrap";
        local $ENV{PATH} = "$folder:$ENV{PATH}";
        my $workspace = File::Temp->newdir;
        my $sandbox   = grader::sandbox::Sandbox->choose( workspace => "$workspace", launcher => $launcher );
        is( $sandbox->level, 'namespaces', "bubblewrap $version" ) or diag $sandbox->describe;
        like( $sandbox->describe, $_, '... says what it lacks' ) for values %{ $unknown{$version} };
        is_refused( $sandbox, [ 'write', '/dev/shm/x' ], '... and leaves no unbounded memory to write to' )
          if $version eq '0.6';
        is_refused( $sandbox, ['namespace'], '... nor another namespace to make' );
    }
};

subtest 'Isolation by a user' => sub {
    at_level(
        user => sub ( $sandbox, $workspace ) {
            is_reported_faithfully($sandbox);
            is_left_alone( $sandbox, $workspace );
            is_limited_in_number( $sandbox, 1 );

            is_fenced( $sandbox,
                sub { is_refused( $sandbox, [ 'write', '/dev/shm/x' ], 'it leaves nothing in shared folders' ) } );
            is_refused( $sandbox, [ 'read',  "$beside/answers" ],  'what is closed to others is closed to it' );
            is_refused( $sandbox, [ 'read',  "/proc/$$/environ" ], 'so is the environment of the grader' );
            is_refused( $sandbox, [ 'write', "$_/planted" ],       "nothing can be written in $_" )
              for '/', '/usr', "$workspace";
            is_refused( $sandbox, ['signal-parent'], 'the launcher cannot be sent a signal' );

            # An open folder in somebody's closed one.
            my $closed = File::Temp->newdir( 'sandbox-closed-XXXX', DIR => '/tmp' );
            mkdir "$closed/open";
            chmod oct 755,  "$closed";
            chmod oct 1777, "$closed/open";
            my @left = map { "$_/sandbox-test-$$" } "$closed/open", grep { -d && -w } qw(/tmp /var/tmp /dev/shm);
            attack( $sandbox, [ 'write', $_ ] ) for @left, 'kept';
            is( scalar( grep { -e } @left ), scalar @left, 'it can leave files in shared folders' );
            is_refused( $sandbox, [ 'read', 'kept' ], 'its own folder is empty at each start' );

            # Forty folders with names of 200 characters lie deeper than any path may be long.
            my $deep =
'mkdir $p; chdir $p or die "$!"; $d = "0" x 200; for (1 .. 40) { mkdir $d; chdir $d or die "$!" } open F, ">x" or die "$!"';
            for my $place ( 'deep', "/tmp/sandbox-deep-$$" ) {
                my $made = in_sandbox( $sandbox, [ 'perl', '-e', "\$p = q{$place}; $deep" ] );
                ok( measure::Launch::ok($made), "it can leave a file deep below $place" ) or diag $made->{stderr};
            }
            push @left, "/tmp/sandbox-deep-$$";
            my $names = in_sandbox( $sandbox, [ 'sh', '-c', 'ls -A "$TMPDIR"' ] );
            is( $names->{stdout}, q{}, '... which is gone at the next start' );

            mkdir "$workspace/out";
            attack( $sandbox, [ 'write', "$workspace/out/object" ], write => ["$workspace/out"] );
            is( -s "$workspace/out/object", 1, 'it writes where it may' );
            is_refused( $sandbox, [ 'write', "$workspace/out/object" ], '... and a later run cannot change that' );

            my $other_workspace = File::Temp->newdir;
            my $other           = grader::sandbox::Sandbox->choose(
                workspace => "$other_workspace",
                launcher  => $launcher,
                wanted    => 'user'
            );
            $other->{fence} = 0;
            isnt( $other->user, $sandbox->user, 'another job is another user' );
            write_file( "$other_workspace/source.c", 'SECRET' );
            is_refused( $sandbox, [ 'read', "$other_workspace/source.c" ], '... whose workspace is closed' );
            like( attack( $other, [ 'read', "$other_workspace/source.c" ] )->{stdout},
                qr/\Adone/, '... to others only' );

            lose_its_launcher($sandbox);
            ok(
                becomes_true( sub { 1 == marked_processes() } ),
                'a daemon outlives a launcher that is killed outright'
            );
            $sandbox->release;
            ok( becomes_true( sub { !marked_processes() } ), '... until the end of the job' );
            is( join( q{ }, grep { -e } @left ), '', 'files that it left in shared folders are gone' );
        }
    );
};

subtest 'No isolation' => sub {
    at_level(
        none => sub ( $sandbox, $workspace ) {
            is_reported_faithfully($sandbox);
            is_left_alone( $sandbox, $workspace );
            is_limited_in_number( $sandbox, 0 );
            is_fenced(
                $sandbox,
                sub {
                    my ( $major, $minor ) = ( POSIX::uname() )[2] =~ /(\d+)[.](\d+)/;
                    not_tested('this kernel lets a fenced program send signals') if $major * 100 + $minor < 612;
                    is_refused( $sandbox, ['signal-parent'], 'it cannot send the launcher a signal' );
                }
            );
        }
    );
};

# Kills the outer launcher while a program with a daemon runs.
sub lose_its_launcher ($sandbox) {
    my $grader = fork // die "fork: $!";
    if ( !$grader ) {
        eval { attack( $sandbox, ['daemon-and-wait'], wall_s => 3 * $GENEROUS_S ) };
        POSIX::_exit(0);
    }
    my $is_ready = sub {
        2 == grep { content("/proc/$_/cmdline") =~ /\A\Q$attacker\E/ } marked_processes();
    };
    ok( becomes_true($is_ready), 'a program with a daemon runs' );
    my ($outer) = grep { $_ } split q{ }, content("/proc/$grader/task/$grader/children");
    kill KILL => $outer;
    kill KILL => $grader;    # it would wait for all that is left
    waitpid $grader, 0;
    return;
}

subtest 'Files that the job wrote' => sub {
    my $workspace = File::Temp->newdir;
    my $sandbox   = grader::sandbox::Sandbox->choose( workspace => "$workspace", launcher => $launcher );
    mkdir "$workspace/out";
    my $made = in_sandbox(
        $sandbox,
        [
            'sh',
            '-c',
            'echo x >file; chmod 4777 file; ln -s /etc/passwd link; mkdir d; ln file d/hard; mkfifo d/pipe; echo y >d/y'
        ],
        write     => ["$workspace/out"],
        directory => "$workspace/out",
    );
    ok( measure::Launch::ok($made), 'it writes where it may' ) or diag $made->{stderr};
    $sandbox->settle("$workspace/out");
    is( join( q{ }, sort map { s{\A\Q$workspace\E/out/}{}r } glob "$workspace/out/* $workspace/out/d/*" ),
        'd d/hard d/y', 'no links, pipes or files of several names are left' );
    my @about = stat "$workspace/out/d/y";
    is( sprintf( '%o %d', $about[2] & oct 7777, $about[4] ),
        "644 $>", 'the rest belongs to the caller, as plain files' );
};

subtest 'Mistakes of the caller' => sub {
    my $workspace = File::Temp->newdir;
    my $sandbox   = grader::sandbox::Sandbox->choose( workspace => "$workspace", launcher => $launcher );
    my %mistake   = (
        'a path that is not there' => [ { see => ["$workspace/none"] },      qr/there is no \S+none/ ],
        'a variable of the loader' => [ { env => { LD_PRELOAD => 'x.so' } }, qr/LD_PRELOAD would change the launcher/ ],
        'what the sandbox decides' => [ { user => 0 },                       qr/'user' is not for the caller to say/ ],
    );
    for my $name ( sort keys %mistake ) {
        my ( $options, $words ) = @{ $mistake{$name} };
        ok( !eval { $sandbox->wrap( command => ['true'], %{$options} ) }, $name );
        like( $@, $words, '... is named' );
    }
    ok(
        !eval {
            grader::sandbox::Sandbox->choose( workspace => "$workspace", launcher => $launcher, wanted => 'best' );
        },
        'a level'
    );
    like( $@, qr/'best' is not one of namespaces user none/, '... that does not exist is named' );
};

done_testing;
