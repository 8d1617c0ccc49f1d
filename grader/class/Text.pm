package grader::class::Text;

# Prepares text from untrusted sources for people.

use v5.32;
use warnings;
use feature qw(fc signatures);
no warnings 'experimental::signatures';

use Encode             ();
use Unicode::Normalize qw(NFC);

# Bytes as text on one line: what is no character, or would act on a terminal, stands there as its number.
sub printable ($bytes) { return plain( Encode::decode( 'UTF-8', $bytes, Encode::FB_PERLQQ() ) ) }

# The same of text.
sub plain ($text) {
    return $text =~ s/([[:cntrl:]\x{2028}\x{2029}\x{202a}-\x{202e}\x{2066}-\x{2069}])/sprintf '\\x{%x}', ord $1/egr;
}

# A name as it is compared with others: a Mac takes umlauts apart in the names of files, and nobody sees it.
sub folded ($name) { return fc NFC($name) }

# A sentence that may hold paths as bytes, as text.
sub sentence ($words) {
    my $text = $words;
    return $text =~ /[^\x00-\xff]/ || !utf8::decode($text) ? $words : $text;
}

1;
