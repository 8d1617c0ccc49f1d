package grader::kit::Answer;

# Judges one run of a program: exactly the right line, exit status 0, no process left behind, and nothing on standard error
# where the assignment said so.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::kit::Oracle;
use measure::Launch;

my $MOST_QUOTED = 80;

# $result: of measure::Launch::run. $is_silent: whether an allocator was asked to print nothing. Result: what is wrong, as the rest of a sentence whose subject is the program; undef
# when all is right.
sub complaint ( $result, $top, $is_silent = 1 ) {
    return measure::Launch::sentence($result) if !measure::Launch::ok($result);
    my $line = grader::kit::Oracle::line($top) . "\n";
    return differs( $result->{stdout}, $line ) if $result->{stdout} ne $line;
    return 'gave the right answer, but wrote to standard error: ' . _quoted( $result->{stderr} )
      if $is_silent && $result->{stderr} ne q{};
    return 'gave the right answer, and then no digest of what it has kept' if !defined $result->{digest};
    return;
}

# What a person may want to know of a run without a complaint; undef when there is nothing.
sub remark ($result) {
    return if $result->{stderr} eq q{};
    return 'wrote to standard error, which costs nothing under this rubric: ' . _quoted( $result->{stderr} );
}

# What was printed, and what should have been, which ends in a newline.
sub differs ( $printed, $wanted ) {
    my $instead = 'instead of ' . _quoted( $wanted =~ s/\n\z//r ) =~ s/ without a newline\z//r;
    return "printed nothing $instead" if $printed eq q{};
    return 'printed ' . _quoted($printed) . " $instead";
}

# Whatever a program printed, in one short line that can do a terminal no harm.
sub _quoted ($text) {
    my $has_newline = $text =~ s/\n\z//;
    my $quoted      = $text =~ s/\n/\\n/gr =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/egr;
    $quoted = substr( $quoted, 0, $MOST_QUOTED ) . '...' if length $quoted > $MOST_QUOTED;
    return "'$quoted'" . ( $has_newline ? q{} : ' without a newline' );
}

1;
