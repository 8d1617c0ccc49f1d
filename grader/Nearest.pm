package grader::Nearest;

# What somebody probably meant who wrote a name that is not known.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(min uniq);

# So many letters of a name may be wrong: one of so many, and never more than this.
my $LETTERS_EACH = 3;
my $MOST_WRONG   = 3;

my $MOST_NAMES = 3;

# The known name that takes the fewest changes; undef when each takes too many. Upper and lower case are the same.
sub nearest ( $name, @known ) {
    my ( $best, $least ) = ( undef, $MOST_WRONG + 1 );
    for my $known (@known) {
        my $distance = distance( lc $name, lc $known );
        ( $best, $least ) = ( $known, $distance )
          if $distance < $least && $distance * $LETTERS_EACH <= length $known;
    }
    return $best;
}

# The nearest of the names to a pattern of test.pl, nearest first, at most three. A backslash or a bracket counts as if it were
# not there.
sub names ( $pattern, @names ) {
    my $plain    = $pattern =~ s/[\[\]\\()?]//gr;
    my %distance = map  { $_ => distance( $plain, $_ ) } @names;
    my @near     = sort { $distance{$a} <=> $distance{$b} || $a cmp $b } uniq @names;
    splice @near, $MOST_NAMES if @near > $MOST_NAMES;
    return @near;
}

# How many letters must be put in, taken out or changed to make one word of another (Levenshtein 1966).
sub distance ( $from, $to ) {
    my @above = 0 .. length $to;
    for my $row ( 1 .. length $from ) {
        my @here = ($row);
        for my $column ( 1 .. length $to ) {
            my $is_other = substr( $from, $row - 1, 1 ) ne substr $to, $column - 1, 1;
            push @here, min( $above[$column] + 1, $here[-1] + 1, $above[ $column - 1 ] + $is_other );
        }
        @above = @here;
    }
    return $above[-1];
}

1;
