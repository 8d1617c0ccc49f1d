package grader::contract::Words;

# Turns the output of a submission or a tool into a few lines for a student. The submission ran in the process that printed
# it, so the output is only text and proves nothing.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my $MOST_PRINTED = 4;      # lines
my $MOST_LINE    = 400;    # characters; no sentence of the suite is so long

# Sources of ours that stand between the tool and the submission.
my $OURS =
qr/\A(?:watched|known_to_tsan|volatile_to_tsan|announce\w*|one_lock|locks|vg_replace\w*|\w*intercept\w*|sanitizer\w*|tsan\w*)\.(?:c|h|cpp|inc)\z/;

# A line that can do a terminal no harm.
sub plain ($line) {
    $line =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/eg;
    return length $line > $MOST_LINE ? substr( $line, 0, $MOST_LINE ) . '...' : $line;
}

# What the programs of ours that run a submission say on standard error themselves (tests/suite/support/calls.c, tests/contract/).
my $SUITE_SAYS   = qr/\Asuite-[\w-]+, [\w ]+: crash \(|: no test ran: there is no test case/;
my $PROGRAMS_SAY = qr/\A(?:
    xmalloc\(\d+\)\ returned\ NULL\ in\ an\ address\ space\ of\ \d+\ MiB
  | the\ program\ has\ static\ variables\ of\ \d+\ MiB
  | the\ content\ of\ a\ live\ block\ was\ changed\z
  | x(?:malloc|realloc)\ of\ \d+\ bytes\ returned\ NULL\ although\ there\ is\ memory\z
  | the\ block\ 0x[0-9a-f]+\ of\ \d+\ bytes\ has\ lost\ its\ content
  | thread\ \d+\ of\ \d+\ cannot\ be\ started:
)/x;

# The first line that a program of tests/contract said; undef when it said nothing.
sub said_by_program ($result) {
    my ($line) = grep { /$PROGRAMS_SAY/ } split /\n/, $result->{stderr};
    return defined $line ? plain($line) : undef;
}

# What the submission itself printed on standard error: the first lines of it that no program of ours said.
sub printed ($result) {
    my @lines = grep { /\S/ && !/$SUITE_SAYS/ && !/$PROGRAMS_SAY/ } split /\n/, $result->{stderr};
    my $more  = @lines - $MOST_PRINTED;
    splice @lines, $MOST_PRINTED if $more > 0;
    return ( ( map { 'it printed: ' . plain($_) } @lines ), $more > 0 ? "... and $more more lines" : () );
}

# "xrealloc (par_alloc.c:120)" for the first frame that is the submission's; undef when there is none. Each frame is
# [function, file, line].
sub place (@frames) {
    for my $frame (@frames) {
        my ( $function, $file, $line ) = @{$frame};
        next if !defined $line || $file =~ $OURS || $function =~ /\A__wrap_/;
        return plain("$function ($file:$line)");
    }
    return;
}

1;
