#!/usr/bin/env perl

# measure::Contention on made-up kernels: what counts as contended, how many CPUs there are, and what is missing.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Path qw(make_path);
use File::Temp ();
use FindBin    qw($Bin);
use POSIX      ();
use Test::More;

use lib "$Bin/../..";
use measure::Contention;

my $TICKS = POSIX::sysconf( POSIX::_SC_CLK_TCK() );

my ( $folder, $at_s, $own_s );

sub write_file ( $path, $content ) {
    my ($parent) = "$folder/$path" =~ m{(.*)/};
    make_path($parent);
    open my $file, '>', "$folder/$path" or die "$folder/$path: $!";
    print {$file} $content;
    close $file or die "$folder/$path: $!";
    return;
}

# /proc/stat of CPUs that were so many seconds busy and stolen, [busy, steal] for each.
sub write_stat ( $running, @cpus ) {
    my $stat = "cpu  1 2 3 4 5 6 7 8 0 0\n";
    for my $number ( 0 .. $#cpus ) {
        my ( $busy, $steal ) = map { $TICKS * $_ } @{ $cpus[$number] };
        my $half = int $busy / 2;
        $stat .= join( q{ }, "cpu$number", $half, 0, $busy - $half, 999, 0, 0, 0, $steal, 0, 0 ) . "\n";
    }
    write_file( 'proc/stat', "${stat}procs_running $running\n" );
    return;
}

# A new machine: so many idle CPUs, on all of which we may run.
sub watch ( $cpus, %options ) {
    $folder = File::Temp->newdir;
    ( $at_s, $own_s ) = ( 100, 0 );
    write_stat( 1, ( [ 0, 0 ] ) x $cpus );
    write_file( 'proc/self/status',
        "Name:\tperl\nCpus_allowed_list:\t" . ( $options{allowed} // '0-' . ( $cpus - 1 ) ) . "\n" );
    write_file( $_, $options{files}{$_} ) for keys %{ $options{files} // {} };
    return measure::Contention->new(
        threads   => 4,
        proc      => "$folder/proc",
        cgroup    => "$folder/cgroup",
        seconds   => sub { $at_s },
        own_cpu_s => sub { $own_s },
    );
}

# Ten seconds pass, in which we used so much CPU time.
sub ten_seconds ($own) {
    ( $at_s, $own_s ) = ( $at_s + 10, $own_s + $own );
    return;
}

subtest 'other processes' => sub {
    my $watch = watch(2);
    ten_seconds(18);
    write_stat( 1, [ 9, 0 ], [ 10, 0 ] );
    is( join( '; ', $watch->reasons ), q{}, 'all of two CPUs by ourselves, and what a system does by the way' );
    ten_seconds(9);
    write_stat( 1, [ 19, 0 ], [ 20, 0 ] );
    is( join( '; ', $watch->reasons ), 'other processes used 0.60 CPUs', 'somebody else for half of the time' );
    my $record = $watch->record;
    is(
        "@{ $record->{contended} } $record->{others}",
        'other processes used 0.60 CPUs 0.6',
        '... and a file of results keeps it'
    );
    $watch->start;
    ten_seconds(19);
    write_stat( 1, [ 29, 0 ], [ 29, 0 ] );
    is( join( '; ', $watch->reasons ), q{}, 'what was before the start is forgotten' );

    $watch = watch(2);
    ten_seconds(1);
    $watch->ran( { user_s => 17, sys_s => 1 } );
    write_stat( 1, [ 9, 0 ], [ 10, 0 ] );
    is( join( '; ', $watch->reasons ), q{}, 'runs whose time was not credited to us are ours nevertheless' );

    $watch = watch(8);
    ten_seconds(20);
    write_stat( 1, ( [ 5, 0 ] ) x 8 );
    is( join( '; ', $watch->reasons ), q{}, 'others in the way of nobody, on eight CPUs' );
    write_stat( 1, ( [ 9, 0 ] ) x 8 );
    is(
        join( '; ', $watch->reasons ),
        'other processes used 5.20 CPUs',
        '... and when they leave fewer than our threads'
    );

    $watch = watch( 8, allowed => '0,3' );
    ten_seconds(19);
    write_stat( 1, [ 10, 0 ], [ 10, 0 ], [ 10, 0 ], [ 10, 0 ] );
    is( join( '; ', $watch->reasons ), q{}, 'what runs where we may not run does not matter' );
};

subtest 'the host, quotas, pressure' => sub {
    my $watch = watch(2);
    ten_seconds(18);
    write_stat( 1, [ 9, 1 ], [ 9, 1 ] );
    is( join( '; ', $watch->reasons ), 'the host took away 10% of the CPU time', 'steal' );

    $watch =
      watch( 2, files => { 'proc/self/cgroup' => "0::/a/b\n", 'cgroup/a/b/cpu.stat' => "throttled_usec 1000\n" } );
    ten_seconds(1);
    is( join( '; ', $watch->reasons ), q{}, 'no throttling since the start' );
    write_file( 'cgroup/a/b/cpu.stat', "nr_throttled 3\nthrottled_usec 2001000\n" );
    is( join( '; ', $watch->reasons ),
        'the quota of its control group held the programs up for 20% of the time', 'throttled' );

    $watch = watch( 2, files => { 'proc/pressure/cpu' => "some avg10=0.00 total=0\n" } );
    ten_seconds(1);
    write_file( 'proc/pressure/cpu', "some avg10=0.00 total=9000000\nfull avg10=0.00 total=0\n" );
    is( join( '; ', $watch->reasons ), q{}, 'four threads on two CPUs wait for each other' );
    $watch = watch( 4, files => { 'proc/pressure/cpu' => "some avg10=0.00 total=9000000\n" } );
    ten_seconds(1);
    write_file( 'proc/pressure/cpu', "some avg10=0.00 total=12000000\n" );
    is( join( '; ', $watch->reasons ), 'threads waited for a CPU for 30% of the time', '... on four they need not' );
};

subtest 'how much of the CPUs beyond one was missing' => sub {
    my $missing = sub ( $cpus, $busy_s, $steal_s ) {
        my $watch = watch($cpus);
        ten_seconds(10);
        write_stat( 1, ( [ $busy_s, $steal_s ] ) x $cpus );
        return sprintf '%.2f', $watch->missing;
    };
    is( $missing->( 2, 5,    0 ), '0.00', 'nothing, when we are alone' );
    is( $missing->( 2, 7,    0 ), '0.40', 'others used 0.4 of the second one' );
    is( $missing->( 2, 10,   0 ), '1.00', '... all of it' );
    is( $missing->( 2, 6,    1 ), '0.40', 'others and the host 0.2 each' );
    is( $missing->( 4, 3.25, 0 ), '0.10', 'four threads on four CPUs, others used 0.3' );
    is( $missing->( 8, 6.25, 0 ), '0.00', '... on eight, and four were left' );
    is( $missing->( 8, 7.5,  0 ), '0.33', '... three' );
    is( $missing->( 1, 10,   0 ), '0.00', 'on one CPU there is none beyond it' );
};

subtest 'how many CPUs there are' => sub {
    is( watch(2)->usable_cpus,                              2, 'those on which we may run' );
    is( watch( 64, allowed => '0-1,8,10-11' )->usable_cpus, 5, '... in ranges' );
    my $group = "0::/job\n";
    is( watch( 8, files => { 'proc/self/cgroup' => $group, 'cgroup/job/cpu.max' => "150000 100000\n" } )->usable_cpus,
        1.5, 'a quota of one and a half' );
    is( watch( 8, files => { 'proc/self/cgroup' => $group, 'cgroup/job/cpu.max' => "max 100000\n" } )->usable_cpus,
        8, 'no quota' );
    is( watch( 8, files => { 'proc/self/cgroup' => $group, 'cgroup/cpu.max' => "300000 100000\n" } )->usable_cpus,
        3, 'a quota of the group around ours' );
    my %nested = (
        'proc/self/cgroup'        => "0::/course/student/job\n",
        'cgroup/course/cpu.max'   => "250000 100000\n",
        'cgroup/course/student/x' => q{},
    );
    is( watch( 8, files => \%nested )->usable_cpus, 2.5, '... and of one further out' );
    my %first_version = (
        'proc/self/cgroup'                         => "7:memory:/x\n4:cpu,cpuacct:/job\n",
        'cgroup/cpu,cpuacct/job/cpu.cfs_quota_us'  => "200000\n",
        'cgroup/cpu,cpuacct/job/cpu.cfs_period_us' => "100000\n",
        'cgroup/cpu,cpuacct/cpu.cfs_quota_us'      => "-1\n",
    );
    is( watch( 8, files => \%first_version )->usable_cpus, 2, 'a quota of the first version of control groups' );
};

subtest 'what a machine does not tell' => sub {
    my $watch = watch(2);
    unlink "$folder/proc/stat", "$folder/proc/self/status";
    $watch = measure::Contention->new( threads => 4, proc => "$folder/nothing", cgroup => "$folder/nothing" );
    $watch->ran( {} );
    is( join( '; ', $watch->reasons ), q{}, 'nothing at all is no reason' );
    is( $watch->usable_cpus,           1,   '... and there is one CPU' );

    $watch = watch(2);
    write_file( 'proc/stat', "procs_running 1\n" );
    $watch->start;
    for my $running ( 1, 1, 2, 3 ) {
        write_file( 'proc/stat', "procs_running $running\n" );
        $watch->ran( {} );
    }
    is(
        join( '; ', $watch->reasons ),
        'another process was running at 50% of the moments between runs',
        'no times, but the number of running processes'
    );
};

subtest 'this machine' => sub {
    my $watch = measure::Contention->new( threads => 4 );
    $watch->ran( {} );
    my %figures = $watch->figures;
    cmp_ok( $watch->usable_cpus, '>', 0, 'has CPUs' );
    is( scalar( grep { !defined $figures{$_} } keys %figures ), 0, 'and every figure that there is has a value' );
};

done_testing;
