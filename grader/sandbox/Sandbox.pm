package grader::sandbox::Sandbox;

# Where code that nobody has read is compiled and run: the best isolation that this machine allows, chosen once for a job,
# and what measure::Launch::run must be told to use it. The POD below says what each level promises.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp           qw(croak);
use Cwd            ();
use File::Basename qw(dirname);
use File::Copy     qw(copy);
use File::Find     ();
use POSIX          ();
use grader::sandbox::User;
use measure::Launch;

my @LEVELS = qw(namespaces user none);
my $TREE   = Cwd::abs_path( dirname(__FILE__) . '/../..' );
my $MIB    = 1024 * 1024;

# What a run gets when nobody says otherwise: no limit is ever absent.
my %USUAL     = ( wall_s => 60, threads => 128, files => 256, file_bytes => 64 * $MIB, output_bytes => $MIB );
my $TMP_BYTES = 64 * $MIB;

# The launcher is one more thread of the job's user, what holds the sandbox another.
my $OWN_TASKS = 2;

# Kernels from here on count the threads of a user apart in each user namespace.
my $COUNTED_PER_NAMESPACE = 5.014;

# Whoever runs inside may see these of the system, and no more. The last two say how many processors there are and how huge
# pages are used: allocators and the C library look there.
my @SYSTEM_FOLDERS = qw(/usr /bin /sbin /lib /lib32 /lib64 /libx32);
my @SYSTEM_PIECES  = qw(/etc/alternatives /etc/ld.so.cache /sys/devices/system/cpu /sys/kernel/mm/transparent_hugepage);

my $PROBE_S = 20;

# Of bubblewrap: the first came with 0.7, the second with 0.8.
my @YOUNGER_OPTIONS = qw(size disable-userns);

sub choose ( $class, %options ) {
    my ($odd) = grep { !/\A(?:workspace|launcher|wanted)\z/ } sort keys %options;
    croak "grader::sandbox::Sandbox->choose: unknown option '$odd'" if defined $odd;
    my $wanted = $options{wanted};
    croak "grader::sandbox::Sandbox->choose: '$wanted' is not one of @LEVELS"
      if defined $wanted && !grep { $_ eq $wanted } @LEVELS;

    my $self = bless { process => $$, refused => [], opened => {} }, $class;
    $self->{user} = grader::sandbox::User->claim if $> == 0 && ( $wanted // q{} ) ne 'none';
    $self->_make_folders( $options{workspace}, $options{launcher} );
    for my $level ( $wanted // @LEVELS ) {
        my $why_not = $self->_try($level) // return $self;
        push @{ $self->{refused} }, "no $level: $why_not";
    }
    die 'the grader cannot run anything in isolation: ', join( '; ', @{ $self->{refused} } ), "\n";
}

sub level ($self) { return $self->{level} }

# The number of the job's own user; undef when it has none.
sub user ($self) { return $self->{user} ? $self->{user}->number : undef }

sub describe ($self) {
    my $user  = $self->user;
    my $calls = $self->{confine}      ? q{} : '; this kernel cannot filter system calls';
    my $why   = @{ $self->{refused} } ? ' (' . join( '; ', @{ $self->{refused} } ) . ')' : q{};
    if ( $self->{level} eq 'namespaces' ) {
        my $who   = defined $user ? ", as user $user" : q{};
        my $knows = $self->{bwrap}{knows};
        my $disk  = $knows->{size} ? q{} : '; this bubblewrap cannot bound /tmp, so temporary files lie on the disk';
        my $nested =
          $knows->{'disable-userns'}
          ? q{}
          : '; this bubblewrap leaves it to the system call filter to forbid more namespaces';
        return 'every run is in user, process, network and IPC namespaces of its own, '
          . "on a read-only system$who$calls$disk$nested";
    }
    my $by     = defined $user    ? "by an unprivileged user of its own ($user)" : "by the grader's own user";
    my $nets   = $self->{confine} ? 'without networks'                           : 'with networks';
    my $beyond = defined $user  ? 'all that everybody may see'               : 'whatever the grader can see and change';
    my $files  = $self->{fence} ? 'nothing but the system and its own files' : $beyond;
    return "every run is $by, $nets, and has access to $files$calls$why";
}

# ---- How a run is told ---------------------------------------------------------------------------------------------------

sub wrap ( $self, %options ) {
    my @see       = map { _absolute($_) } @{ delete $options{see}   // [] };
    my @write     = map { _absolute($_) } @{ delete $options{write} // [] };
    my $tmp_bytes = delete $options{tmp_bytes} // $TMP_BYTES;
    my %env       = %{ delete $options{env} // {} };
    my $directory = delete $options{directory};
    for my $name (qw(launcher within user confine user_tasks only_env)) {
        croak "grader::sandbox::Sandbox::wrap: '$name' is not for the caller to say" if exists $options{$name};
    }
    my ($loaded) = grep { /\ALD_/ } sort keys %env;
    croak "grader::sandbox::Sandbox::wrap: $loaded would change the launcher; use env(1) in the command" if defined $loaded;
    $self->_close_all_but(@write);
    $self->_open_for_job($_) for @write;

    # An old bubblewrap has no bounded /tmp to give.
    my $tmp = $self->{level} eq 'namespaces' && $self->{bwrap}{knows}{size} ? '/tmp' : $self->_fresh_tmp;

    my %launch = ( %USUAL, %options );
    $launch{user_tasks} = $launch{threads} + $OWN_TASKS if $self->_tasks_are_counted;
    $launch{user}       = $self->user                   if defined $self->user;
    $launch{confine}    = 1                             if $self->{confine};
    $launch{launcher}   = $self->{launcher};
    $launch{only_env}   = 1;
    $launch{env}        = {
        PATH   => '/usr/local/bin:/usr/bin:/bin',
        LC_ALL => 'C',
        HOME   => $tmp,
        TMPDIR => $tmp,
        %env
    };

    if ( $self->{level} eq 'namespaces' ) {
        my @namespaces =
          $self->_namespaces( $tmp_bytes, $directory // $tmp, \@see, [ @write, $tmp eq '/tmp' ? () : $tmp ] );
        $launch{within} = { command => \@namespaces, launcher => $self->{launcher} };
    }
    else {
        $launch{directory} = $directory // $tmp;
        if ( $self->{fence} ) {
            $launch{see}   = [ $self->{launcher}, '/proc', @see, grep { -e } @SYSTEM_FOLDERS, @SYSTEM_PIECES ];
            $launch{write} = [ $tmp, @write ];
        }
    }
    return %launch;
}

sub _absolute ($path) {
    croak "grader::sandbox::Sandbox::wrap: there is no $path" if !-e $path;
    return Cwd::abs_path($path);
}

# What an earlier run could write, object files for one, a later run must not change.
sub _close_all_but ( $self, @write ) {
    my %stays_open = map { $_ => 1 } @write;
    for my $folder ( grep { !$stays_open{$_} } keys %{ $self->{opened} } ) {
        delete $self->{opened}{$folder};
        $self->settle($folder) if $self->{level} eq 'user' && -d $folder;
    }
    return;
}

# A folder that the job may write belongs to its user.
sub _open_for_job ( $self, $folder ) {
    $self->{opened}{$folder} = 1;
    return if !defined $self->user;
    chown $self->user, $self->user, $folder or croak "cannot give $folder to user ${\$self->user}: $!";
    return;
}

# An empty folder for temporary files: nothing is handed from one run to the next.
sub _fresh_tmp ($self) {
    my $tmp = "$self->{folder}/tmp";
    opendir my $folder, $tmp or croak "cannot look into $tmp: $!";
    my @left = grep { !/\A\.\.?\z/ } readdir $folder;
    closedir $folder;
    if (@left) {
        File::Find::finddepth(
            {
                no_chdir => 1,
                wanted   => sub { return $_ eq $tmp ? 1 : -d && !-l ? rmdir : unlink }
            },
            $tmp
        );
    }
    return $tmp;
}

# Whether the kernel counts the job's threads apart from those of everybody else.
sub _tasks_are_counted ($self) {
    return 1 if defined $self->user;
    my ( $major, $minor ) = ( POSIX::uname() )[2] =~ /\A(\d+)[.](\d+)/ or return 0;
    return $self->{level} eq 'namespaces' && $major + $minor / 1000 >= $COUNTED_PER_NAMESPACE;
}

# bubblewrap with its options, up to the command that it runs.
sub _namespaces ( $self, $tmp_bytes, $directory, $see, $write ) {
    my $bwrap  = $self->{bwrap};
    my @size   = $bwrap->{knows}{size} ? ( '--size', $tmp_bytes ) : ();
    my @system = map { -l ? ( '--symlink', readlink, $_ ) : -d ? ( '--ro-bind', $_, $_ ) : () } @SYSTEM_FOLDERS;
    push @system, map { ( '--ro-bind-try', $_, $_ ) } @SYSTEM_PIECES;

    # A kit that is installed below one of these is hidden again.
    my @hide = ( grep { index( "$TREE/", "$_/" ) == 0 } @SYSTEM_FOLDERS ) ? ( '--tmpfs', $TREE ) : ();

    # Without a bound on its size nothing that is kept in memory may be written.
    my @bounded = @size ? () : ( '--remount-ro', '/tmp' );
    return (
        $bwrap->{path},
        qw(--die-with-parent --new-session --as-pid-1),
        qw(--unshare-user --unshare-pid --unshare-net --unshare-ipc --unshare-uts --unshare-cgroup-try),
        $bwrap->{knows}{'disable-userns'} ? '--disable-userns' : (),
        qw(--uid 1000 --gid 1000 --hostname sandbox --cap-drop ALL),
        @system,
        @hide,
        qw(--proc /proc --dev /dev),
        ( @size ? ( @size, qw(--tmpfs /dev/shm) ) : () ),
        qw(--remount-ro /dev),
        @size,
        qw(--tmpfs /tmp),
        ( map { ( '--ro-bind', $_, $_ ) } $self->{launcher}, @{$see} ),
        ( map { ( '--bind',    $_, $_ ) } @{$write} ),
        @bounded,
        qw(--remount-ro /),
        '--chdir',
        $directory,
        '--'
    );
}

# ---- How a level is chosen -----------------------------------------------------------------------------------------------

sub _make_folders ( $self, $workspace, $launcher ) {
    croak 'grader::sandbox::Sandbox->choose: workspace => FOLDER and launcher => PATH are needed'
      if !defined $workspace || !defined $launcher;
    $workspace         = Cwd::abs_path( ref $workspace ? $workspace->path : $workspace );
    $self->{workspace} = $workspace;
    $self->{folder}    = "$workspace/sandbox";
    $self->{launcher}  = "$self->{folder}/launch";
    for my $folder ( $self->{folder}, "$self->{folder}/tmp" ) {
        -d $folder or mkdir $folder, oct 755 or die "the grader cannot make the folder $folder: $!\n";
    }
    chmod oct 700, "$self->{folder}/tmp";
    copy( $launcher, $self->{launcher} ) or die "the grader cannot copy $launcher to $self->{launcher}: $!\n";
    chmod oct 755, $self->{launcher};
    return;
}

# The job's user can pass the workspace, which is closed to all others. Result: why that is impossible, or nothing.
sub _admit_user ($self) {
    my $user        = $self->user // return;
    my $is_passable = chown( 0, $user, $self->{workspace} ) && chmod oct 750, $self->{workspace};
    return if $is_passable && chown $user, $user, "$self->{folder}/tmp";
    return "cannot give a folder to user $user: $!";
}

# Takes this level when a run in it ends well. Result: nothing then, otherwise why it cannot be had.
sub _try ( $self, $level ) {
    return "there is no bubblewrap (bwrap) in PATH" if $level eq 'namespaces' && !( $self->{bwrap} = _find_bwrap() );
    return 'only root can run programs as somebody else' if $level eq 'user'  && !defined $self->user;
    if ( $level eq 'none' && delete $self->{user} ) { chown 0, 0, $self->{workspace}, "$self->{folder}/tmp" }
    my $why = $self->_admit_user;
    return $why if defined $why;
    $self->{level} = $level;

# Older kernels have no fence, some no filter; an older bubblewrap lacks options. What can be had is found by a run with
# it, best first, and not from what a program says of itself.
    my @means =
      map { ( [ @{$_}, 1, 1 ], $level eq 'namespaces' ? ( [ @{$_}, 1, 0 ], [ @{$_}, 0, 1 ], [ @{$_}, 0, 0 ] ) : () ) }
      $level eq 'namespaces' ? ( [ 1, 0 ], [ 0, 0 ] ) : ( [ 1, 1 ], [ 1, 0 ], [ 0, 0 ] );
    for my $means (@means) {
        ( @{$self}{qw(confine fence)}, my @knows ) = @{$means};
        @{ $self->{bwrap}{knows} }{@YOUNGER_OPTIONS} = @knows if $level eq 'namespaces';
        my $probe  = [ $self->{launcher}, '--report', '/dev/null', '--', 'true' ];
        my $result = measure::Launch::run( $self->wrap( command => $probe, wall_s => $PROBE_S ) );
        return if measure::Launch::ok($result);
        $why //= measure::Launch::sentence($result);
    }
    return $why;
}

# Result: its path; nothing when it is not installed.
sub _find_bwrap () {
    my ($path) = grep { -x && !-d } map { "$_/bwrap" } split /:/, $ENV{PATH} // '/usr/bin';
    return defined $path ? { path => $path, knows => {} } : undef;
}

# ---- What is left of a job -----------------------------------------------------------------------------------------------

sub settle ( $self, $folder ) {
    my $tidy = sub {
        my ( $mode, $links ) = ( lstat $_ )[ 2, 3 ];
        return        if !defined $mode;
        return unlink if !( -d _ || -f _ ) || ( -f _ && $links > 1 );
        chown $>, $) + 0, $_ if $> == 0;
        return chmod -d _ || $mode & oct 111 ? oct 755 : oct 644, $_;
    };
    File::Find::find( { no_chdir => 1, wanted => $tidy }, $folder );
    return;
}

sub release ($self) {
    my $user = delete $self->{user};
    return if $self->{process} != $$ || !$user;
    measure::Launch::run(
        command  => ['true'],
        launcher => $self->{launcher},
        user     => $user->number,
        wall_s   => $PROBE_S
    ) if -x $self->{launcher};
    $user->remove_files( $self->{workspace} );
    return;
}

sub DESTROY ($self) {
    local ( $@, $?, $! );
    eval { $self->release; 1 } or warn $@;
    return;
}

1;

__END__

=head1 NAME

grader::sandbox::Sandbox - compile and run code that nobody has read

=head1 SYNOPSIS

    my $sandbox = grader::sandbox::Sandbox->choose( workspace => $workspace, launcher => $launcher );
    say $sandbox->describe;

    my $compiled = measure::Launch::run(
        $sandbox->wrap(
            command => [ 'gcc', '-c', '-o', "$out/par.o", "$source/par_alloc.c" ],
            see     => [$source],
            write   => [$out],
            wall_s  => 20,
        )
    );
    $sandbox->settle($out);

    my $result = measure::Launch::run(
        $sandbox->wrap( command => [ "$bin/list-par", 1000 ], see => ["$bin/list-par"], stdin => "$nonce\n", wall_s => 10 ) );

=head1 METHODS

=head2 grader::sandbox::Sandbox->choose(workspace => $workspace, launcher => $path, wanted => $level)

Tries the levels, best first, with a short run each, and takes the first that works. With C<wanted> it takes that level or
dies. One object is one job: it has a user of its own when root asks, and one run at a time. C<workspace> is the folder of
this job (a path, or a grader::Workspace). When root asks, the folder becomes passable for that user and stays closed to all
others, so the folders that lead to it must be passable for everybody. The launcher is copied into it.

=head2 $sandbox->level, $sandbox->describe, $sandbox->user

The level in force: C<namespaces>, C<user> or C<none>; a sentence about it, with the reason when it is not the best; the
number of the job's user, undef when there is none. A grader that requires a sandbox should refuse C<none>.

=head2 $sandbox->wrap(%options)

What measure::Launch::run needs for one run in the sandbox. It takes all options of measure::Launch::run but those that the
sandbox itself decides, and these:

=over

=item see => [PATH, ...]

Files and folders that may be read, at the same path as outside. Beside them a run sees /usr and what the C library needs.
Each must be reachable for the job's user: lie in the workspace, or below folders that everybody may pass.

=item write => [FOLDER, ...]

Folders that may be written in this run; they become the property of the job's user, and at C<user> are settled (see below)
before the next run that may not write them. Everything else is read-only but for temporary
files (TMPDIR, which is also HOME), which are new in each run: at C<namespaces> in a /tmp of its own that is bounded
(bubblewrap 0.7).

=item tmp_bytes => bytes

How much fits into /tmp, and again into /dev/shm; 64 MiB when left out. Bounded at C<namespaces> only.

=item env => { NAME => VALUE }

Variables beside PATH, HOME, TMPDIR and LC_ALL. The caller's own are not handed on.

=item directory => PATH

Where it runs; in TMPDIR when left out.

=back

Limits that are left out: 60 s, 128 threads (of all processes), 256 open files, 64 MiB a file, 1 MiB of output. There is
none on the address space (C<memory_bytes>), because sanitizers need terabytes of it.

The result is that of the program itself, not of what stands around it: exit status, signal, times and memory are taken by a
launcher inside the sandbox. What the sandbox needs to start is not in C<wall_s>.

=head2 $sandbox->settle($folder)

After a run that could write there: gives everything in it to the caller, and removes links and whatever is neither file nor
folder, so that the grader may open what it finds.

=head2 $sandbox->release

Ends what is left of the job: processes of its user, files that it left in shared folders. Happens by itself when the object
goes.

=head1 WHAT EACH LEVEL PROMISES

                                               namespaces   user           none
    limits on time, output, files, file size   yes          yes            yes
    limit on threads                           kernel       kernel         watched: a short burst passes
    no process is left                         yes          yes            yes, unless the launcher is killed
    cannot trace grader or launcher            yes          yes            yes, filter
    cannot signal grader or launcher           yes          yes            fence, Linux 6.12
    no networks                                yes          filter         filter
    cannot see grader, answers, other jobs     yes          fence or modes fence
    cannot write but where it is told          yes          fence or modes fence
    cannot see that there are other processes  yes          no             no
    temporary files are bounded                yes          no             no
    nothing is handed from run to run          yes          yes            yes, fence
    only the variables that it is given        yes          yes            yes

The filter (measure/confine.h) is on at every level; choose() does without where the kernel has none, and describe() says so.
The fence (measure/fence.h) takes Landlock, Linux 5.13; C<user> and C<none> have it where it works. "Modes": without a fence
what everybody may read can be read. The workspace is closed to everybody but root and the job's user, so jobs do not see
each other's; close the folder of the grader too (C<chmod go-rwx>) where it runs as root without namespaces. At C<none>
without a fence the program is as mighty as the grader; it is for one's own code.

At no level is there a bound on the memory of all processes together: it is at most C<memory_bytes> times C<threads>. When
the machine runs out, the kernel ends these programs first. How often a C<write> folder is filled with files of the greatest
length is not bounded either; compilers write few.

=cut
