package tests::lib::Png;

# A real picture in PNG, grey and small, for tests that need a graph.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Compress::Zlib ();

# The bytes of a picture of so many pixels.
sub picture ( $width = 64, $height = 64 ) {
    my $lines = ( "\0" . "\x80" x $width ) x $height;
    return
        "\x89PNG\r\n\x1a\n"
      . _chunk( 'IHDR', pack 'N N C5', $width, $height, 8, 0, 0, 0, 0 )
      . _chunk( 'IDAT', Compress::Zlib::compress($lines) )
      . _chunk( 'IEND', q{} );
}

sub _chunk ( $type, $data ) {
    return pack( 'N', length $data ) . $type . $data . pack 'N', Compress::Zlib::crc32( $type . $data );
}

1;
