package grader::deliverables::Written;

# Reads a report of which nobody knows the code, and counts its words. A count that is too high does no harm, one that is too low
# takes points from somebody who wrote enough: where a code can be read in two ways, the larger count is taken.
#
# Pure: it looks at bytes alone.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode     ();
use List::Util qw(max min sum0);

my $SAMPLE_BYTES = 65_536;                                    # of a text, by which its code is told
my @WIDE         = qw(UTF-16LE UTF-16BE UTF-32LE UTF-32BE);

# Bytes of no text, but half of many a letter in one of these codes: the zero for all of Latin.
my $NO_TEXT = qr/[\x00-\x08\x0e-\x1f]/;

# What Windows writes before a text. The longer ones come first: one begins like another.
my @MARKS = (
    [ "\xff\xfe\0\0" => 'UTF-32LE' ],
    [ "\0\0\xfe\xff" => 'UTF-32BE' ],
    [ "\xff\xfe"     => 'UTF-16LE' ],
    [ "\xfe\xff"     => 'UTF-16BE' ],
    [ "\xef\xbb\xbf" => 'UTF-8' ],
);

# Scripts that put no space between words. Their words have about two letters.
my $WITHOUT_SPACES    = qr/[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]/;
my $LETTERS_OF_A_WORD = 2;

# A word that comes again and again counts so often as other words; and they make up half of what is counted at least.
my $MOST_OF_A_WORD = 3;
my $MOST_TIMES     = 2;

# A letter of Shift-JIS, EUC-JP, GBK, Big5 or EUC-KR. Its second byte may be one of ASCII.
my $PAIR = qr/[\x81-\xfe][\x40-\x7e\x80-\xfe]/;

# A word in a code of one byte a letter. What is no letter in one of them is one in another, but for the space that does not break.
my $BYTE_LETTER = qr/[A-Za-z\x80-\x9f\xa1-\xff]/;

# The consonants of Thai, in its code of one byte a letter.
my $THAI_CONSONANT = qr/[\xa1-\xce]/;

# Result: the number of words in a text that are not the template's; and whether it is UTF-8.
sub count ( $bytes, $template ) {
    my ( $code, $text )  = _read($bytes);
    my ( undef, $known ) = _read($template);
    my $own = _own_lines( $text, $known );
    return ( defined $code ? _words($own) : _words_of_bytes($own), ( $code // q{} ) eq 'UTF-8' );
}

# The lines that do not stand in the template as well. A line may end as on any system.
sub _own_lines ( $text, $template ) {
    my $end   = qr/\r\n?|\n/;
    my %known = map { s/\s+//gr => 1 } split $end, $template;
    return join "\n", grep { !$known{s/\s+//gr} } split $end, $text;
}

# ---- Which code it is ------------------------------------------------------------------------------------------------

# Result: the name of the code and the text; or undef and the bytes, when it is one of those that only a reader can tell apart.
sub _read ($bytes) {
    my ($mark) = grep { index( $bytes, $_->[0] ) == 0 } @MARKS;
    my $code   = $mark ? $mark->[1] : $bytes =~ $NO_TEXT ? _likely_code($bytes) : 'UTF-8';
    my $rest   = substr $bytes, $mark ? length $mark->[0] : 0;
    return ( $code, Encode::decode( $code, $rest ) ) if $code ne 'UTF-8';
    my $text = eval { Encode::decode( 'UTF-8', $rest, Encode::FB_CROAK() | Encode::LEAVE_SRC() ) };
    return defined $text ? ( 'UTF-8', $text ) : ( undef, $rest );
}

# A text with such bytes is of a code with two or four bytes a letter, or a few of them were left in it.
sub _likely_code ($bytes) {
    my $sample = substr $bytes, 0, $SAMPLE_BYTES;
    my %marks  = map  { $_ => _marks( Encode::decode( $_, $sample ) ) } 'UTF-8', @WIDE;
    my ($best) = sort { $marks{$b} <=> $marks{$a} } 'UTF-8', @WIDE;
    return $best;
}

# How much a text looks like one: what stands between words and sentences, less what stands in no text. In the wrong order of bytes a
# space and the end of a line are no such thing.
sub _marks ($text) {
    my $between = () = $text =~ /[\t\n\r .,\x{3001}\x{3002}\x{ff0c}]/g;
    my $strange = () = $text =~ /[^\P{Cntrl}\t\n\r]|[\p{Unassigned}\p{Private_Use}\x{fffd}]/g;
    return $between - $strange;
}

# ---- How many words it has -------------------------------------------------------------------------------------------

sub _words ($text) {
    my $letters = grep { /\p{L}/ } $text =~ /$WITHOUT_SPACES/g;
    return _different( $text =~ s/$WITHOUT_SPACES/ /gr =~ /[[:alpha:]]{2,}/g ) + int( $letters / $LETTERS_OF_A_WORD );
}

# Of these words as many as count. In fifty honest words one comes five times, and that takes nothing.
sub _different (@words) {
    my %times;
    $times{ lc $_ }++ for @words;
    return min( scalar @words, $MOST_TIMES * sum0( map { min( $_, $MOST_OF_A_WORD ) } values %times ) );
}

# Of a text in an old code.
sub _words_of_bytes ($bytes) {
    return max( _words_in_pairs($bytes), _words_of_thai($bytes), _different( $bytes =~ /$BYTE_LETTER{2,}/g ) );
}

# Letters of two bytes stand beside each other, and few bytes are left over. In Latin-1 they stand alone, and in Cyrillic, Greek and
# Hebrew codes each second word leaves a byte over.
sub _words_in_pairs ($bytes) {
    my @runs    = $bytes =~ /((?:$PAIR)+)/g;
    my $pairs   = sum0( map { length } @runs ) / 2;
    my $is_left = () = $bytes =~ s/$PAIR/ /gr =~ /[\x80-\xff]/g;
    return 0 if !@runs || $pairs < 2 * @runs || $is_left * 20 > $pairs;
    return _different( $bytes =~ s/$PAIR/ /gr =~ /[A-Za-z]{2,}/g ) + int( $pairs / $LETTERS_OF_A_WORD );
}

# Bytes that no text in Thai has are frequent in the other codes of one byte a letter, or its consonants are rare there.
sub _words_of_thai ($bytes) {
    my $text       = eval { Encode::decode( 'cp874', $bytes, Encode::FB_CROAK() | Encode::LEAVE_SRC() ) } // return 0;
    my $all        = () = $bytes =~ /[\x80-\xff]/g;
    my $consonants = () = $bytes =~ /$THAI_CONSONANT/g;
    return $consonants * 2 < $all ? 0 : _words($text);
}

1;
