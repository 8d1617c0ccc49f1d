package lecture::live::Stream;

# The heap map of a program that still runs, as bin/replay-BACKEND --map writes it into a pipe: hands out as many steps as are
# asked for. Who does not read holds the program up, so reading slowly is slow motion, and not reading is a pause.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use IO::Select ();
use JSON::PP   ();
use lecture::live::Ending;

sub new ( $class, @command ) {
    my $pid = open my $pipe, '-|', @command or die "cannot run $command[0]: $!\n";
    return bless { pid => $pid, pipe => $pipe, readable => IO::Select->new($pipe), text => '', head => undef }, $class;
}

# What is said before the first step: backend, trace, events, before ...; waits for it.
sub head ($self) {
    while ( !$self->{head} ) {
        if    ( $self->{text} =~ s/\A(.*"steps": \[\n)//s ) { $self->{head} = JSON::PP->new->decode("$1]}") }
        elsif ( !$self->_read )                             { $self->{head} = { steps => [], events => 0 } }
    }
    return $self->{head};
}

# Up to so many further steps, as many as are there now: { steps, mappings, ended, died }. The mappings are the newest of them.
sub take ( $self, $most ) {
    my ( @steps, $mappings );
    $self->head;
    while ( @steps < $most ) {
        if ( $self->{text} =~ s/\A(\[.*\]),?\n// ) {
            my $step = JSON::PP->new->decode($1);
            $mappings = ( pop @{$step} )->{mappings} if ref $step->[-1] eq 'HASH';
            push @steps, $step;
        }
        elsif ( $self->{ended} || !$self->{readable}->can_read(0) ) { last }
        else                                                        { $self->_read }
    }
    my $ended = $self->{ended} && $self->{text} !~ /^\[.*\],?\n/m ? JSON::PP::true() : JSON::PP::false();
    return {
        steps => \@steps,
        ( $mappings ? ( mappings => $mappings ) : () ),
        ended => $ended,
        ( $ended && $self->died ? ( died => $self->died ) : () )
    };
}

sub _read ($self) {
    my $got = sysread $self->{pipe}, $self->{text}, 1 << 14, length $self->{text};
    return $got if $got;
    if ( !$self->{ended}++ ) {
        waitpid $self->{pid}, 0;
        my $status = $? & 127 ? 128 + ( $? & 127 ) : $? >> 8;
        $self->{died} = lecture::live::Ending::words( 'the allocator', $status );
    }
    return 0;
}

# Words for it when the running program did not end well; undef when it did, or still runs.
sub died ($self) { return $self->{died} }

sub DESTROY ($self) {
    local $?;
    kill KILL => $self->{pid} if !$self->{ended};
    close $self->{pipe};
    return;
}

1;

__END__

=head1 NAME

lecture::live::Stream - the heap of a running program, step by step

=head1 METHODS

=head2 new(@command)

Starts the command, which writes a heap map (trace/README.md) to standard output. It ends with the object.

=head2 head

The map without its steps.

=head2 take($most)

C<< { steps, mappings, ended, died } >>: at most so many further steps, without waiting for more than are there. C<died> says how
the program ended when it did not end well.

=head2 died()

The same words, when it has ended.

=cut
