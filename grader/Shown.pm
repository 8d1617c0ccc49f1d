package grader::Shown;

# What others have written, as people are shown it: names of files, lines of compilers and programs. Letters of every script stay
# as they are; what is no character, what would act on a terminal and what nobody sees stands there as its number.
#
# Inside of the grader all of this is bytes, as it was read. It becomes text at the doors: in the TAP and in the results.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode ();

# Controls, formats (which turn the direction of writing, or have no width), spaces of other widths, and what is not assigned.
my $UNSEEN = qr/[^\t\n\x20\p{L}\p{M}\p{N}\p{P}\p{S}]/;

# Bytes as text.
sub text ($bytes) {
    utf8::encode($bytes) if $bytes =~ /[^\x00-\xff]/;
    my $text = Encode::decode(
        'UTF-8', $bytes,
        sub (@bad) {
            join q{}, map { _number($_) } @bad;
        }
    );
    return $text =~ s/($UNSEEN)/_number( ord $1 )/egr;
}

# The same as bytes in UTF-8, for what is printed, and for sentences that hold a name. Once more, it stays as it is.
sub bytes ($bytes) { return Encode::encode( 'UTF-8', text($bytes) ) }

sub _number ($code) { return sprintf $code < 256 ? '\\x%02x' : '\\x{%x}', $code }

1;
