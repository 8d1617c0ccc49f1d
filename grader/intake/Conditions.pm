package grader::intake::Conditions;

# Which lines of a source are compiled, as far as its text alone tells: many keep a test program in their allocator, in
# "#ifdef TEST_MAIN". No compiler is run, since it would read whatever the source includes; it has the last word later.
#
# Pure: it looks at text alone.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# What the compiler defines, or the grader has it define.
my @ALWAYS = qw(linux __linux __linux__ unix __unix __unix__ __GNUC__ __STDC__ _GNU_SOURCE _REENTRANT);

# Result: the lines that are compiled, without comments. A branch whose condition is not understood is left out, and so are those
# after it.
sub compiled ($text) {
    my %macros = map { $_ => 1 } @ALWAYS;

# Of each condition that is open: whether what is around it counts, whether its lines do, and whether a later branch may.
    my @around;
    my $is_on = 1;
    my @lines;
    for my $line ( split /\n/, _without_comments($text) ) {
        my ( $word, $rest ) = $line =~ /\A\s*#\s*(\w+)\s*(.*?)\s*\z/ or do {
            push @lines, $line if $is_on;
            next;
        };
        if ( $word =~ /\Aif/ ) {
            my $truth = _is_true( $word, $rest, \%macros );
            push @around, { around => $is_on, counts => $truth, is_open => defined $truth && !$truth };
        }
        elsif ( $word =~ /\Ael/ && @around ) {
            my $now   = $around[-1];
            my $truth = $word eq 'else' ? 1 : _is_true( 'if', $rest, \%macros );
            $now->{counts}  = $now->{is_open} && $truth;
            $now->{is_open} = 0 if !defined $truth || $truth;
        }
        elsif ( $word eq 'endif' ) { pop @around }
        elsif ($is_on) {
            $macros{$1} = $2 eq q{} ? undef : $2 if $word eq 'define' && $rest =~ /\A(\w+)\s*(.*)/;
            delete $macros{$rest}                if $word eq 'undef';
        }
        $is_on = !@around || $around[-1]{around} && $around[-1]{counts};
    }
    return join "\n", @lines, q{};
}

# A string that does not end is one up to the end of its line: so no text takes long.
sub _without_comments ($text) {
    no warnings 'regexp';    # a string may have very many backslashes
    $text =~ s/\\\r?\n//g;
    $text =~
      s{("[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"?|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'?)|/[*].*?(?:[*]/|\z)|//[^\n]*}{$1 // q{ }}gse;
    return $text;
}

# Result: 1, 0, or undef for what is not understood: brackets and sums.
sub _is_true ( $word, $condition, $macros ) {
    return exists $macros->{$condition} ? 1 : 0 if $word eq 'ifdef';
    return exists $macros->{$condition} ? 0 : 1 if $word eq 'ifndef';
    my $any = 0;
    for my $alternative ( split /[|][|]/, $condition ) {
        my $all = 1;
        for my $term ( split /&&/, $alternative ) {
            my $truth = _is_term_true( $term, $macros ) // return;
            $all &&= $truth;
        }
        $any ||= $all;
    }
    return $any;
}

sub _is_term_true ( $term, $macros ) {
    my ( $not, $asks, $name ) = $term =~ /\A\s*(!?)\s*(defined\b)?\s*[(]?\s*(\w+)\s*[)]?\s*\z/ or return;
    my $value = $asks ? ( exists $macros->{$name} ? 1 : 0 ) : $name =~ /\A\d/ ? $name : $macros->{$name} // 0;
    return if $value !~ /\A\d+\z/;
    return ( $not eq q{!} xor $value != 0 ) ? 1 : 0;
}

1;
