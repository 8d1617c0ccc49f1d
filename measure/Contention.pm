package measure::Contention;

# Was the machine ours alone while runs were timed? Reads what the kernel counts before and after, and takes off what the
# runs used themselves. Whatever cannot be read on a machine is left out.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util  qw(max min sum0);
use POSIX       ();
use Time::HiRes ();

# CPUs' worth of work by others beyond which the machine counts as contended: the services of an idle system stay well below.
my $MOST_OTHERS = 0.15;

# The share of the wanted CPU time that the host may give to other guests, or a quota may take away.
my $MOST_STOLEN    = 0.05;
my $MOST_THROTTLED = 0.01;

# The share of moments, of those between our runs, at which somebody else was running.
my $MOST_RUNNING = 0.25;

# The share of the time in which some thread waited for a CPU, on machines where ours need not wait for each other.
my $MOST_PRESSURE = 0.10;

# %options: threads, how many the timed programs run; for tests: proc and cgroup, the folders to read instead of /proc and
# /sys/fs/cgroup, and seconds and own_cpu_s, functions that tell the time and the CPU time of us and our children.
sub new ( $class, %options ) {
    my $self = bless {
        threads   => $options{threads}   // 1,
        proc      => $options{proc}      // '/proc',
        cgroup    => $options{cgroup}    // '/sys/fs/cgroup',
        seconds   => $options{seconds}   // sub () { Time::HiRes::clock_gettime( Time::HiRes::CLOCK_MONOTONIC() ) },
        own_cpu_s => $options{own_cpu_s} // sub () { sum0(times) },
        tick_s    => 1 / POSIX::sysconf( POSIX::_SC_CLK_TCK() ),
    }, $class;
    $self->start;
    return $self;
}

# From here on is counted.
sub start ($self) {
    $self->{before}  = $self->_sample;
    $self->{runs_s}  = 0;
    $self->{moments} = 0;
    $self->{running} = 0;
    return;
}

# To be called after each run, when nothing of ours runs but we. $result: of measure::Launch::run.
sub ran ( $self, $result ) {
    $self->{runs_s} += ( $result->{user_s} // 0 ) + ( $result->{sys_s} // 0 );
    my ($running) = $self->_read('stat') =~ /^procs_running (\d+)/m;
    return if !defined $running;
    $self->{moments}++;
    $self->{running}++ if $running > 1;
    return;
}

# Result: what was counted since the start, each absent when it cannot be known: others, the CPUs that other processes
# used; stolen_cpus, those that the host took away; stolen, throttled and pressure, shares; running, the share of the moments
# between runs when somebody else ran.
sub figures ($self) {
    my ( $before, $after ) = ( $self->{before}, $self->_sample );
    my $elapsed_s = max( $after->{at_s} - $before->{at_s}, 1e-9 );
    my %change    = map { $_ => $after->{$_} - $before->{$_} }
      grep { defined $after->{$_} && defined $before->{$_} } keys %{$after};
    my %figures;
    if ( defined $change{busy_s} ) {
        my $wanted_s = $change{busy_s} + $change{steal_s};
        $figures{others}      = ( $change{busy_s} - max( $change{own_s}, $self->{runs_s} ) ) / $elapsed_s;
        $figures{stolen}      = $wanted_s > 0 ? $change{steal_s} / $wanted_s : 0;
        $figures{stolen_cpus} = $change{steal_s} / $elapsed_s;
    }
    $figures{running}   = $self->{running} / $self->{moments} if $self->{moments};
    $figures{throttled} = $change{throttled_s} / $elapsed_s;
    $figures{pressure}  = $change{pressure_s} / $elapsed_s if defined $change{pressure_s};
    return %figures;
}

# Result: why the machine was contended since the start, in words that follow "contended: "; none when it was not.
sub reasons ($self) {
    my %figure = $self->figures;
    my @reasons;
    push @reasons, sprintf 'other processes used %.2f CPUs', $figure{others}
      if $self->_are_in_the_way( $figure{others} );
    push @reasons, sprintf 'the host took away %.0f%% of the CPU time', 100 * $figure{stolen}
      if ( $figure{stolen} // 0 ) > $MOST_STOLEN;
    push @reasons, sprintf 'another process was running at %.0f%% of the moments between runs', 100 * $figure{running}
      if !defined $figure{others} && ( $figure{running} // 0 ) > $MOST_RUNNING;
    push @reasons, sprintf 'the quota of its control group held the programs up for %.0f%% of the time',
      100 * $figure{throttled}
      if $figure{throttled} > $MOST_THROTTLED;
    push @reasons, sprintf 'threads waited for a CPU for %.0f%% of the time', 100 * $figure{pressure}
      if ( $figure{pressure} // 0 ) > $MOST_PRESSURE && $self->usable_cpus >= $self->{threads};
    return @reasons;
}

# What a file of results keeps of it, so that who reads the file later knows how far to trust its times.
sub record ($self) {
    my %figure = $self->figures;
    return {
        contended => [ $self->reasons ],
        map { defined $figure{$_} ? ( $_ => 0 + sprintf '%.3f', $figure{$_} ) : () } qw(others stolen throttled)
    };
}

# Others hold us up only when what they leave is less than our threads could use.
sub _are_in_the_way ( $self, $others ) {
    return defined $others && $others > $MOST_OTHERS && $self->usable_cpus - $others < $self->{threads};
}

# How much of what lets our threads run at the same time was not to be had: 0 when all CPUs that they could use were free, 1
# when only one was, and more when not even that.
sub missing ($self) {
    my %figure = $self->figures;
    return missing_of( $self->{threads}, $self->usable_cpus, sum0( grep { defined } @figure{qw(others stolen_cpus)} ) );
}

sub missing_of ( $threads, $cpus, $taken_cpus ) {
    my $wanted = min( $threads, $cpus );
    return $wanted > 1 ? max( 0, ( $wanted - ( $cpus - $taken_cpus ) ) / ( $wanted - 1 ) ) : 0;
}

sub _sample ($self) {
    my %sample = ( at_s => $self->{seconds}->(), own_s => $self->{own_cpu_s}->() );
    my %wanted = map { $_ => 1 } $self->_allowed_cpus;
    for my $line ( split /\n/, $self->_read('stat') ) {
        next if $line !~ /\Acpu(\d+) (.*)/ || ( %wanted && !$wanted{$1} );
        my ( $user, $nice, $system, $idle, $iowait, $irq, $softirq, $steal ) = split q{ }, $2;
        $sample{busy_s} += $self->{tick_s} * sum0( $user, $nice, $system, $irq // 0, $softirq // 0 );
        $sample{steal_s} += $self->{tick_s} * ( $steal // 0 );
    }
    my ($pressure_us) = $self->_read('pressure/cpu') =~ /^some .*\btotal=(\d+)/m;
    $sample{pressure_s}  = $pressure_us / 1e6 if defined $pressure_us;
    $sample{throttled_s} = $self->_throttled_s;
    return \%sample;
}

# ---- How many CPUs there are for us --------------------------------------------------------------------------------------

# As many as we may run on, and no more than a quota pays for: not always a whole number.
sub usable_cpus ($self) {
    return $self->{usable_cpus} //= min( scalar( $self->_allowed_cpus ) || $self->_all_cpus, $self->_quotas );
}

sub _allowed_cpus ($self) {
    my ($list) = $self->_read('self/status') =~ /^Cpus_allowed_list:\s*(\S+)/m;
    return map { /\A(\d+)-(\d+)\z/ ? ( $1 .. $2 ) : $_ } split /,/, $list // q{};
}

sub _all_cpus ($self) {
    return max( 1, scalar( () = $self->_read('stat') =~ /^cpu\d+ /mg ) );
}

sub _quotas ($self) {
    my @quotas;
    for my $folder ( $self->_groups ) {
        my ( $quota, $period ) = _content("$folder/cpu.max") =~ /\A(\d+) (\d+)/;
        ($quota)  = _content("$folder/cpu.cfs_quota_us")  =~ /\A(\d+)/ if !defined $quota;
        ($period) = _content("$folder/cpu.cfs_period_us") =~ /\A(\d+)/ if !defined $period;
        push @quotas, $quota / $period if $quota && $period;
    }
    return @quotas;
}

sub _throttled_s ($self) {
    my $throttled_s = 0;
    for my $folder ( $self->_groups ) {
        my $counts = _content("$folder/cpu.stat");
        $throttled_s += $1 / 1e6 if $counts =~ /^throttled_usec (\d+)/m;
        $throttled_s += $1 / 1e9 if $counts =~ /^throttled_time (\d+)/m;
    }
    return $throttled_s;
}

# The folders of our control group and of those around it. In a container the path that the kernel gives may be that of
# the host, where we see nothing; then the top folder is ours.
sub _groups ($self) {
    return @{ $self->{groups} } if $self->{groups};
    my @folders;
    for my $line ( split /\n/, $self->_read('self/cgroup') ) {
        my ( undef, $controllers, $path ) = split /:/, $line, 3;
        next if $controllers ne q{} && !grep { $_ eq 'cpu' } split /,/, $controllers;
        my $top = $self->{cgroup} . ( $controllers eq q{} ? q{} : "/$controllers" );
        while ( $path =~ m{[^/]} ) {
            push @folders, $top . $path;
            $path =~ s{/+[^/]*/*\z}{};
        }
        push @folders, $top;
    }
    $self->{groups} = [ grep { -d } @folders ];
    return @{ $self->{groups} };
}

sub _read ( $self, $name ) { return _content("$self->{proc}/$name") }

# Result: nothing when there is no such file or it may not be read.
sub _content ($path) {
    open my $file, '<', $path or return q{};
    local $/ = undef;
    return <$file> // q{};
}

1;

__END__

=head1 NAME

measure::Contention - did others use the machine while runs were timed?

=head1 SYNOPSIS

    my $watch = measure::Contention->new( threads => 4 );
    die "too few CPUs\n" if $watch->usable_cpus < 2;
    $watch->start;
    for ( 1 .. 20 ) {
        my $result = measure::Launch::run(...);
        $watch->ran($result);
    }
    say 'contended: ', join '; ', $watch->reasons;

=head1 SIGNS OF CONTENTION

=over

=item other processes

The busy time of the CPUs that we may use (F</proc/stat>), minus our own and our children's. It counts when others use more
than 0.15 CPUs and leave fewer CPUs than the threads of the programs could use.

=item the host

Steal: the time in which a virtual machine wanted a CPU and did not get it (F</proc/stat>), if it is more than 5% of the time
in which it wanted one.

=item other processes between our runs

F<procs_running> after each run, when only we should run. It counts when there were others at more than a quarter of these
moments. It is used only if F</proc/stat> does not give the busy time of the CPUs.

=item quotas

The time in which a control group's quota stopped us (F<cpu.stat>, of version 1 or 2), if it is more than 1%.

=item pressure

F</proc/pressure/cpu>, if it is more than 10% and there are as many CPUs as threads. With fewer CPUs our own threads wait for
each other, so pressure means nothing.

=back

The load average is not used: it remembers our own threads for minutes.

=head1 METHODS

=head2 new(threads => N)

Makes the object and starts to watch.

=head2 start

Forgets everything so far.

=head2 ran($result)

Call it after each run, with the result of measure::Launch::run.

=head2 reasons

The reasons why the machine was contended between the start and now: clauses such as "other processes used 1.02 CPUs". There is
none when we had the machine alone.

=head2 figures

The figures behind the reasons, as a list of names and numbers: others, stolen, running, throttled, pressure.

=head2 record

The same for a file of results: C<< { contended => [reasons], others, stolen, throttled } >>.

=head2 usable_cpus

The number of CPUs that we may use, by affinity and by quota; so 1.5 is possible.

=cut
