package grader::deliverables::Picture;

# Whether a file is a picture in PNG, whole and of a size in which a graph can be read. It is not drawn: what a viewer would refuse
# in the middle of it is not seen.
#
# Format: PNG (third edition), "PNG datastream structure"; pure.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my $HEAD        = "\x89PNG\r\n\x1a\n";
my $CHUNK       = 12;                    # bytes around the data of a chunk: length, type, checksum
my $LEAST_SIDE  = 64;                    # pixels
my $START_BYTES = 1024;                  # in which an SVG says that it is one

# How other files begin that are called .png, since somebody only changed the name.
my @OTHERS = (
    [ 'a JPEG' => qr/\A\xff\xd8\xff/ ],
    [ 'a GIF'  => qr/\AGIF8/ ],
    [ 'a WebP' => qr/\ARIFF.{4}WEBP/s ],
    [ 'a BMP'  => qr/\ABM.{4}\0{4}/s ],
    [ 'a TIFF' => qr/\A(?:II\*\0|MM\0\*)/ ],
    [ 'a HEIC' => qr/\A.{4}ftyp(?:hei|mif|avi)/s ],
    [ 'a PDF'  => qr/\A%PDF/ ],
    [ 'an SVG' => qr/<svg[\s>]/ ],
);

# What is wrong with a picture of these bytes: the end of a sentence that begins with its name; undef when nothing is.
sub complaint ($bytes) {
    return _other($bytes) if index( $bytes, $HEAD ) != 0;
    my %chunks = _chunks($bytes);
    return 'is no whole PNG picture: it is cut, or empty; save it again'
      if !$chunks{IHDR} || !$chunks{IDAT} || !$chunks{IEND};
    my ( $width, $height ) = unpack 'N N', substr $bytes, length($HEAD) + 8, 8;
    return "has $width x $height pixels, and a graph has at least $LEAST_SIDE x $LEAST_SIDE"
      if $width < $LEAST_SIDE || $height < $LEAST_SIDE;
    return;
}

sub _other ($bytes) {
    my $start  = substr $bytes, 0, $START_BYTES;
    my ($kind) = map { $_->[0] } grep { $start =~ $_->[1] } @OTHERS;
    return 'is no PNG picture' if !defined $kind;
    return "is $kind picture with the name of a PNG: convert it";
}

# The types of the chunks that are whole, up to the end of the picture; nothing when the first one is not the header. What follows the end
# is in nobody's way.
sub _chunks ($bytes) {
    my $at = length $HEAD;
    return if substr( $bytes, $at, 8 ) ne "\0\0\0\x{0d}IHDR";
    my %chunks;
    while ( $at + $CHUNK <= length $bytes ) {
        my ( $data_bytes, $type ) = unpack 'N a4', substr $bytes, $at, 8;
        $at += $CHUNK + $data_bytes;
        $chunks{$type} = 1 if $at <= length $bytes;
        last               if $type eq 'IEND';
    }
    return %chunks;
}

1;
