package grader::Nearest;

# Which names somebody may have meant who mistyped one.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(min uniq);

my $MOST = 3;

# The nearest of the names to a word, nearest first. A backslash or a bracket of a pattern counts as if it were not there.
sub names ( $word, @names ) {
    my $plain    = $word =~ s/[\[\]\\()?]//gr;
    my %distance = map  { $_ => distance( $plain, $_ ) } @names;
    my @near     = sort { $distance{$a} <=> $distance{$b} || $a cmp $b } uniq @names;
    splice @near, $MOST if @near > $MOST;
    return @near;
}

# How many letters must be put in, left out or changed (Levenshtein 1966).
sub distance ( $from, $to ) {
    my @above = ( 0 .. length $to );
    for my $i ( 1 .. length $from ) {
        my @row = ($i);
        for my $k ( 1 .. length $to ) {
            my $change = substr( $from, $i - 1, 1 ) eq substr( $to, $k - 1, 1 ) ? 0 : 1;
            push @row, min( $above[ $k - 1 ] + $change, $above[$k] + 1, $row[-1] + 1 );
        }
        @above = @row;
    }
    return $above[-1];
}

1;
