package grader::sandbox::User;

# A user number for a job: it is not in the password file, no process runs under it, and no other grader on this machine has
# claimed it. Only root can use such a number.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use IO::Socket::UNIX ();
use Socket           qw(SOCK_DGRAM);

# Numbers that neither Debian nor systemd gives to anybody. A job has two: its processes' and the next, by which the
# launcher ends them (measure/user.h).
my ( $FIRST, $LAST ) = ( 60_600, 61_182 );

# Where everybody may leave files.
my @SHARED = qw(/tmp /var/tmp /dev/shm /run/lock);

sub claim ($class) {
    my %in_use = map { $_ => 1 } _users_of_processes();
    my $pairs  = ( $LAST - $FIRST ) / 2;
    my $start  = int rand $pairs;
    for my $i ( 0 .. $pairs - 1 ) {
        my $number = $FIRST + 2 * ( ( $start + $i ) % $pairs );
        next if grep { $in_use{$_} || defined getpwuid $_ } $number, $number + 1;

        my $self = $class->_claimed($number) // next;
        next if !eval { $self->remove_files; 1 };  # a grader that was killed has left what this user cannot be freed of
        return $self;
    }
    die "the grader cannot run: every user number from $FIRST to $LAST is in use, or has left files in /tmp\n";
}

# The user of a grader that was killed, whose processes and files are still to be removed; undef when it is no such user, or
# somebody else's by now.
sub adopt ( $class, $number ) {
    return if $number < $FIRST || $number > $LAST || ( $number - $FIRST ) % 2;
    return $class->_claimed($number);
}

# Takes a name that is nowhere in the file system, and free again when this process ends, however it ends.
sub _claimed ( $class, $number ) {
    my $lock = IO::Socket::UNIX->new( Type => SOCK_DGRAM, Local => "\0allocator-grader-user-$number" ) // return;
    return bless { number => $number, lock => $lock }, $class;
}

sub number ($self) { return $self->{number} }

sub _users_of_processes () {
    return map { ( stat $_ )[4] // () } glob '/proc/[0-9]*';
}

# Removes whatever this user left in folders that everybody may write; not in $except. For when it has no process. find(1)
# reaches what no path is long enough to name. Dies when something is left.
#
# /tmp may be large, so folders are passed over where this user can have left nothing that another could find: those that it
# cannot enter, and closed ones deep in somebody's tree. (A workspace's group is the user's number.)
sub remove_files ( $self, $except = undef ) {
    my @folders = grep { -d && !-l } @SHARED or return;
    my @own     = ( '-uid', $self->{number} );
    my @not     = defined $except ? ( '-path', $except, '-prune', '-o' ) : ();
    my @closed  = ( '-type', 'd', '!',     '-perm', '-o+w', '!',     '-group',     $self->{number} );
    my @far     = ( '(',     '!', '-perm', '-o+x',  '-o',   '-path', '/*/*/*/*/*', ')' );
    my @found   = _find( @folders, '-xdev', @not, @own, '-prune', '-print0', '-o', @closed, @far, '-prune' ) or return;
    _find( $_, '-xdev', '-depth', @own, '-delete' ) for @found;
    my ($left) = grep { -e || -l } @found or return;
    die "the grader cannot run: user $self->{number} has left $left, which cannot be removed\n";
}

# Others remove their files meanwhile, so what find(1) says of errors is of no interest. Result: what it prints, each
# ended by a zero byte.
sub _find (@arguments) {
    open my $said, '-|', 'sh', '-c', 'exec find "$@" 2>/dev/null', 'find', @arguments
      or die "the grader cannot run: no find: $!\n";
    local $/ = "\0";
    my @names = map { s/\0\z//r } <$said>;
    close $said;
    return @names;
}

1;
