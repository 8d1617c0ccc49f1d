package lecture::Run;

# One run of many measurements that takes minutes: says beforehand how long, writes a line a minute to a file, and goes on
# where it was stopped.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Path     qw(make_path);
use JSON::PP       ();
use List::Util     qw(max sum0);
use POSIX          qw(strftime);
use Time::HiRes    qw(time sleep);
use measure::Table qw(progress write_json);

my $LINE_S = 60;

# %options: folder, where the state, the results and progress.txt lie; steps => [ { name, files => [PATHS], usual_s, measure }
# ], in their order; about, a hash that says what is measured: where it is another than that of a run which was stopped, all
# begins anew.
sub new ( $class, %options ) {
    my $self = bless { %options, state => "$options{folder}/run.json", log => "$options{folder}/progress.txt" }, $class;
    make_path( $options{folder} );
    my $before = _read( $self->{state} );
    my $same   = _text( $before->{about} // {} ) eq _text( $options{about} );
    $self->{took} = $same                         ? { %{ $before->{took} // {} } } : {};
    $self->{done} = $same && !$before->{finished} ? { %{ $before->{done} // {} } } : {};
    for my $step ( @{ $self->{steps} } ) {
        delete $self->{done}{ $step->{name} } if grep { !-e } @{ $step->{files} };
    }
    return $self;
}

sub _text ($value) { return JSON::PP->new->canonical->encode($value) }

sub _read ($path) {
    open my $file, '<', $path or return {};
    local $/ = undef;
    my $state = eval { JSON::PP->new->decode( <$file> // '' ) };
    return ref $state eq 'HASH' ? $state : {};
}

sub _keep ( $self, %more ) {
    write_json( $self->{state}, { ( map { $_ => $self->{$_} } qw(about done took) ), %more } );
    return;
}

sub _left ($self) {
    return grep { !$self->{done}{ $_->{name} } } @{ $self->{steps} };
}

# What a step will take: what it took here last time, else what is usual, on a machine so many times as slow.
sub _expected_s ( $self, @steps ) {
    return sum0( map { $self->{took}{ $_->{name} } // $_->{usual_s} * ( $_->{is_budget} ? 1 : $self->{slowness} // 1 ) }
          @steps );
}

sub announcement ($self) {
    my @left  = $self->_left;
    my $known = !grep { !defined $self->{took}{ $_->{name} } } @left;
    my @done  = grep  { $self->{done}{ $_->{name} } } @{ $self->{steps} };
    return sprintf 'This takes about %s here%s. A line a minute goes to %s.%s', _minutes( $self->_expected_s(@left) ),
      $known ? ', as it did last time' : '', $self->{log},
      @done ? ' It goes on after: ' . join( ', ', map { $_->{name} } @done ) . '.' : '';
}

sub _minutes ($seconds) {
    return $seconds < 90 ? sprintf( '%.0f s', $seconds ) : sprintf( '%.0f minutes', $seconds / 60 );
}

# Measures what is left. A step that fails is told by $failed->($name, $why) and costs only itself.
sub go ( $self, $failed ) {
    my @left = $self->_left;
    my $all  = @{ $self->{steps} };
    $self->_log( sprintf 'begins: %d of %d steps are left, about %s',
        scalar @left, $all, _minutes( $self->_expected_s(@left) ) );
    while ( my $step = shift @left ) {
        my $started = time;
        unlink @{ $step->{files} };
        my $ticker = $self->_ticker( $step, $self->_expected_s( $step, @left ) );
        my $worked = eval { $step->{measure}->(); 1 };
        my $why    = $@;
        kill TERM => $ticker;
        waitpid $ticker, 0;
        if ($worked) {
            $self->{done}{ $step->{name} } = JSON::PP::true();
            $self->{took}{ $step->{name} } = 0 + sprintf '%.1f', time - $started;
            $self->_log( sprintf '%s: done in %.0f s', $step->{name}, time - $started );
            $self->_keep;
            next;
        }
        $self->_log("$step->{name}: failed");
        $failed->( $step->{name}, $why );
    }
    $self->_keep( finished => JSON::PP::true() );
    $self->_log('ends');
    return;
}

sub _log ( $self, $text ) {
    open my $log, '>>', $self->{log} or die "cannot write $self->{log}: $!\n";
    print {$log} strftime( '%H:%M:%S', localtime ), " $text\n";
    close $log or die "cannot write $self->{log}: $!\n";
    return;
}

# A process that writes the line a minute, since this one waits for measurements.
sub _ticker ( $self, $step, $expected_s ) {
    my $owner   = $$;
    my $started = time;
    my $pid     = fork // die "cannot start another process: $!\n";
    return $pid if $pid != 0;
    $SIG{TERM} = sub { POSIX::_exit(0) };
    for ( my $line = 1 ; getppid == $owner ; $line++ ) {
        sleep 0.5 while time < $started + $line * $LINE_S && getppid == $owner;
        $self->_log(
            sprintf '%s: since %s; about %s left in all',
            $step->{name},
            _minutes( time - $started ),
            _minutes( max( 0, $expected_s - ( time - $started ) ) )
        ) if getppid == $owner;
    }
    POSIX::_exit(0);
}

1;

__END__

=head1 NAME

lecture::Run - a run of many measurements: announced, logged, resumable

=head1 METHODS

=head2 new(folder => DIR, about => \%what, steps => [ { name, files, usual_s, is_budget, measure } ], slowness => N)

A run whose state is DIR/run.json. If the last one with the same C<about> was stopped, its finished steps whose files are there
count as done. C<usual_s> is what a step takes on a usual machine; C<slowness> multiplies it, but for steps with C<is_budget>,
which take as long as they are given. What a step took here before counts more.

=head2 announcement

A sentence about how long it will take, where the progress goes, and after which steps the run goes on.

=head2 go(sub ($name, $why) { ... })

Measures what is left, with a line a minute in DIR/progress.txt. The function is called for a step that died.

=cut
