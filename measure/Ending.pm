package measure::Ending;

# How a run of Launch.pm ended, in words.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Config ();
use POSIX  ();

# What used less than this part of its limit has not met it by growing: a call gave NULL all the same.
my $NEAR_LIMIT = 0.5;

my %SIGNAL_WORDS = (
    ILL  => 'illegal instruction',
    TRAP => 'trap',
    ABRT => 'aborted',
    BUS  => 'bus error',
    FPE  => 'arithmetic error',
    KILL => 'killed',
    SEGV => 'segmentation fault',
    PIPE => 'broken pipe',
    TERM => 'terminated',
    XCPU => 'out of CPU time',
    XFSZ => 'a file became too long',
    SYS  => 'forbidden system call',
);

sub signal_words ($number) {
    my $name = ( split q{ }, $Config::Config{sig_name} )[$number] // 'unknown';
    return $SIGNAL_WORDS{$name} // "SIG$name";
}

sub bytes_words ($bytes) {
    for my $unit ( [ 30, 'GiB' ], [ 20, 'MiB' ], [ 10, 'KiB' ] ) {
        my $size = 2**$unit->[0];
        return sprintf( '%.4g', $bytes / $size ) . " $unit->[1]" if $bytes >= $size;
    }
    return "$bytes bytes";
}

sub _count ( $number, $one, $many ) { return $number == 1 ? "1 $one" : "$number $many" }

sub sentence ($result) {
    my $sentence = _stopped_words($result) // _ended_words($result);
    if ( $result->{strays} && !defined $result->{stopped} ) {
        my $were = $result->{strays} == 1 ? 'which was stopped' : 'which were stopped';
        $sentence .= ' and left ' . _count( $result->{strays}, 'process', 'processes' ) . " behind, $were";
    }
    if ( $result->{survivors} ) {
        $sentence .=
          '; ' . _count( $result->{survivors}, 'process of it', 'processes of it' ) . ' could not be stopped';
    }
    return $sentence;
}

sub _stopped_words ($result) {
    my $why    = $result->{stopped} // return;
    my $limits = $result->{limits};
    return sprintf 'was stopped after %g s: it did not finish',             $limits->{wall_s}   if $why eq 'wall';
    return sprintf 'was stopped after %g s of CPU: it did not finish',      $limits->{cpu_s}    if $why eq 'cpu';
    return sprintf 'was stopped: all its threads had been asleep for %g s', $limits->{asleep_s} if $why eq 'asleep';
    return 'printed more than ' . bytes_words( $limits->{output_bytes} ) . ' and was stopped' if $why eq 'output';
    if ( $why eq 'processes' ) {
        return 'started other processes and was stopped with them' if $limits->{processes} == 1;
        return "ran more than $limits->{processes} processes at a time and was stopped with them";
    }
    return 'ran more than ' . _count( $limits->{threads}, 'thread', 'threads' ) . ' at a time and was stopped'
      if $why eq 'threads';
    return 'ended together with its sandbox' . _first_line( ': ', $result ) if $why eq 'lost';
    return 'was stopped, because the measurement was ended from outside'    if $why eq 'told';
    return "was stopped ($why)";
}

# What the program said first on standard error, after $prefix; nothing when it said nothing.
sub _first_line ( $prefix, $result ) { return $result->{stderr} =~ /\A\s*([^\n]+)/ ? "$prefix$1" : q{} }

sub _ended_words ($result) {
    return "could not be started: $result->{error}" if defined $result->{error};
    my $said       = _first_line( q{}, $result );
    my $room_words = _room_words($result);

    if ( defined $result->{signal} ) {
        my $words = "$result->{signal} (" . signal_words( $result->{signal} ) . ')';
        return "was killed by signal $words$room_words, as when memory has run out"
          if $result->{signal} == POSIX::SIGKILL();
        return "crashed with signal $result->{signal} (" . _file_words($result) . ')'
          if signal_words( $result->{signal} ) eq $SIGNAL_WORDS{XFSZ};
        return "crashed with signal $words" . ( _is_near_limit($result) ? $room_words : _used_words($result) );
    }
    return sprintf 'finished in %.3g s', $result->{wall_s} if $result->{exit} == 0;
    return _no_memory_words( $result, $said )
      if $said =~ /\b(?:out of|no|not enough|insufficient|allocate) memory|error while loading shared libraries/i;
    return "ended with exit status $result->{exit}" . _first_line( ': ', $result );
}

# An allocator seldom knows that it writes a file: the kernel counts memory without a name as one.
sub _file_words ($result) {
    my $most = $result->{limits}{file_bytes} // return $SIGNAL_WORDS{XFSZ};
    return 'a file became longer than ' . bytes_words($most) . '; what memfd_create makes is a file, too';
}

sub _room_words ($result) {
    my $room = $result->{limits}{memory_bytes};
    return defined $room ? ' under its limit of ' . bytes_words($room) : q{};
}

# Whether memory may have run out: nobody knows what was reserved and not used.
sub _is_near_limit ($result) {
    my ( $room, $used ) = ( $result->{limits}{memory_bytes}, 1024 * ( $result->{peak_kib} // 0 ) );
    return !defined $room || !$used || $used >= $NEAR_LIMIT * $room;
}

sub _used_words ($result) {
    return sprintf ', when it used %s of at most %s', bytes_words( 1024 * $result->{peak_kib} ),
      bytes_words( $result->{limits}{memory_bytes} );
}

# A program that has no memory for its libraries has used little.
sub _no_memory_words ( $result, $said ) {
    my $room = $result->{limits}{memory_bytes};
    my $used = 1024 * ( $result->{peak_kib} // 0 );
    my $how  = "(exit status $result->{exit}): $said";
    return 'ran out of memory' . _room_words($result) . " $how"
      if _is_near_limit($result) || $said =~ /loading shared/;
    return
        'got no memory though it used only '
      . bytes_words($used)
      . ' of its limit of '
      . bytes_words($room)
      . ", unless more was reserved or asked for at once $how";
}

1;

__END__

=head1 NAME

measure::Ending - how a run of measure::Launch ended, in words

=head1 FUNCTIONS

=head2 sentence($result)

The words, without their subject: "finished in 0.52 s", "crashed with signal 11 (segmentation fault)", "was stopped
after 10 s: it did not finish", "printed more than 1 MiB and was stopped", "finished in 0.1 s and left 2 processes behind,
which were stopped", "ran out of memory under its limit of 16 MiB (exit status 1): ...", or, where it had used less than half of
that, "got no memory though it used only 2 MiB of its limit of 16 MiB, ...". So a crash is told under its limit only near it.

=head2 signal_words($number), bytes_words($bytes)

The words for a signal ("segmentation fault") and a size ("16 MiB").

=cut
