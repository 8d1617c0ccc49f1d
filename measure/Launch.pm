package measure::Launch;

# Runs one program under limits, through the C launcher beside this file. Ending.pm says in a sentence how it went.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp           qw(croak);
use Cwd            ();
use Fcntl          qw(F_SETFD);
use File::Basename ();
use IO::Select     ();
use JSON::PP       ();
use POSIX          ();

use measure::Ending;

my $TREE             = Cwd::abs_path( File::Basename::dirname(__FILE__) . '/..' );
my $DEFAULT_LAUNCHER = "$TREE/build/release/measure/launch";
my $CAPTURE_BYTES    = 64 * 1024;
my $OUTPUT_BYTES     = 1024 * 1024;

# A pipe takes so much without a reader, however little the system grants.
my $MOST_INPUT_BYTES = 4096;

# What the launcher outside of a sandbox grants beyond the limits that the one inside keeps.
my $GRACE_S     = 15;
my $GRACE_BYTES = 64 * 1024;

# Options of run() that are handed to the launcher as they are.
my %LAUNCHER_OPTION = (
    wall_s       => '--wall',
    cpu_s        => '--cpu',
    asleep_s     => '--asleep',
    memory_bytes => '--memory',
    output_bytes => '--output',
    files        => '--files',
    file_bytes   => '--file-bytes',
    processes    => '--processes',
    threads      => '--threads',
    user_tasks   => '--user-tasks',
    touch_bytes  => '--touch',
    user         => '--user',
);
my %KNOWN = map { $_ => 1 } keys %LAUNCHER_OPTION,
  qw(command launcher env only_env directory capture_bytes confine see write stdin question within);

sub run (%options) {
    for my $name ( sort keys %options ) {
        croak "measure::Launch::run: unknown option '$name'" if !$KNOWN{$name};
    }
    my @command = @{ $options{command} // [] };
    croak 'measure::Launch::run: command => [PROGRAM, ARGS...] is missing' if !@command;
    my $launcher = $options{launcher} // $DEFAULT_LAUNCHER;
    die "there is no launcher at $launcher: build it with 'make $launcher'\n" if !-x $launcher;

    my %limits = ( output_bytes => $OUTPUT_BYTES );
    for my $name ( grep { defined $options{$_} } keys %LAUNCHER_OPTION ) {
        $limits{$name} = $options{$name};
    }

    my $said = _converse(
        sub (%report_fd) {
            %ENV = () if $options{only_env};
            for my $name ( keys %{ $options{env} // {} } ) {
                if ( defined $options{env}{$name} ) { $ENV{$name} = $options{env}{$name} }
                else                                { delete $ENV{$name} }
            }
            if ( defined $options{directory} ) { chdir $options{directory} or return }
            my @arguments = _arguments( \%options, \%limits, %report_fd );
            { exec {$launcher} $launcher, @arguments, @command }
            return;
        },
        $options{capture_bytes} // $CAPTURE_BYTES,
        $options{stdin}         // $options{question},
    );

    my $report = _report( $said, defined $options{within} );
    if ( !$report ) {
        my $line = $said->{stderr} =~ /\A([^\n]+)/ ? $1 : "it ended with wait status $said->{status}";
        die "the launcher could not run @command: $line\n";
    }
    return {
        %{$report},
        command => \@command,
        limits  => \%limits,
        stdout  => $said->{stdout},
        stderr  => $said->{stderr}
    };
}

# The launcher's arguments up to the program. Within a sandbox a second launcher keeps the limits and reports; the one
# outside is there in case that one is lost, and ends the sandbox.
sub _arguments ( $options, $limits, %report_fd ) {
    my @switches = $options->{confine} ? '--confine' : ();
    push @switches, '--stdin'    if defined $options->{stdin};
    push @switches, '--question' if defined $options->{question};
    for my $what (qw(see write)) {
        push @switches, map { ( "--$what", $_ ) } @{ $options->{$what} // [] };
    }
    my $within = $options->{within};
    my %kept   = %{$limits};
    my @outside;
    if ($within) {
        @outside = (
            '--output', $kept{output_bytes} + $GRACE_BYTES,
            '--keep',   $report_fd{inner_report},
            '--report', $report_fd{report},
        );
        push @outside, '--wall', $kept{wall_s} + $GRACE_S if defined $kept{wall_s};
        push @outside, '--user', delete $kept{user}       if defined $kept{user};
        push @outside, '--stdin' if defined $options->{stdin} || defined $options->{question};
        push @outside, '--', @{ $within->{command} }, $within->{launcher};
    }
    my @kept = map { ( $LAUNCHER_OPTION{$_}, $kept{$_} ) } sort keys %kept;
    return ( @outside, @kept, @switches, '--report', $report_fd{ $within ? 'inner_report' : 'report' }, '--' );
}

# Result: the launcher's report, undef when there is none. Within a sandbox it is the inner launcher's, but for what only
# the outer one can tell.
sub _report ( $said, $has_inner ) {
    my $report = eval { JSON::PP->new->decode( $said->{report} ) };
    return $report if !$report || !$has_inner;
    my $inner = eval { JSON::PP->new->decode( $said->{inner_report} ) };
    if ( ref $inner ne 'HASH' ) {
        my $stopped = defined $report->{error} ? undef : $report->{stopped} // 'lost';
        return { %{$report}, exit => undef, signal => undef, stopped => $stopped };
    }
    return {
        %{$inner},
        stopped   => $report->{stopped} // $inner->{stopped},
        survivors => $report->{survivors},
    };
}

# A handle from which these bytes can be read.
sub _input ($bytes) {
    croak "measure::Launch::run: stdin is longer than $MOST_INPUT_BYTES bytes" if length $bytes > $MOST_INPUT_BYTES;
    pipe my $reader, my $writer or die "cannot make a pipe: $!\n";
    my $put = syswrite $writer, $bytes;
    die "cannot fill a pipe: $!\n" if ( $put // -1 ) != length $bytes;
    return $reader;
}

# Starts a child that calls $become (which must end in exec) and reads its standard output, its standard error and its
# reports until all of them are closed. Whatever ends this early, a signal handler that dies for one, ends the child too.
sub _converse ( $become, $capture_bytes, $stdin ) {
    my ( %reader, %writer );
    for my $stream (qw(stdout stderr report inner_report)) {
        pipe $reader{$stream}, $writer{$stream} or die "cannot make a pipe: $!\n";
    }
    my $input = defined $stdin ? _input($stdin) : undef;
    my $pid   = fork // die "cannot start another process: $!\n";
    if ( $pid == 0 ) {
        POSIX::dup2( fileno $writer{stdout}, 1 );
        POSIX::dup2( fileno $writer{stderr}, 2 );
        POSIX::dup2( fileno $input,          0 ) if $input;
        fcntl $writer{$_}, F_SETFD, 0 for qw(report inner_report);
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE __DIE__ __WARN__);
        $become->( map { $_ => fileno $writer{$_} } qw(report inner_report) );
        POSIX::_exit(125);
    }
    close $_ for values %writer;

    my %said = map { $_ => q{} } keys %reader;
    my $read = eval { _read_all( \%reader, \%said, { stdout => $capture_bytes, stderr => $capture_bytes } ); 1 };
    my $why  = $@;
    kill 'TERM', $pid if !$read;
    waitpid $pid, 0;
    die $why if !$read;
    return { %said, status => $? };
}

# Reads every handle in %$readers to its end; keeps of each at most the bound given for it and drops the rest.
sub _read_all ( $readers, $said, $bounds ) {
    my %name_of = map { fileno( $readers->{$_} ) => $_ } keys %{$readers};
    my $open    = IO::Select->new( values %{$readers} );
    while ( $open->count ) {
        for my $handle ( $open->can_read ) {
            my $name = $name_of{ fileno $handle };
            my $got  = sysread $handle, my $bytes, 65_536;
            if ( !defined $got ) {
                next if $!{EINTR};
                die "cannot read $name of the launcher: $!\n";
            }
            if ( $got == 0 ) {
                $open->remove($handle);
                next;
            }
            my $room = ( $bounds->{$name} // 65_536 ) - length $said->{$name};
            $said->{$name} .= substr $bytes, 0, $room if $room > 0;
        }
    }
    return;
}

sub ok ($result) {
    my $whole = !defined $result->{error} && !defined $result->{stopped} && !$result->{strays};
    return $whole && defined $result->{exit} && $result->{exit} == 0;
}

sub sentence ($result) { return measure::Ending::sentence($result) }

1;

__END__

=head1 NAME

measure::Launch - run one program under limits and report the result

=head1 SYNOPSIS

    use lib '/path/of/the/tree';
    use measure::Launch;

    my $result = measure::Launch::run(
        command => [ 'bin/list-par', '-t', 4, 100_000 ],
        wall_s  => 20,
        cpu_s   => 60,
    );
    say 'bin/list-par ', measure::Launch::sentence($result);
    say $result->{user_s} + $result->{sys_s}, ' s of CPU' if measure::Launch::ok($result);

=head1 FUNCTIONS

=head2 run(%options)

Runs a program to its end and returns a reference to a hash. The program gets no shell, a session of its own, no core dumps and
no open files except the usual three. Its standard input is empty without the option C<stdin>. When run() returns, no process
that the program started is left. run() does not die when the program fails: the result says so. It dies with one line when it
cannot do its own work (no launcher, no pipe, an unknown option).

Options; only C<command> is required:

=over

=item command => [PROGRAM, ARGS...]

If PROGRAM holds no slash, it is searched in PATH.

=item wall_s, cpu_s => seconds

Limits on elapsed time (fractions allowed) and on CPU time of one process (rounded up to a whole second). Default: no limit.

=item asleep_s => seconds

How long all threads of the program and of its children may sleep at once: a deadlock. Who only wakes up to look at a lock (less
than 1% of a CPU) sleeps all the same. A thread that wants to run and is not let is not asleep, so a busy machine stops nobody.
Looked at 20 times a second. Default: no limit.

=item memory_bytes => bytes

Limit on the address space (RLIMIT_AS). Not for programs built with a sanitizer, which reserve terabytes.

=item output_bytes => bytes

Limit on standard output and standard error together (default: 1 MiB).

=item files, file_bytes => count

Limits on the number of open files and on the length of a file (RLIMIT_FSIZE; a process that writes more gets SIGXFSZ).

=item processes, threads => count

Limits on the living processes of this program (1 forbids to fork), and on the threads of all of them together. They are
counted 5 to 200 times a second, so a short burst remains unseen.

=item user_tasks => count

Limit on all threads of the program's user (RLIMIT_NPROC); the kernel refuses the next one. It does not bind root.

=item user => number

Root only: run the program as the user and the group of this number, without other groups. At the end every process of that
user is killed, so only this run should use the number. No user may have the next number.

=item confine => true

The program gains no rights by exec and has no networks, no new namespaces, no access to the memory and the limits of other
processes, no System V memory, queues or semaphores (measure/confine.h): the calls fail with EPERM. Processes of the same user
cannot trace the launcher.

=item see, write => [PATH, ...]

With either of them, the program can open only these paths and the files in them: C<see> to read and execute, C<write> also to
write. It cannot trace or inspect other programs and, since Linux 6.12, cannot send them signals (measure/fence.h). Without
Landlock (Linux 5.13) the result is an C<error>.

=item within => { command => [PREFIX...], launcher => path }

Runs the program inside a sandbox. The launcher runs PREFIX, and PREFIX must run the rest of its arguments: the launcher again
(as C<path> inside) and the program. The inner launcher keeps all limits and makes the report. If it is the first process in
its pid namespace, it takes no signals from inside. C<user> is for PREFIX and so for everything in it. grader::sandbox::Sandbox
makes this option.

=item touch_bytes => bytes

The memory to touch before the program starts, so that a virtual machine has it ready (measure/touch.h). It is for timed runs:
a little more than the largest need of the compared programs.

=item env => {NAME => VALUE, ...}

Variables to set for the program in addition to the caller's; an undefined value removes the variable.

=item only_env => true

The program gets the variables of C<env> and no others.

=item question => string

Instead of C<stdin>: what the program is asked when it has printed its first line. The end of its standard input comes when it has
printed the second. question_wall_s and question_cpu_s of the result say what this took.

=item stdin => string

The program's standard input, at most 4,096 bytes. It is there before the program starts.

=item directory => path

The working folder of the program; a relative PROGRAM is then searched there.

=item launcher => path

The launcher's binary (default: build/release/measure/launch of this tree; C<make build/release/measure/launch> builds it).

=item capture_bytes => bytes

The most bytes that the result keeps of standard output and of standard error (default: 64 KiB each).

=back

The result:

    stdout, stderr       the output, up to the bound
    exit                 0 to 255; undef when it did not exit by itself
    signal               the number of the signal that ended it, else undef
    question_wall_s, question_cpu_s
                         the part of wall_s and of the CPU time between the first and the second line that was printed
    looks, idle_looks    how often C<asleep_s> looked at the threads, and how often none of them ran or wanted to
    stopped              why it was stopped: 'wall', 'cpu', 'asleep', 'output', 'processes', 'threads', 'told' (a signal to the
                         launcher), 'lost' (it ended together with its sandbox, which made no report); else undef
    error                why it could not be started at all, else undef
    wall_s user_s sys_s  seconds; user_s and sys_s are of the program and of the children it waited for
    peak_kib             largest resident memory of the program (not of the caller or the launcher)
    strays               processes that it left behind and that were killed (when stopped: its children)
    survivors            processes that could not be killed (0, except when something is badly wrong)
    minor_faults major_faults voluntary_switches involuntary_switches   as in getrusage(2)
    stdout_bytes stderr_bytes   the length of the whole output
    command, limits      from the options

=head2 ok($result)

True when the program started, exited by itself with status 0 and left no process behind.

=head2 sentence($result)

How the run ended, in words: see L<measure::Ending>.

=cut
