package grader::contract::Reports;

# What the Check suite, memcheck and ThreadSanitizer print, as a few lines for a student: which call, which values, which
# line of the submission. Everything here was printed by a process in which the submission ran: it is text, and no more.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my $MOST_PRINTED = 4;      # lines
my $MOST_LINE    = 240;    # characters

# Sources of ours that stand between the tool and the submission.
my $OURS =
  qr/\A(?:watched|announce\w*|one_lock|locks|vg_replace\w*|\w*intercept\w*|sanitizer\w*|tsan\w*)\.(?:c|h|cpp|inc)\z/;

# A line that can do a terminal no harm.
sub plain ($line) {
    $line =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/eg;
    return length $line > $MOST_LINE ? substr( $line, 0, $MOST_LINE ) . '...' : $line;
}

# ---- Check -----------------------------------------------------------------------------------------------------------

my %SIGNAL_NAME = ( 4 => 'SIGILL', 6 => 'SIGABRT', 7 => 'SIGBUS', 8 => 'SIGFPE', 9 => 'SIGKILL', 11 => 'SIGSEGV' );

# $result: of a suite's run. Result: { test => sentence of what must hold, message => what happened, crashed, hung } for
# each failure that Check reported.
sub failures ($result) {
    my @failures;
    for my $line ( split /\n/, $result->{stdout} ) {
        my ( $test, $message ) = $line =~ /\A[^\s:]+\.[ch]:\d+:[EFSP]:[^:]*:(\w+):\d+: (.*)\z/ or next;
        my %failure = ( test => $test =~ tr/_/ /r, message => plain($message) );
        if ( $message =~ /Test timeout expired/ ) {
            $failure{hung}    = 1;
            $failure{message} = 'it did not finish in time: a call hangs, or is far too slow';
        }
        elsif ( $message =~ /Received signal (\d+)(?: \(([^)]*)\))?/ ) {
            my $name = $SIGNAL_NAME{$1} // "signal $1";
            my ($where) = $result->{stderr} =~ /, \Q$test\E: (crash \([^)]*\) (?:in|after) [^\n]*)/;
            $failure{crashed} = 1;
            $failure{message} = defined $where ? plain($where) : "it crashed ($name)";
        }
        elsif ( $message =~ /Early exit with return value (\d+)/ ) {
            $failure{message} = "something in it ended the process with exit status $1";
        }
        push @failures, \%failure;
    }
    return @failures;
}

# What the submission itself printed on standard error: the first lines of it that are not the suite's.
sub printed ($result) {
    my @lines = grep { /\S/ && !/\Asuite-\w+, \w+: crash \(/ && !/: no test ran: there is no test case/ } split /\n/,
      $result->{stderr};
    my $more = @lines - $MOST_PRINTED;
    splice @lines, $MOST_PRINTED if $more > 0;
    return ( ( map { 'it printed: ' . plain($_) } @lines ), $more > 0 ? "... and $more more lines" : () );
}

# ---- Tools -----------------------------------------------------------------------------------------------------------

# "xrealloc (par_alloc.c:120)" for the first frame that is the submission's; undef when there is none. Each frame is
# [function, file, line].
sub _place (@frames) {
    for my $frame (@frames) {
        my ( $function, $file, $line ) = @{$frame};
        next if !defined $line || $file =~ $OURS || $function =~ /\A__wrap_/;
        return plain("$function ($file:$line)");
    }
    return;
}

# The first error that memcheck reported, in lines; nothing when there is none.
sub memcheck_error ($said) {
    my ( $what, @frames, @about );
    for my $line ( split /\n/, $said ) {
        my ($text) = $line =~ /\A==\d+== ?(.*)\z/ or next;
        if ( $text =~
            /\A(?:Invalid|Jump to|Mismatched|Source and destination|Syscall param|Argument|Process terminating)/ )
        {
            last if defined $what;
            $what = $text;
        }
        elsif (defined $what
            && $text =~ /\A\s+(?:at|by) 0x[0-9A-Fa-f]+: (\S+)(?: \((?:([^():]+):(\d+)|[^)]*)\))?/
            && !@about )
        {
            push @frames, [ $1, $2, $3 ];
        }
        elsif ( defined $what && $text =~ /\A\s+(Address 0x.*)/ ) { push @about, $1 }
        elsif ( defined $what && $text eq q{} )                   { last }
    }
    return if !defined $what;
    my $place = _place(@frames);
    my @lines = defined $place ? plain("$what in $place") : plain($what);
    push @lines,
      'it is in no line of yours: the program used a block of its own, and part of that block belongs to another'
      if !defined $place && $what =~ /\AInvalid (?:read|write)/;
    return ( @lines, map { plain($_) } @about );
}

# The first report of ThreadSanitizer, in lines; nothing when there is none.
sub race ($said) {
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
        my $place = _place( @{ $frames_of{$one} // [] } ) // 'the program, in a block of its own';
        push @lines, plain("$one in $place");
    }
    return @lines;
}

1;

__END__

=head1 NAME

grader::contract::Reports - what tools print about a submission, as lines for a student

=head1 FUNCTIONS

=head2 failures($result)

The failures that a Check suite reported; C<$result> is that of measure::Launch::run.

=head2 printed($result)

What else was printed on standard error, in at most five lines.

=head2 memcheck_error($text), race($text)

The first error that valgrind's memcheck reported, the first report of ThreadSanitizer: lines that name the place in the
submission. Nothing when there is none.

=head2 plain($line)

The line, with everything but printable ASCII replaced, and not too long.

=cut
