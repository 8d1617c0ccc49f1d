package tests::lib::OneNodeSlurm;

# A Slurm cluster of one node, this machine, out of Debian's packages: munged, slurmctld and slurmd with a configuration, ports
# and a folder of their own. What the machine has configured of Slurm is neither used nor touched. When the object goes the
# daemons are ended.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp       ();
use IO::Socket::INET ();
use POSIX            qw(WNOHANG);
use Sys::Hostname    ();
use Time::HiRes      qw(sleep time);

my @DAEMONS    = qw(munged slurmctld slurmd);
my @COMMANDS   = qw(scontrol sbatch squeue scancel);
my $MOST_UP_S  = 60;
my $MOST_END_S = 10;

# Result: why this machine cannot; undef when all is there.
sub why_not () {
    local $ENV{PATH} = _path();
    my @missing = grep {
        my $tool = $_;
        !grep { -x "$_/$tool" } split /:/, $ENV{PATH}
    } @DAEMONS, @COMMANDS;
    return @missing ? "there is no @missing here; ./setup --slurm installs it" : undef;
}

sub _path () { return "$ENV{PATH}:/usr/sbin:/sbin" }

# %options: array => MaxArraySize. Result: an object; dies with one line when the cluster does not come up.
sub start ( $class, %options ) {
    my $folder = File::Temp->newdir( DIR => '/tmp' );
    my $self   = bless { folder => $folder, pids => [], process => $$ }, $class;
    chmod oct 755, $folder;
    mkdir "$folder/$_" or die "cannot make $folder/$_: $!\n" for qw(state spool munge);
    chmod oct 755, "$folder/munge";
    _write( "$folder/munge/key", join q{}, map { chr int rand 256 } 1 .. 128 );
    chmod oct 600, "$folder/munge/key";

    local $ENV{PATH} = _path();
    my ( $control, $node ) = _free_ports(2);
    my $host   = Sys::Hostname::hostname() =~ s/[.].*//r;
    my $user   = getpwuid $>;
    my ($cpus) = `slurmd -C` =~ /\bCPUs=(\d+)/;
    _write( "$folder/slurm.conf", <<"END" );
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$control
SlurmdPort=$node
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
SlurmUser=$user
SlurmdUser=$user
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1
MaxArraySize=$options{array}
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=${\( $cpus // 1 )} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
    $self->{env} = { SLURM_CONF => "$folder/slurm.conf", PATH => $ENV{PATH} };

    my @munge = map { "--$_->[0]-file=$folder/munge/$_->[1]" } [qw(key key)], [qw(log log)], [qw(pid pid)],
      [qw(seed seed)];
    $self->_run( 'munged', '--foreground', '--force', "--socket=$folder/munge/socket", @munge );
    $self->_wait( 'munged', sub { -S "$folder/munge/socket" } );
    $self->_run( 'slurmctld', '-D', '-i', '-f', "$folder/slurm.conf" );
    $self->_run( 'slurmd', '-D', '-N', $host, '-f', "$folder/slurm.conf" );
    local $ENV{SLURM_CONF} = "$folder/slurm.conf";
    $self->_wait( 'the node', sub { `sinfo --noheader --format=%T 2>/dev/null` =~ /\Aidle/ } );
    return $self;
}

# Variables for programs that shall use this cluster.
sub env ($self) { return $self->{env} }

# What a command of Slurm prints.
sub ask ( $self, $command ) {
    local @ENV{ keys %{ $self->{env} } } = values %{ $self->{env} };
    return `$command 2>&1`;
}

sub _free_ports ($count) {
    my @sockets =
      map { IO::Socket::INET->new( Listen => 1, LocalAddr => '127.0.0.1' ) || die "no port: $!\n" } 1 .. $count;
    return map { $_->sockport } @sockets;
}

sub _write ( $path, $content ) {
    open my $file, '>:raw', $path or die "cannot write $path: $!\n";
    print {$file} $content;
    close $file or die "cannot write $path: $!\n";
    return;
}

sub _run ( $self, @command ) {
    my $pid = fork // die "fork: $!\n";
    if ($pid) { return push @{ $self->{pids} }, $pid }
    open STDIN,  '<',  '/dev/null'                        or POSIX::_exit(126);
    open STDOUT, '>>', "$self->{folder}/$command[0].said" or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT                           or POSIX::_exit(126);
    exec { $command[0] } @command or POSIX::_exit(127);
}

sub _wait ( $self, $what, $is_there ) {
    my $until = time + $MOST_UP_S;
    while ( !$is_there->() ) {
        my ($gone) = grep { waitpid( $_, WNOHANG ) != 0 } @{ $self->{pids} };
        die "$what does not come up: ", $self->_last_words, "\n" if $gone || time > $until;
        sleep 0.1;
    }
    return;
}

sub _last_words ($self) {
    my @lines;
    for my $log ( map { "$self->{folder}/$_" }
        qw(munge/log munged.said slurmctld.said slurmctld.log slurmd.said slurmd.log) )
    {
        open my $file, '<', $log or next;
        push @lines, grep { /error|fatal/i } <$file>;
    }
    return $lines[-1] // 'it says nothing';
}

# The daemons that are still there.
sub alive ($self) {
    return grep { kill 0, $_ } @{ $self->{pids} };
}

sub stop ($self) {
    return if $self->{is_stopped}++;    # by then the numbers may be those of other processes
    for my $pid ( reverse @{ $self->{pids} } ) {
        kill 'TERM', $pid;
        my $until = time + $MOST_END_S;
        while ( waitpid( $pid, WNOHANG ) == 0 ) {
            kill 'KILL', $pid if time > $until;
            sleep 0.05;
        }
    }
    return;
}

sub DESTROY ($self) {
    return if $self->{process} != $$;
    local ( $@, $?, $! );
    $self->stop;
    return;
}

1;
