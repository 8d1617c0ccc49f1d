package grader::class::Slurm;

# Starts the jobs of a pass as job arrays of Slurm. The cluster's MaxArraySize bounds the tasks of an array, so a class is many
# arrays. Only some of them are in the queue at a time, because the cluster also bounds the number of its jobs (MaxJobCount).

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use POSIX       ();
use Time::HiRes qw(time);
use grader::class::Parallel;

my $MOST_ARRAYS  = 4;       # in the queue
my $USUAL_SIZE   = 1001;    # MaxArraySize of a cluster that does not say
my $LOOK_EVERY_S = 1;
my $MOST_LOOK_S  = 15;      # for a big class the controller is asked less often

# Dies with one line when there is no cluster to be reached.
sub insist () {
    my ( $said, $status ) = _ask(qw(scontrol show config));
    return                                                      if $status == 0;
    die "there is no Slurm here; ./setup --slurm installs it\n" if $status < 0;
    die 'Slurm does not answer: ', $said =~ s/\s*\n.*//sr, "\n";
}

# What a command of Slurm printed, with its errors; and its status, -1 when there is no such command.
sub _ask (@command) {
    my $pid = open my $output, '-|';
    die "cannot start $command[0]: $!\n" if !defined $pid;
    if ( !$pid ) {
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    my $said = do { local $/ = undef; <$output> }
      // q{};
    close $output;
    return ( $said, $? >> 8 == 127 ? -1 : $? );
}

# %how: commands => [argument lists], exclusive => whether each job has a node for itself, minutes => the most that one takes,
# options => [more for sbatch]. Result: an object.
sub start ( $class, $store, $name, %how ) {
    my ($size) =
      ( _ask(qw(scontrol show config)) )[0] =~ /^MaxArraySize\s*=\s*(\d+)/m;
    $size = ( $size // $USUAL_SIZE ) - 1;    # it bounds the highest index, and ours begin with 1
    die "this Slurm allows no job arrays: its MaxArraySize is ${\($size + 1)}\n"
      if $size < 1;
    my @commands = @{ $how{commands} };
    my @chunks;
    push @chunks, [ splice @commands, 0, $size ] while @commands;
    my $self = bless {
        store  => $store,
        name   => $name,
        how    => \%how,
        chunks => \@chunks,
        sent   => 0,
        queued => [],
        look_s => $LOOK_EVERY_S
    }, $class;
    $self->_send;
    return $self;
}

# Hands over as many arrays as may be in the queue.
sub _send ($self) {
    while ( @{ $self->{queued} } < $MOST_ARRAYS && @{ $self->{chunks} } ) {
        my $chunk = $self->{chunks}[0];
        my ( $store, $how ) = @{$self}{qw(store how)};
        my $name = "$self->{name}-" . ( 1 + $self->{sent} );
        $store->write_file( "state/$name.commands", join q{},
            map { grader::class::Parallel::quoted( @{$_} ) . "\n" } @{$chunk} );
        my $list = grader::class::Parallel::quoted( $store->path("state/$name.commands") );
        $store->write_file( "state/$name.sh",
            qq{#!/bin/sh\neval "exec \$(sed -n "\${SLURM_ARRAY_TASK_ID}p" $list)"\n} );

        my @options = (
            '--parsable',             '--array=1-' . @{$chunk},
            "--job-name=grade-$name", '--open-mode=append',
            '--output=' . _plain( $store->path('state/slurm.log') )
        );
        push @options, '--export=PATH', '--nodes=1', '--ntasks=1', "--time=$how->{minutes}";
        push @options, '--exclusive' if $how->{exclusive};
        my ( $said, $status ) = _ask( 'sbatch', @options, @{ $how->{options} // [] }, $store->path("state/$name.sh") );

        if ( $status != 0 ) {

            # A full queue has room later; anything else has not.
            return
              if @{ $self->{queued} } && $said =~ /limit|too many|temporarily/i;
            die 'Slurm takes no jobs: ', $said =~ s/\s*\n/; /gr =~ s/; \z//r, "\n";
        }
        my ($id) = $said =~ /^(\d+)/m
          or die "sbatch did not say the number of its job: $said\n";
        push @{ $self->{queued} }, $id;
        $self->{sent}++;
        shift @{ $self->{chunks} };
    }
    return;
}

# Slurm replaces % and what follows it in the names of such files.
sub _plain ($path) { return $path =~ s/%/%%/gr }

sub is_over ($self) {
    return 0 if time < ( $self->{next_look} // 0 );
    $self->{next_look} = time + $self->{look_s};
    $self->{look_s} =
        $self->{look_s} * 1.2 < $MOST_LOOK_S
      ? $self->{look_s} * 1.2
      : $MOST_LOOK_S;
    $self->{queued} = [ grep { _is_queued($_) } @{ $self->{queued} } ];
    $self->_send if !$self->{is_stopped};
    return !@{ $self->{queued} };
}

# A controller that does not answer for a while has lost nothing.
sub _is_queued ($id) {
    my ( $said, $status ) = _ask( qw(squeue --noheader --format=%i --jobs), $id );
    return $status == 0 ? $said =~ /\S/ : $said !~ /Invalid job id/;
}

# What waits is taken out of the queue; jobs at work end by themselves, because their run has gone.
sub stop ($self) {
    $self->{is_stopped} = 1;
    $self->{look_s}     = $LOOK_EVERY_S;
    _ask( 'scancel', '--state=PENDING', @{ $self->{queued} } )
      if @{ $self->{queued} };
    return;
}

sub end ($self) {
    _ask( 'scancel', @{ $self->{queued} } ) if @{ $self->{queued} };
    return;
}

1;
