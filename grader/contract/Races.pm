package grader::contract::Races;

# The check with ThreadSanitizer: no data race.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Check;
use grader::contract::Watched;
use grader::contract::Words;

my $TSAN_ERROR = 66;

sub check () { return { id => 'tsan', run => \&_run, name => 'thread sanitizer sees no data race' } }

sub _run ( $job, $backend, $check ) {
    my @exact_addresses = _without_high_addresses();
    return grader::contract::Watched::watch(
        $job, $backend,
        flavour => 'tsan',
        work    => [ 4, 8000 ],
        before  => \@exact_addresses,
        env     => { TSAN_OPTIONS => "halt_on_error=1:exitcode=$TSAN_ERROR:detect_deadlocks=0:report_thread_leaks=0" },
        find    => \&first_race,
        blind   => \&_why_blind,
        advice  =>
          'two threads use the same memory, one of them writes, and no lock is held by both: take the lock around '
          . 'both places, or make the variable atomic',
    );
}

# ThreadSanitizer of GCC 12 knows where memory is when the kernel randomizes at most 28 bits of addresses; newer kernels
# may be set to more.
sub _without_high_addresses () {
    open my $file, '<', '/proc/sys/vm/mmap_rnd_bits' or return;
    my $bits = <$file> // 0;
    close $file or return;
    return $bits > 28 ? qw(setarch --addr-no-randomize) : ();
}

# What of a binary for ThreadSanitizer it cannot follow: fences, and locks that are made in assembly; undef when nothing.
sub _why_blind ( $job, $binary ) {
    my %all     = ( output_bytes => 64 * 1024 * 1024, capture_bytes => 16 * 1024 * 1024 );
    my $symbols = grader::contract::Check::launch( $job, $binary, command => [ 'nm', $binary ], %all );
    return 'thread sanitizer does not know atomic_thread_fence, which it uses'
      if $symbols->{stdout} =~ /__tsan_atomic_(?:thread|signal)_fence/;
    my $code =
      grader::contract::Check::launch( $job, $binary, command => [ qw(objdump -d --no-show-raw-insn), $binary ], %all );
    return 'thread sanitizer cannot see locks made in assembly, which it has'
      if $code->{stdout} =~ /^\s*[0-9a-f]+:\s+(?:lock\b|xchg\s+\S*\()/m
      || $code->{stdout} =~ /^\s*[0-9a-f]+:\s+xchg\s+%\w+,\S*\(/m;
    return;
}

# The first report of ThreadSanitizer, in lines; nothing when there is none.
sub first_race ($said) {
    my ( $what, $access, %frames_of, @accesses );
    for my $line ( split /\n/, $said ) {
        if ( $line =~ /\AWARNING: ThreadSanitizer: (.*?)(?: \(pid=\d+\))?\z/ ) {
            last if defined $what;
            $what = $1;
        }
        elsif ( $line =~
            /\A  ((?:Previous )?(?:atomic )?(?:read|write)) of size (\d+) at \S+ by (main thread|thread T\d+)/i )
        {
            $access = lc("$1 of $2 bytes") . " by $3";
            push @accesses, $access;
        }
        elsif ( $line =~ /\A  \S/ ) { undef $access }
        elsif ( defined $access && $line =~ m{\A\s+#\d+ (\S+) (?:\S*/)?([^\s/:]+):(\d+)} ) {
            push @{ $frames_of{$access} }, [ $1, $2, $3 ];
        }
    }
    return if !defined $what;
    my @lines = "$what:";
    for my $one (@accesses) {
        my $place = grader::contract::Words::place( @{ $frames_of{$one} // [] } )
          // 'the program, in a block of its own';
        push @lines, grader::contract::Words::plain("$one in $place");
    }
    return @lines;
}

1;
