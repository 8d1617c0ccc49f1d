#!/usr/bin/env perl

# The colours of the lecture's lines and blocks: seen on their background, and told apart also by those who do not see red, green
# or blue. The three are simulated as in Machado, Oliveira and Fernandes 2009, at full severity; distances are CIE 1976, in
# which 10 is seen at a glance and 2 is not.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin    qw($Bin);
use List::Util qw(max min);
use Test::More;

my $folder = "$Bin/../../lecture";

sub content ($path) {
    open my $file, '<', $path or die "cannot read $path: $!\n";
    local $/ = undef;
    return <$file>;
}

# ---- Colours as numbers ------------------------------------------------------------------------------------------------------

my %SIGHT = (
    usual  => [ [ 1, 0, 0 ], [ 0, 1, 0 ], [ 0, 0, 1 ] ],
    protan =>
      [ [ 0.152286, 1.052583, -0.204868 ], [ 0.114503, 0.786281, 0.099216 ], [ -0.003882, -0.048116, 1.051998 ] ],
    deutan =>
      [ [ 0.367322, 0.860646, -0.227968 ], [ 0.280085, 0.672501, 0.047413 ], [ -0.011820, 0.042940, 0.968881 ] ],
    tritan =>
      [ [ 1.255528, -0.076749, -0.178779 ], [ -0.078411, 0.930809, 0.147602 ], [ 0.004733, 0.691367, 0.303900 ] ],
);

sub linear ($hex) {
    return
      map { my $c = hex($_) / 255; $c <= 0.04045 ? $c / 12.92 : ( ( $c + 0.055 ) / 1.055 )**2.4 }
      $hex =~ /[0-9a-f]{2}/gi;
}

sub luminance ($hex) { my ( $r, $g, $b ) = linear($hex); return 0.2126 * $r + 0.7152 * $g + 0.0722 * $b }

sub contrast (@two) {
    my ( $dark, $light ) = sort { $a <=> $b } map { luminance($_) } @two;
    return ( $light + 0.05 ) / ( $dark + 0.05 );
}

sub lab ( $hex, $sight ) {
    my @rgb = linear($hex);
    my ( $r, $g, $b ) = map {
        my $row = $_;
        max( 0, min( 1, $row->[0] * $rgb[0] + $row->[1] * $rgb[1] + $row->[2] * $rgb[2] ) )
    } @{ $SIGHT{$sight} };
    my ( $x, $y, $z ) = map { $_ > 0.008856 ? $_**( 1 / 3 ) : 7.787 * $_ + 16 / 116 } (
        ( 0.4124 * $r + 0.3576 * $g + 0.1805 * $b ) / 0.95047,
        0.2126 * $r + 0.7152 * $g + 0.0722 * $b,
        ( 0.0193 * $r + 0.1192 * $g + 0.9505 * $b ) / 1.08883
    );
    return ( 116 * $y - 16, 500 * ( $x - $y ), 200 * ( $y - $z ) );
}

sub distance ( $one, $other, $sight ) {
    my ( @a, @b ) = ();
    @a = lab( $one,   $sight );
    @b = lab( $other, $sight );
    return sqrt( ( $a[0] - $b[0] )**2 + ( $a[1] - $b[1] )**2 + ( $a[2] - $b[2] )**2 );
}

# The pairs of these colours that are closer than that for some sight.
sub too_close ( $least, %colour ) {
    my @names = sort keys %colour;
    my @close;
    for my $i ( 0 .. $#names ) {
        for my $k ( 0 .. $i - 1 ) {
            for my $sight ( sort keys %SIGHT ) {
                my $distance = distance( @colour{ @names[ $i, $k ] }, $sight );
                push @close, sprintf '%s and %s, %s: %.0f', @names[ $k, $i ], $sight, $distance if $distance < $least;
            }
        }
    }
    return @close;
}

cmp_ok( distance( '#ff0000', '#00ff00', 'usual' ), '>', 100, 'red and green are far apart' );
cmp_ok(
    distance( '#cc3333', '#7a7a22', 'deutan' ),
    '<',
    distance( '#cc3333', '#7a7a22', 'usual' ) / 2,
    '... less so for the colour-blind'
);
is( sprintf( '%.0f', contrast( '#000000', '#ffffff' ) ), 21, 'black on white' );

# ---- The page ----------------------------------------------------------------------------------------------------------------

my $css = content("$folder/page/page.css");
my %theme;
while ( $css =~ /:root(?:\[data-theme="(\w+)"\])? \{(.*?)\}/gs ) {
    my ( $name, $body ) = ( $1 // 'light', $2 );
    $theme{$name} = { $body =~ /--([\w-]+): (#[0-9a-f]{6});/g };
}
is( join( ' ', sort keys %theme ), 'dark light', 'both themes' );
for my $name ( sort keys %theme ) {
    my %of     = %{ $theme{$name} };
    my %ours   = map { $_ => $of{$_} } 'par', grep { /\Aours-/ } keys %of;
    my %theirs = map { $_ => $of{$_} } 'sys', grep { /\Atheirs-/ } keys %of;
    is( keys(%ours) + keys %theirs, 10, "$name: ten lines" );
    is_deeply( [ too_close( 25, %ours ) ],   [], '... ours are far apart for every sight' );
    is_deeply( [ too_close( 15, %theirs ) ], [], '... so are those of the libraries, whose dashes differ too' );
    is_deeply( [ grep { contrast( $of{$_}, $of{bg} ) < 3 } sort keys %ours, keys %theirs ],
        [], '... lines are seen: 3 to 1' );
    is_deeply( [ grep { contrast( $of{$_}, $of{bg} ) < 4.5 } qw(fg quiet par) ], [], '... words are read: 4.5 to 1' );
    is_deeply( [ grep { contrast( $of{$_}, $of{panel} ) < 4.5 } qw(fg quiet) ],  [], '... also on panels' );
}

my ($hues) = content("$folder/heapmap/draw.js") =~ /THREAD_HUES = \[(.*?)\]/s;
my @hues = $hues =~ /#[0-9a-f]{6}/g;
cmp_ok( scalar @hues, '>=', 4, 'the heap map has colours for threads' );
is_deeply( [ too_close( 15, map { ( "thread $_" => $hues[$_] ) } 0 .. $#hues ) ], [], '... far apart for every sight' );

# Blocks are paler the larger they are: draw.js mixes the background into the colour of their thread.
my ($shade) = content("$folder/heapmap/draw.js") =~ /SHADE = ([\d.]+);/;

sub mixed ( $one, $other, $part ) {
    my @one   = map { hex } $one   =~ /[0-9a-f]{2}/gi;
    my @other = map { hex } $other =~ /[0-9a-f]{2}/gi;
    return sprintf '#%02x%02x%02x', map { $one[$_] + ( $other[$_] - $one[$_] ) * $part } 0 .. 2;
}
for my $name ( sort keys %theme ) {
    my ( $ground, $resident, $panel ) = @{ $theme{$name} }{qw(bg resident panel)};
    my @lost;
    for my $thread ( 0, 1 ) {    # more have the lecture's runs not
        for my $step ( 0 .. 2 ) {
            my $block = mixed( $hues[$thread], $ground, $step * $shade );
            push @lost, grep { $_ ne '' } map {
                my $sight = $_;
                distance( $block, $resident, $sight ) < 20 ? "thread $thread, shade $step, $sight" : ''
            } sort keys %SIGHT;
        }
    }
    is_deeply( \@lost, [], "$name: blocks are seen on memory that is resident, for every sight" );
    cmp_ok( distance( $resident, $panel, 'usual' ), '>', 12, '... and that on memory that is not' );
}

done_testing();
