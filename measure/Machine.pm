package measure::Machine;

# What machine a measurement was made on, as far as it matters to an allocator.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP   ();
use List::Util qw(min);
use POSIX      ();

sub _content ($path) {
    open my $file, '<', $path or return '';
    local $/ = undef;
    return <$file> // '';
}

sub _first_line_of (@command) {
    open my $pipe, '-|', @command or return 'unknown';
    my $line = <$pipe> // 'unknown';
    chomp $line;
    my @rest = <$pipe>;    # so that the command is not cut off
    return close $pipe ? $line : 'unknown';
}

sub describe () {
    my $cpus      = _content('/proc/cpuinfo');
    my ($model)   = $cpus                                                   =~ /^model name\s*:\s*(.*)$/m;
    my ($huge)    = _content('/sys/kernel/mm/transparent_hugepage/enabled') =~ /\[(\w+)\]/;
    my ($memory)  = _content('/proc/meminfo')                               =~ /^MemTotal:\s*(\d+)/m;
    my ($system)  = _content('/etc/os-release')                             =~ /^PRETTY_NAME="?([^"\n]*)/m;
    my ($virtual) = $cpus                                                   =~ /^flags\s*:.*\b(hypervisor)\b/m;
    my ($kernel)  = ( POSIX::uname() )[2]                                   =~ /\A([\d.]+)/;
    return {
        cpu             => $model // 'unknown',
        cores           => scalar( () = $cpus =~ /^processor\s*:/mg ),
        memory_mib      => int( ( $memory // 0 ) / 1024 ),
        virtual_machine => $virtual ? JSON::PP::true() : JSON::PP::false(),
        kernel          => $kernel // 'unknown',
        system          => $system // 'unknown',
        c_library       => _first_line_of( 'getconf', 'GNU_LIBC_VERSION' ),
        compiler        => _first_line_of( 'gcc',     '--version' ),
        huge_pages      => $huge // 'unknown',
    };
}

# One line for people.
sub sentence ($machine) {
    return sprintf '%s, %d cores, %.0f GiB%s; Linux %s, %s, %s; transparent huge pages: %s',
      $machine->{cpu}, $machine->{cores}, $machine->{memory_mib} / 1024,
      $machine->{virtual_machine} ? ' (virtual)' : '', $machine->{kernel}, $machine->{system}, $machine->{c_library},
      $machine->{huge_pages};
}

# How much memory a container or control group may use, in MiB, which does not stand in /proc/meminfo; undef when there is no
# such limit.
sub memory_limit_mib () {
    my @groups = ( q{}, _own_groups() );
    my @limits;
    for my $path ( map { ( "$_/memory.max", "memory$_/memory.limit_in_bytes" ) } @groups ) {
        open my $file, '<', "/sys/fs/cgroup/$path" or next;
        my $limit = <$file> // q{};
        close $file or next;
        push @limits, int( $1 / 2**20 ) if $limit =~ /\A(\d+)$/ && $1 < 2**50;
    }
    return @limits ? min(@limits) : undef;
}

# The control groups of this process that count memory, as /proc/self/cgroup names them: "0::/a/b", "7:memory:/a/b".
sub _own_groups () {
    open my $file, '<', '/proc/self/cgroup' or return;
    my @groups = map { m{\A\d+:(?:memory)?:(/[^\n]+)} ? $1 : () } <$file>;
    close $file or return;
    return @groups;
}

# Where the shell that started us lets no process have so many bytes of addresses: in words, how many it lets one have; else undef.
sub narrow_limit ($bytes) {
    my ($most) = _content('/proc/self/limits') =~ /^Max address space\s+\S+\s+(\d+)/m;
    return if !defined $most || $most >= $bytes;
    return sprintf 'the shell lets a process have no more than %d MiB of addresses (ulimit -v)', $most / 2**20;
}

# Whether this user may have so many processes and threads more, which is tried.
sub may_have_tasks ($count) {
    pipe my $wait, my $go or return 0;
    my @tasks;
    while ( @tasks < $count && defined( my $task = fork ) ) {
        if ( !$task ) {
            close $go;
            sysread $wait, my $byte, 1;
            POSIX::_exit(0);
        }
        push @tasks, $task;
    }
    close $go;
    waitpid $_, 0 for @tasks;
    return @tasks == $count;
}

# Bytes of memory that could be taken now without swapping.
sub available_bytes () {
    my ($kib) = _content('/proc/meminfo') =~ /^MemAvailable:\s*(\d+)/m;
    return 1024 * ( $kib // 0 );
}

# Twice what one program needed: the others may need more. But never so much that the machine runs short.
sub touch_bytes ($peak_kib) {
    my $wanted = 2 * 1024 * $peak_kib + 16 * 1024 * 1024;
    my $most   = int( available_bytes() / 2 );
    return $wanted < $most ? $wanted : $most;
}

1;

__END__

=head1 NAME

measure::Machine - the machine of a measurement

=head1 FUNCTIONS

=head2 describe()

A hash of C<cpu>, C<cores>, C<memory_mib>, C<virtual_machine>, C<kernel>, C<system>, C<c_library>, C<compiler> and
C<huge_pages> (the setting of transparent huge pages). A value that cannot be found is C<unknown>.

=head2 sentence(\%description)

The same for people, on one line.

=head2 narrow_limit($bytes)

What the shell that started us lets a process have of addresses, in words, when it is less than $bytes; else undef.

=head2 may_have_tasks($count)

Whether this user may have so many processes and threads more.

=head2 available_bytes()

The memory that is available now.

=head2 touch_bytes($peak_kib)

The memory to touch before a run (the option of measure::Launch::run) when a similar run had that peak.

=cut
