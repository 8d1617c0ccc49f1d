package grader::class::Passes;

# Runs the passes of a class: first correctness for everybody, in parallel, then timing, one at a time on each machine. Only
# what has no result yet is run.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util  qw(uniq);
use Time::HiRes qw(sleep time);
use grader::class::Keys;
use grader::class::Parallel;
use grader::class::Slurm;
use grader::class::Text;

my $TRIES   = 2;     # a job that leaves no result, as when its machine is lost, is started again
my $PAUSE_S = 0.1;
my $GRACE_S = 60;    # for jobs that are at work, when a run is stopped

# %facts: store, progress, submissions with keys, passes => [names], option => those of grade-class, is_stopped => a function
# that says whether somebody wants the run to stop.
sub new ( $class, %facts ) { return bless {%facts}, $class }

# Whether nothing is to be run.
sub is_done ($self) {
    return !grep { $self->_to_do($_) } @{ $self->{passes} };
}

# What has a result of the pass before.
sub _keys ( $self, $pass ) {
    my ( $store, @submissions ) = ( $self->{store}, @{ $self->{submissions} } );
    for my $before ( @{ $self->{passes} } ) {
        last if $before eq $pass;

        # A grader that broke once is not started again.
        @submissions =
          grep { !$store->is_broken( $_->{keys}{$before}, $before ) } @submissions;
    }
    return uniq map { $_->{keys}{$pass} } @submissions;
}

# The keys that a pass must still look at. What was broken is tried again.
sub _to_do ( $self, $pass ) {
    my $store = $self->{store};
    return
      grep { !$store->is_done( $_, $pass ) || ( !$self->{tried} && $store->is_broken( $_, $pass ) ) }
      uniq map { $_->{keys}{$pass} } @{ $self->{submissions} };
}

# Dies with one line when jobs cannot be started here.
sub insist ($self) {
    return $self->{option}{slurm}
      ? grader::class::Slurm::insist()
      : grader::class::Parallel::insist();
}

# Result: whether all passes came to their end.
sub run ( $self, $run_id ) {
    my $store = $self->{store};
    for my $pass ( @{ $self->{passes} } ) {
        $store->forget( $_, $pass ) for grep { $store->is_broken( $_, $pass ) } $self->_to_do($pass);
    }
    $self->{tried} = 1;
    for my $submission ( reverse @{ $self->{submissions} } ) {
        my %job = map { $_ => $submission->{$_} } qw(path given);
        $store->write_json( "state/jobs/$_", \%job ) for values %{ $submission->{keys} };
    }
    for my $pass ( @{ $self->{passes} } ) {
        my @to_do = grep { !$store->is_done( $_, $pass ) } $self->_keys($pass);
        for my $try ( 1 .. $TRIES ) {
            $self->_run_pass( $pass, \@to_do, $run_id ) || return 0 if @to_do;
            @to_do = grep { !$store->is_done( $_, $pass ) } @to_do;
        }
        $self->_give_up( $pass, $_ ) for @to_do;
    }
    return 1;
}

# Runs a pass for these keys. Result: whether it came to its end.
sub _run_pass ( $self, $pass, $keys, $run_id ) {
    my ( $store, $progress, $option ) = @{$self}{qw(store progress option)};
    my $is_timing = $pass eq 'timing';
    my @commands =
      map { [ $^X, $option->{job}, $store->path, $pass, $_, $run_id ] } @{$keys};
    my $starter = $option->{slurm} ? 'grader::class::Slurm' : 'grader::class::Parallel';
    my $jobs    = $starter->start(
        $store, $pass,
        commands  => \@commands,
        jobs      => $is_timing ? 1 : $option->{jobs},
        sshlogin  => $option->{sshlogin},
        exclusive => $is_timing,
        minutes   => 2 + int( $option->{limit} / 60 ) + ( $is_timing ? 0 : 1 ),
        options   => $option->{'slurm-option'},
    );
    my %waiting = map { $_ => 1 } @{$keys};
    $progress->begin( $pass, scalar @{$keys} );
    my $told_at;

    while ( !$jobs->is_over ) {
        sleep $PAUSE_S;
        if ( $self->{is_stopped}->() && !defined $told_at ) {
            $progress->say_now('stopping; what is done stays done');
            $store->stop_run;
            $jobs->stop;
            $told_at = time;
        }
        elsif ( defined $told_at && time > $told_at + $GRACE_S ) { $jobs->end }
        elsif ( $progress->is_due ) {
            delete $waiting{$_} for grep { $store->is_done( $_, $pass ) } keys %waiting;
            $progress->show( @{$keys} - keys %waiting );
        }
    }
    $progress->clear;
    return !$self->{is_stopped}->();
}

# A job that was lost every time.
sub _give_up ( $self, $pass, $key ) {
    my $why = "its $pass job ended without a result" . $self->_last_words;
    return $self->{store}
      ->write_json( "state/done/$key.$pass", { pass => $pass, host => q{}, seconds => 0, broken => $why } );
}

sub _last_words ($self) {
    my $log = $self->{store}->path( $self->{option}{slurm} ? 'state/slurm.log' : 'state/parallel.log' );
    open my $file, '<:raw', $log or return q{};
    my @lines = grep { /\S/ } <$file> or return q{};
    return "; the last words in ${\grader::class::Text::printable($log)}: "
      . grader::class::Text::printable( $lines[-1] =~ s/\s+\z//r );
}

# What the passes have left, PASS => result, of one submission.
sub done ( $self, $submission ) {
    return { map { $_ => scalar $self->{store}->done( $submission->{keys}{$_}, $_ ) } @{ $self->{passes} } };
}

1;
