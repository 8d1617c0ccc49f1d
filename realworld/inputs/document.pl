#!/usr/bin/env perl

# Writes a PostScript document that is the same everywhere: document.pl PAGES

use v5.32;
use warnings;

srand 5;
say '%!PS-Adobe-3.0';
for my $page ( 1 .. shift ) {
    say "/Times-Roman findfont 9 scalefont setfont";
    for my $line ( 1 .. 60 ) {
        say sprintf '40 %d moveto (%s) show', 780 - 12 * $line,
          join q{ },
          map { substr 'manysmallblocksarenotlarge', rand 20, 3 + rand 6 }
          1 .. 12;
    }
    for ( 1 .. 150 ) {
        say sprintf
'%.2f %.2f %.2f setrgbcolor newpath %d %d moveto %d %d %d %d %d %d curveto stroke',
          ( map { rand } 1 .. 3 ), map { 40 + rand 500 } 1 .. 8;
    }
    say 'showpage';
}
