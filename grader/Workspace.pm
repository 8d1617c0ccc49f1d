package grader::Workspace;

# The temporary folder for all builds and runs, so that nothing is left in the tree. It is removed when the object goes out of
# scope, also when the grader dies or a signal stops it: a signal becomes an exception.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp           qw(croak);
use Cwd            ();
use File::Basename qw(dirname);
use File::Spec     ();
use File::Temp     ();

# Also of a pipe that nobody reads any more: `perl test.pl | head`.
my @SIGNALS = qw(INT TERM HUP PIPE);

sub new ($class) {
    my $place = _place();
    die
"the grader cannot run: make cannot work in the folder for temporary files, $place: set TMPDIR to one without blanks and signs\n"
      if $place =~ m{[^\w./+-]};
    my $folder = File::Temp->newdir( DIR => $place );
    for my $signal (@SIGNALS) {
        $SIG{$signal} = sub {
            _ignore_signals();
            die "stopped by SIG$signal\n";
        };
    }
    return bless { folder => $folder }, $class;
}

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
