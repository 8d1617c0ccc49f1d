package grader::Workspace;

# The temporary folder for all builds and runs, so that nothing is left in the tree. It is removed when the object goes out of
# scope, also when the grader dies or a signal stops it: a signal becomes an exception. Of a grader that was killed outright
# the next one removes it: whoever works in such a folder holds a lock on it, which ends with the process.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp           qw(croak);
use Cwd            ();
use Fcntl          qw(LOCK_EX LOCK_NB O_DIRECTORY O_NOFOLLOW O_RDONLY);
use File::Basename qw(dirname);
use File::Path     qw(remove_tree);
use File::Spec     ();
use File::Temp     ();

# Also of a pipe that nobody reads any more: `perl test.pl | head`.
my @SIGNALS = qw(INT TERM HUP PIPE);

my $PREFIX = 'allocator-grade-';

sub new ($class) {
    my $place = _place();
    die
"the grader cannot run: make cannot work in the folder for temporary files, $place: set TMPDIR to one without blanks and signs\n"
      if $place =~ m{[^\w./+-]};
    my @abandoned = _remove_abandoned($place);
    my ( $folder, $lock ) = held_folder($place);
    die
"the grader cannot run: no program may be started in the folder for temporary files, $place, as where it is mounted noexec: "
      . "set TMPDIR to another one\n"
      if !_can_execute_in("$folder");
    for my $signal (@SIGNALS) {
        $SIG{$signal} = sub {
            _ignore_signals();
            die "stopped by SIG$signal\n";
        };
    }
    return bless { folder => $folder, lock => $lock, abandoned => \@abandoned }, $class;
}

# A new folder in $place, which is removed with the object; and what keeps others from taking it for abandoned.
sub held_folder ($place) {
    while (1) {
        my $folder = File::Temp->newdir( "${PREFIX}XXXXXXXX", DIR => $place );
        my $lock   = _opened("$folder") // next;
        flock $lock, LOCK_EX or die "cannot lock the folder $folder: $!\n";
        return ( $folder, $lock ) if -d "$folder";    # nobody took it for abandoned before there was a lock
    }
}

# What a folder allows is found by doing it.
sub _can_execute_in ($folder) {
    my $probe = "$folder/probe";
    open my $file, '>', $probe or die "cannot write $probe: $!\n";
    print {$file} "#!/bin/sh\n";
    close $file or die "cannot write $probe: $!\n";
    chmod oct 700, $probe;
    my $can = do { no warnings 'exec'; system {$probe} $probe }
      == 0;
    unlink $probe;
    return $can;
}

sub _opened ($folder) {
    sysopen my $handle, $folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW or return;
    return $handle;
}

# Removes the workspaces that nobody works in any more. What cannot be removed yet, because a process of it is just ending, is
# left to the next run. Result: the group numbers that they had.
sub _remove_abandoned ($place) {
    opendir my $handle, $place or return;
    my %groups;
    for my $path ( map { "$place/$_" } grep { /\A\Q$PREFIX\E\w{8}\z/ } readdir $handle ) {
        my ( $owner, $group ) = ( lstat $path )[ 4, 5 ] or next;
        my $lock = $owner == $> ? _opened($path) : undef;
        next if !$lock || !flock $lock, LOCK_EX | LOCK_NB;

        # A job of a class gives its grader such a folder for temporary files, and the grader may have outlived it.
        $groups{$_} = 1 for $group, _remove_abandoned($path);
        next if glob "$path/$PREFIX*";
        remove_tree( $path, { error => \my $errors } );
    }
    my @sorted = sort keys %groups;
    return @sorted;
}

# The groups of workspaces that graders left when they were killed: each the number of the user for which such a workspace was
# opened (grader/sandbox/Sandbox.pm), or another.
sub abandoned ($self) { return @{ $self->{abandoned} } }

# From here on the folder is removed, undisturbed.
sub _ignore_signals () {
    $SIG{$_} = 'IGNORE' for @SIGNALS;
    return;
}

# A signal that comes while the folder is removed, at whatever end, would leave the rest of it.
sub DESTROY ($self) {
    local $@;
    _ignore_signals();
    delete $self->{folder};
    return;
}

# Where temporary files go: TMPDIR, unless what is graded will run as another user and could not get there.
sub _place () {
    my $wanted = File::Spec->tmpdir;
    return $wanted if $> != 0;
    my $path = Cwd::abs_path($wanted);
    while ( ( stat $path )[2] & 1 ) {
        return $wanted if $path eq q{/};
        $path = dirname($path);
    }
    return '/tmp';
}

sub path ( $self, @names ) { return join q{/}, $self->{folder}->dirname, @names }

# Makes a folder in the workspace; result: its path.
sub folder ( $self, $name ) {
    my $path = $self->path($name);
    mkdir $path or croak "cannot make the folder $path: $!";
    return $path;
}

1;
