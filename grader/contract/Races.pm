package grader::contract::Races;

# The check with ThreadSanitizer: no data race.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Check;
use grader::contract::Watched;
use grader::contract::Words;

my $TSAN_ERROR = 66;

sub check () { return { id => 'tsan', run => \&_run, name => 'thread sanitizer sees no data race' } }

# The first report ends the program; it goes on only where that report is of what is no fault.
sub _run ( $job, $backend, $check ) {
    my $is_stale = 0;
    my $outcome  = _watch( $job, $backend, 1, \$is_stale );
    return $is_stale ? _watch( $job, $backend, 0, \$is_stale ) : $outcome;
}

sub _watch ( $job, $backend, $halts, $is_stale ) {
    my @exact_addresses = _without_high_addresses();
    my $options         = "halt_on_error=$halts:exitcode=$TSAN_ERROR:detect_deadlocks=0:report_thread_leaks=0";
    return grader::contract::Watched::watch(
        $job, $backend,
        flavour    => 'tsan',
        work       => [ 4, 8000 ],
        before     => \@exact_addresses,
        env        => { TSAN_OPTIONS => $options },
        error_exit => $TSAN_ERROR,
        find       => sub ($said) {
            ${$is_stale} = grep { _is_stale_read($_) } reports($said);
            return first_race($said);
        },
        blind  => \&_why_blind,
        died   => \&_why_it_died,
        advice =>
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

# What of a binary for ThreadSanitizer it cannot follow: fences, locks that are made in assembly, and sequences that the kernel
# starts again when a thread loses its processor (restartable sequences, which are always assembly); undef when nothing.
sub _why_blind ( $job, $binary ) {
    my %all     = ( output_bytes => 64 * 1024 * 1024, capture_bytes => 16 * 1024 * 1024 );
    my $symbols = grader::contract::Check::launch( $job, $binary, command => [ 'nm', $binary ], %all );
    return 'thread sanitizer does not know atomic_thread_fence, which it uses'
      if $symbols->{stdout} =~ /__tsan_atomic_(?:thread|signal)_fence/;
    my $code = grader::contract::Check::launch(
        $job, $binary,
        command => [ qw(objdump -h -d --no-show-raw-insn), $binary ],
        %all
    );
    return 'thread sanitizer cannot follow restartable sequences (rseq), which it has'
      if $code->{stdout} =~ /^\s*\d+\s+__rseq_cs\b/m;
    return 'thread sanitizer cannot see locks made in assembly, which it has'
      if $code->{stdout} =~ /^\s*[0-9a-f]+:\s+(?:lock\b|xchg\s+\S*\()/m
      || $code->{stdout} =~ /^\s*[0-9a-f]+:\s+xchg\s+%\w+,\S*\(/m;
    return;
}

# ThreadSanitizer of GCC 12 knows threads of pthread_create alone, and dies in the first access of any other.
sub _why_it_died ( $job, $binary, $result ) {
    my $symbols = grader::contract::Check::launch( $job, $binary, command => [ 'nm', '--undefined-only', $binary ] );
    return
      'thread sanitizer does not know thrd_create, which it uses, and dies of such threads: pthread_create is known'
      if $symbols->{stdout} =~ /^\s+U thrd_create\b/m;
    return 'it crashed under thread sanitizer (DEADLYSIGNAL) before a race was reported; threads must be started by '
      . 'pthread_create, no other are known there'
      if $result->{stderr} =~ /ThreadSanitizer: ?DEADLYSIGNAL/;
    return;
}

# What ThreadSanitizer reported: { what, accesses => [ { what, function => the innermost, frames => [ [ function, file, line ] ] } ] }
# for each.
sub reports ($said) {
    my ( @reports, $access );
    for my $line ( split /\n/, $said ) {
        if ( $line =~ /\AWARNING: ThreadSanitizer: (.*?)(?: \(pid=\d+\))?\z/ ) {
            push @reports, { what => $1, accesses => [] };
            undef $access;
        }
        elsif (@reports
            && $line =~
            /\A  ((?:Previous )?(?:atomic )?(?:read|write)) of size (\d+) at \S+ by (main thread|thread T\d+)/i )
        {
            $access = { what => lc("$1 of $2 bytes") . " by $3", frames => [] };
            push @{ $reports[-1]{accesses} }, $access;
        }
        elsif ( $line =~ /\A  \S/ ) { undef $access }
        elsif ( defined $access && $line =~ m{\A\s+#(\d+) (\S+)(?: (?:\S*/)?([^\s/:]+):(\d+))?} ) {
            $access->{function} = $2 if $1 == 0;
            push @{ $access->{frames} }, [ $2, $3, $4 ] if defined $4;
        }
    }
    return @reports;
}

# An atomic read of a block that another thread has taken in the meantime, and fills: a lock-free list must read the link of
# the first block before it knows whether it gets the block, and throws away what it read when it does not. Nothing else that
# two threads do to each other is like that. What fills the block is the program, or xrealloc when it copies.
sub _is_stale_read ($report) {
    my @accesses = @{ $report->{accesses} };
    return 0 if $report->{what} ne 'data race' || @accesses != 2;
    my ($read)  = grep { $_->{what} =~ /\A(?:previous )?atomic read/ } @accesses;
    my ($write) = grep { $_->{what} =~ /\A(?:previous )?write/ } @accesses;
    return defined $read && defined $write && defined _place($read) && _fills_a_block($write);
}

sub _fills_a_block ($write) {
    return 1 if !defined _place($write);
    return ( $write->{function} // q{} ) =~ /\Amem(?:cpy|move)\z/
      && grep { $_->[0] eq 'xrealloc' } @{ $write->{frames} };
}

sub _place ($access) { return grader::contract::Words::place( @{ $access->{frames} } ) }

# The first report that tells of a fault, in lines; nothing when there is none.
sub first_race ($said) {
    my ($report) = grep { !_is_stale_read($_) } reports($said);
    return if !defined $report;
    my @lines = "$report->{what}:";
    for my $access ( @{ $report->{accesses} } ) {
        my $place = _place($access) // 'the program, in a block of its own';
        push @lines, grader::contract::Words::plain("$access->{what} in $place");
    }
    return @lines;
}

1;
