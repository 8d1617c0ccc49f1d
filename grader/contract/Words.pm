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
  qr/\A(?:watched|announce\w*|one_lock|locks|vg_replace\w*|\w*intercept\w*|sanitizer\w*|tsan\w*)\.(?:c|h|cpp|inc)\z/;

# A line that can do a terminal no harm.
sub plain ($line) {
    $line =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/eg;
    return length $line > $MOST_LINE ? substr( $line, 0, $MOST_LINE ) . '...' : $line;
}

# What the submission itself printed on standard error: the first lines of it that are not the suite's.
sub printed ($result) {
    my @lines = grep { /\S/ && !/\Asuite-\w+, \w+: crash \(/ && !/: no test ran: there is no test case/ } split /\n/,
      $result->{stderr};
    my $more = @lines - $MOST_PRINTED;
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
