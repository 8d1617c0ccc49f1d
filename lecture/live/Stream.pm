package lecture::live::Stream;

# The heap map of a program that runs, as bin/replay-BACKEND --follow writes it into a pipe while it does what the program asks for.
# Both do as many steps as they are allowed to, and stand still then.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use IO::Select ();
use JSON::PP   ();
use lecture::live::Ending;

sub new ( $class, @command ) {
    pipe my $allowed, my $allow or die "no pipe can be made: $!\n";
    pipe my $map,     my $write or die "no pipe can be made: $!\n";
    my $pid = fork // die "cannot start another process: $!\n";
    if ( $pid == 0 ) {
        open STDIN,  '<&', $allowed or die "cannot read a pipe: $!\n";
        open STDOUT, '>&', $write   or die "cannot write a pipe: $!\n";
        exec @command or die "cannot run $command[0]: $!\n";
    }
    my %self = ( pid => $pid, allow => $allow, map => $map, readable => IO::Select->new($map), text => '' );
    return bless \%self, $class;
}

# What it can be waited for with.
sub handle ($self) { return $self->{map} }

# What is said before the first step: backend, program, before ...; undef when it has not come after so many seconds.
sub head ( $self, $longest_s ) {
    while ( !$self->{head} ) {
        if    ( $self->{text} =~ s/\A(.*"steps": \[\n)//s ) { $self->{head} = JSON::PP->new->decode("$1]}") }
        elsif ( $self->{ended} || !$self->{readable}->can_read($longest_s) || !$self->fill ) { return }
    }
    return $self->{head};
}

# So many steps may be done from now on, whatever was allowed before.
sub allow ( $self, $steps ) {
    local $SIG{PIPE} = 'IGNORE';
    syswrite $self->{allow}, "$steps\n";
    return;
}

# Reads what is there, and waits when there is nothing. Result: false at the end.
sub fill ($self) {
    return 0 if $self->{ended};
    my $got = sysread $self->{map}, $self->{text}, 1 << 16, length $self->{text};
    return $got if $got;
    $self->{ended} = 1;
    waitpid $self->{pid}, 0;
    my $status = $? & 127 ? 128 + ( $? & 127 ) : $? >> 8;
    $self->{died} = lecture::live::Ending::words( 'the allocator', $status );
    return 0;
}

# The steps that have come since, as JSON, and the newest mappings, likewise.
sub take ($self) {
    my ( @steps, $mappings );
    while ( $self->{text} =~ /\G,?(\[.*\])\n/gc ) {
        my $step = $1;
        $mappings = $1 if $step =~ s/,\s*\{"mappings":\s*(.*)\}\]\z/]/;
        push @steps, $step;
    }
    substr( $self->{text}, 0, pos( $self->{text} ) // 0 ) = '';
    return ( \@steps, $mappings );
}

# Whether a call of the allocator has begun and not returned.
sub is_in_call ($self) { return $self->{text} =~ /\A,?\[/ }

sub has_ended ($self) { return $self->{ended} }

# Words for it when the allocator did not end well; undef when it did, or still runs.
sub died ($self) { return $self->{died} }

sub DESTROY ($self) {
    local $?;
    close $self->{allow};
    close $self->{map};
    return if $self->{ended};
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;

__END__

=head1 NAME

lecture::live::Stream - the heap of a running program, step by step

=head1 METHODS

=head2 new(@command)

Starts the command, which writes a growing heap map (trace/README.md) to standard output. It ends with the object.

=head2 head($longest_s)

The map without its steps.

=head2 allow($steps)

How many steps may be done from now on; 0 holds the program.

=head2 handle, fill, take

When there is something to read; reads it; and hands it out: C<(\@steps, $mappings)>, both as JSON.

=head2 is_in_call, has_ended, died

Whether the allocator has been called and has not returned; whether there will be no more; and what went wrong, in words.

=cut
