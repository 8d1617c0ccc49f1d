package lecture::live::Program;

# The program whose heap is shown: bin/xtrace -f runs it, so that it goes on only as fast as somebody follows. What it reads and
# writes is its own. The recording has no name, so no file stays behind, whoever is killed.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use POSIX       qw(WNOHANG);
use Time::HiRes qw(sleep time);
use lecture::live::Ending;

my $HEADER_BYTES = 4096;    # trace/record/raw.h
my $TERM_S       = 2;       # so long a program may take to end when it is told to
my $LOOK_S       = 0.01;

sub start ( $class, $xtrace, @command ) {
    open my $file, '+>', undef or die "no file can be made in the folder for temporary ones: $!\n";
    my $self = bless { file => $file, recording => "/proc/$$/fd/" . fileno $file }, $class;
    $self->{pid} = fork // die "cannot start another process: $!\n";
    if ( $self->{pid} == 0 ) {
        exec $xtrace, '-q', '-f', $self->{recording}, '--', @command or die "cannot run $xtrace: $!\n";
    }
    sleep $LOOK_S until -s $file >= $HEADER_BYTES || $self->has_ended;
    return $self;
}

# Where bin/replay-BACKEND --follow finds it.
sub recording ($self) { return $self->{recording} }

# Whether it has ended; reaps it, and kills it when it was told to stop some time ago.
sub has_ended ($self) {
    return 1 if defined $self->{status};
    if ( waitpid( $self->{pid}, WNOHANG ) == $self->{pid} ) {
        $self->{status} = $? & 127 ? 128 + ( $? & 127 ) : $? >> 8;
        return 1;
    }
    kill KILL => _children( $self->{pid} ) if $self->{over} && time > $self->{over};
    return 0;
}

# As of a shell; $lecture::live::Ending::NO_TRACE when bin/xtrace could not run or hold it, and has said why.
sub status ($self) { return $self->{status} }

# Words for its end; undef while it runs.
sub ending ($self) {
    return $self->has_ended
      ? lecture::live::Ending::words( 'The program', $self->{status} ) // 'The program has ended'
      : undef;
}

# Tells it to stop. Whoever does not wait calls has_ended from time to time.
sub stop ($self) {
    return if $self->has_ended || $self->{over};
    $self->{over} = time + $TERM_S;
    kill TERM => $self->{pid};
    return;
}

sub stop_and_wait ($self) {
    $self->stop;
    sleep $LOOK_S until $self->has_ended;
    return;
}

sub _children ($pid) {
    open my $file, '<', "/proc/$pid/task/$pid/children" or return;
    return split ' ', <$file> // '';
}

1;

__END__

=head1 NAME

lecture::live::Program - a program that runs only as fast as it is followed

=head1 METHODS

=head2 start($class, $xtrace, @command)

Starts bin/xtrace with the command. The program waits before its first instruction for whoever follows C<recording>.

=head2 recording, has_ended, status, ending

The path of the recording; whether the program has ended, with what status (as of a shell), and that in words.

=head2 stop, stop_and_wait

SIGTERM, and SIGKILL two seconds later.

=cut
