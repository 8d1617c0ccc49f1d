package grader::class::similar::Tokens;

# The tokens of a C source, without what is easily changed in a copy: comments, layout, names, numbers and texts. A name is v, a
# number n, a string s; keywords and signs are themselves. Lines that include a header are left out.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my %IS_KEYWORD = map { $_ => 1 } qw(
  auto break case char const continue default do double else enum extern float for goto if inline int long register
  restrict return short signed sizeof static struct switch typedef union unsigned void volatile while _Atomic _Alignas
  _Alignof _Bool _Noreturn _Static_assert _Thread_local
);

# Result: [ token, line ] for each, the first line is 1.
sub of ($text) {
    my ( @tokens, $line );
    $line = 1;
    $text =~ s/\r\n?/\n/g;
    pos($text) = 0;
    while ( pos($text) < length $text ) {
        my $token;
        if    ( $text =~ m{\G([ \t\f\\]+|\n|//[^\n]*|/[*].*?(?:[*]/|\z))}gcs ) { }
        elsif ( $text =~ /\G(\#[ \t]*include\b[^\n]*)/gc )                     { }
        elsif ( $text =~ /\G([[:alpha:]_]\w*)/gc )                             { $token = $IS_KEYWORD{$1} ? $1 : 'v' }
        elsif ( $text =~ /\G([.]?\d(?:[\w.]|(?<=[eEpP])[+-])*)/gc )            { $token = 'n' }
        elsif ( $text =~ /\G("(?:[^"\\\n]|\\.)*"?)/gcs )                       { $token = 's' }
        elsif ( $text =~ /\G('(?:[^'\\\n]|\\.)*'?)/gcs )                       { $token = 'n' }
        elsif ( $text =~ /\G(->|[+]{2}|--|<<=?|>>=?|[-+*\/%&|^!<>=]=|&&|\|\||[.]{3}|.)/gcs ) { $token = $1 }
        my $read = $1;
        push @tokens, [ $token, $line ] if defined $token;
        $line += $read =~ tr/\n//;
    }
    return @tokens;
}

1;
