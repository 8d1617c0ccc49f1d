package grader::sandbox::Sandbox;

# The sandbox for compiling and running untrusted code. It chooses the best isolation that this machine allows once for a job,
# and makes the options of measure::Launch::run for it. The POD below lists the promises of each level.

use v5.32;
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
    my ($odd) = grep { !/\A(?:workspace|launcher|wanted|abandoned)\z/ } sort keys %options;
    croak "grader::sandbox::Sandbox->choose: unknown option '$odd'" if defined $odd;
    my $wanted = $options{wanted};
    croak "grader::sandbox::Sandbox->choose: '$wanted' is not one of @LEVELS"
      if defined $wanted && !grep { $_ eq $wanted } @LEVELS;

    my $self = bless { process => $$, refused => [], opened => {} }, $class;
    $self->{user} = grader::sandbox::User->claim if $> == 0 && ( $wanted // q{} ) ne 'none';
    $self->_make_folders( $options{workspace}, $options{launcher} );
    $self->_release_abandoned( @{ $options{abandoned} // [] } );
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
    croak "grader::sandbox::Sandbox::wrap: $loaded would change the launcher; use env(1) in the command"
      if defined $loaded;
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
#
# rm(1) removes what no path is long enough to name: folders in folders, past PATH_MAX.
sub _fresh_tmp ($self) {
    my $tmp  = "$self->{folder}/tmp";
    my @left = _names_in($tmp) or return $tmp;
    system 'rm', '-rf', '--', map { "$tmp/$_" } @left;
    @left = _names_in($tmp) or return $tmp;
    die "the grader cannot run: the files of an earlier run in $tmp cannot be removed\n";
}

sub _names_in ($folder) {
    opendir my $handle, $folder or croak "cannot look into $folder: $!";
    my @names = grep { !/\A\.\.?\z/ } readdir $handle;
    closedir $handle;
    return @names;
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
    $self->_end_user($user);
    return;
}

# Users of graders that were killed: a daemon of theirs, and files in shared folders, are still there.
sub _release_abandoned ( $self, @numbers ) {
    return if $> != 0;
    for my $user ( map { grader::sandbox::User->adopt($_) // () } @numbers ) {
        eval { $self->_end_user($user); 1 } or next;    # claim() passes over a number that is not free
    }
    return;
}

sub _end_user ( $self, $user ) {
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

grader::sandbox::Sandbox - compile and run untrusted code

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
dies. One object is one job, with one run at a time. When root is the caller, the job has a user of its own. C<workspace> is
the folder of this job (a path, or a grader::Workspace). When root is the caller, that user can enter the folder and all others
cannot; so everybody must be able to pass the folders that lead to it. The launcher is copied into the workspace.

=head2 $sandbox->level, $sandbox->describe, $sandbox->user

C<level> is the level in force: C<namespaces>, C<user> or C<none>. C<describe> is a sentence about it, with the reason when it
is not the best. C<user> is the number of the job's user, or undef. A grader that requires a sandbox should refuse C<none>.

=head2 $sandbox->wrap(%options)

Returns the options of measure::Launch::run for one run in the sandbox. It takes all options of measure::Launch::run except
those that the sandbox itself decides, and these:

=over

=item see => [PATH, ...]

Files and folders that the run may read, at the same path as outside. A run also sees /usr and the files that the C library
needs. The job's user must be able to reach each of them: in the workspace, or below folders that everybody may pass.

=item write => [FOLDER, ...]

Folders that the run may write. They become the property of the job's user; at the level C<user> they are settled (see below)
before the next run that may not write them. All else is read-only except temporary files (TMPDIR, which is also HOME). Each
run starts without temporary files; at the level C<namespaces> it has a bounded /tmp of its own (bubblewrap 0.7).

=item tmp_bytes => bytes

The size of /tmp, and also of /dev/shm (default: 64 MiB). Only the level C<namespaces> has this bound.

=item env => { NAME => VALUE }

Variables in addition to PATH, HOME, TMPDIR and LC_ALL. The run does not get the caller's variables.

=item directory => PATH

The working folder of the run (default: TMPDIR).

=back

Default limits: 60 s, 128 threads (of all processes), 256 open files, 64 MiB for each file, 1 MiB of output. The address space
(C<memory_bytes>) has no default limit, because sanitizers need terabytes of it.

The result is that of the program itself, without the sandbox around it: a launcher inside the sandbox takes exit status,
signal, times and memory. C<wall_s> does not include the start of the sandbox.

=head2 $sandbox->settle($folder)

Call it after a run that could write to the folder. It gives everything in the folder to the caller and removes all that is
neither a file nor a folder, links too, so that the grader may open everything in it.

=head2 $sandbox->release

Ends the processes of the job's user and removes the files that the job left in shared folders. This also happens when the
object goes out of scope.

=head1 THE PROMISES OF EACH LEVEL

                                               namespaces   user           none
    limits on time, output, files, file size   yes          yes            yes
    limit on threads                           kernel       kernel         watched: a short burst passes
    no process is left                         yes          yes            yes, unless the launcher is killed
    cannot trace grader or launcher            yes          yes            yes, filter
    cannot signal grader or launcher           yes          yes            fence, Linux 6.12
    no networks                                yes          filter         filter
    cannot see grader, answers, other jobs     yes          fence or modes fence
    can write only the folders it is given     yes          fence or modes fence
    cannot see that there are other processes  yes          no             no
    temporary files are bounded                yes          no             no
    a run leaves nothing for the next run      yes          yes            yes, fence
    gets only the variables it is given        yes          yes            yes

The filter (measure/confine.h) is on at every level. If the kernel has no filter, choose() works without it and describe() says
so. The fence (measure/fence.h) needs Landlock, Linux 5.13; C<user> and C<none> have it where it works. "Modes": without a
fence, the program can read the files that everybody may read. Only root and the job's user can enter the workspace, so jobs do
not see each other's files. If the grader runs as root without namespaces, close its folder too (C<chmod go-rwx>). At C<none>
without a fence the program has all the rights of the grader; use that only for your own code.

No level bounds the memory of all processes together: it is at most C<memory_bytes> times C<threads>. When the machine's memory
runs out, the kernel ends these programs first. The number of files in a C<write> folder is not bounded either; compilers write
few.

=cut
