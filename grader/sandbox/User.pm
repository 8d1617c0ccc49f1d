package grader::sandbox::User;

# A user number for a job: it is not in the password file, no process runs under it, and no other grader on this machine has
# claimed it. Only root can use such a number.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Find       ();
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

        # A name that is nowhere in the file system, and free again when this process ends, however it ends.
        my $lock = IO::Socket::UNIX->new( Type => SOCK_DGRAM, Local => "\0allocator-grader-user-$number" ) or next;
        my $self = bless { number => $number, lock => $lock }, $class;
        $self->remove_files;
        return $self;
    }
    die "the grader cannot run: every user number from $FIRST to $LAST is in use\n";
}

sub number ($self) { return $self->{number} }

sub _users_of_processes () {
    return map { ( stat $_ )[4] // () } glob '/proc/[0-9]*';
}

# Removes whatever this user left in folders that everybody may write; not in $except. For when it has no process.
sub remove_files ( $self, $except = undef ) {
    my $mine = sub {
        my ( $device, $mode, $owner ) = ( lstat $_ )[ 0, 2, 4 ];
        return if !defined $owner || $owner != $self->{number};
        return -d _ ? rmdir : unlink;
    };
    my $look_into = sub (@names) {
        return grep { !defined $except || "$File::Find::dir/$_" ne $except } @names;
    };
    for my $folder ( grep { -d && !-l } @SHARED ) {
        no warnings 'File::Find';    # others remove their files meanwhile
        File::Find::finddepth( { no_chdir => 1, wanted => $mine, preprocess => $look_into }, $folder );
    }
    return;
}

1;
