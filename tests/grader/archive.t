#!/usr/bin/env perl

# Archives that are handed in: also those that are traps, and what archivers of many systems make.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use tests::lib::Files qw(write_file);
use tests::lib::HandedIn;

my $folder = tests::lib::HandedIn::fresh();

sub take   (@how)     { return tests::lib::HandedIn::take(@how) }
sub tar_of (@entries) { return tests::lib::HandedIn::tar_of(@entries) }
sub zip_of (@entries) { return tests::lib::HandedIn::zip_of(@entries) }

subtest 'Archives' => sub {
    for my $archive ( tar_of( [ 'par_alloc.c', 'x' ], [ 'sub/h.c', 'y' ] ),
        zip_of( 'par_alloc.c' => 'x', 'sub/h.c' => 'y' ) )
    {
        my ( $error, $intake ) = take($archive);
        diag $error if $error;
        is( $error,                   undef,                 "$archive is taken in" );
        is( "@{[$intake->files]}",    'par_alloc.c sub/h.c', '... with its files' );
        is( $intake->text('sub/h.c'), 'y',                   '... and their content' );
        is( scalar $intake->notes,    0,                     '... and nothing is left out' );
    }

    my ( $error, $intake ) =
      take( tar_of( [ '../out.c', 'x' ], [ '/etc/abs.c', 'x' ], [ 'a/../../b.c', 'x' ], [ 'good.c', 'x' ] ) );
    is( "@{[$intake->files]}", 'good.c', 'names that lead out of the archive are left out' );
    is( scalar( grep { /its name leads out of the archive/ } $intake->notes ), 3, '... and named' );
    ok( !-e "$folder/out.c" && !-e '/etc/abs.c', '... and nothing was written there' );

    ( $error, $intake ) = take( zip_of( '../out2.c' => 'x', 'good.c' => 'x' ) );
    is( "@{[$intake->files]}", 'good.c', '... also in a zip' );
    ok( !-e "$folder/out2.c", '... and nothing was written' );

    ( $error, $intake ) = take(
        tar_of(
            [ 'link',           q{}, { type => 2, linkname => '/etc/passwd' } ],
            [ 'hard',           q{}, { type => 1, linkname => 'good.c' } ],
            [ 'fifo',           q{}, { type => 6 } ],
            [ 'good.c',         'x' ],
            [ 'good.c',         'second' ],
            [ 'good.c/below.c', 'x' ],
        )
    );
    is( "@{[$intake->files]}",   'good.c', 'links and devices are left out' );
    is( $intake->text('good.c'), 'second', '... the last of two files of a name counts' );
    is( scalar $intake->notes,   5,        '... and all of that is said' ) or diag explain [ $intake->notes ];

    my $zeros = "\0" x ( 80 * 1024 * 1024 );
    for my $bomb ( tar_of( [ 'a', $zeros ] ), zip_of( a => $zeros ) ) {
        cmp_ok( -s $bomb, '<', 1024 * 1024, 'an archive of less than a MiB' );
        ($error) = take($bomb);
        like( $error, qr/\Athe archive unpacks to more than \d+ bytes\n\z/, '... that swells to 80 is refused' );
    }
    ($error) = take( tar_of( map { [ "f$_", q{} ] } 1 .. 4001 ) );
    like( $error, qr/\Athe archive holds more than 4000 files/, 'so is one of very many files' );
    ($error) = take( write_file( "$folder/bad.zip", 'no zip at all' ) );
    like( $error, qr/\Athe archive cannot be read: [^\n]+\n\z/, 'what is no zip is refused in a line' );
    ($error) = take( write_file( "$folder/bad.tar.gz", 'no tar at all' ) );
    like( $error, qr/\Athe archive cannot be read: [^\n]+\n\z/, 'what is no tar is refused in a line' );
    ($error) = take( write_file( "$folder/x.txt", 'x' ) );
    like( $error, qr/neither a folder nor a [.]tar/, 'any other file, too' );

    for my $ending (qw(tar.xz tar.bz2 7z)) {
        ($error) = take( write_file( tests::lib::HandedIn::path(".$ending"), 'x' ) );
        like(
            $error,
            qr/[.]\Q$ending\E is packed in a way .*: pack it again as [.]tar[.]gz/,
            "... and a .$ending is told so"
        );
    }
    ($error) = take("$folder/nowhere");
    like( $error, qr/there is no such folder or archive/, 'and what is not there' );
};

# A tar by tar(1) of what stands in a folder.
sub packed ( $folder, @words ) {
    my $path = tests::lib::HandedIn::path('.tar');
    system( 'tar', '-C', $folder, '-cf', $path, @words ) == 0 or die 'tar failed';
    return $path;
}

subtest 'What archivers write' => sub {
    my $long   = join q{/}, ( 'd' x 90 ) x 3;
    my $source = tests::lib::HandedIn::folder_of( "$long/par_alloc.c" => 'x', "$long/hw08_alloc.c" => 'y' );
    link "$source/$long/par_alloc.c", "$source/zz.c" or die $!;
    symlink "$long/hw08_alloc.c", "$source/link.c" or die $!;
    for my $format (qw(gnu pax)) {
        my ( $error, $intake ) = take( packed( $source, "--format=$format", ( 'd' x 90 ), 'zz.c', 'link.c' ) );
        is(
            $error // "@{[$intake->files]}",
            "link.c zz.c $long/hw08_alloc.c $long/par_alloc.c",
            "long names of $format"
        );
        is( $intake->text('zz.c') . $intake->text('link.c'), 'xy', '... also of what hard and other links lead to' );
    }
    my $large = tests::lib::HandedIn::folder_of( 'par_alloc.c' => 'z' x 200_000, 'a.c' => 'a' );
    my ( $error, $intake ) = take( packed( $large, qw(--format=v7 par_alloc.c a.c) ) );
    is( length( $intake->text('par_alloc.c') ) . $intake->text('a.c'), '200000a', 'the first format of all' );

    my $again = packed( $large, 'a.c', 'par_alloc.c' );
    write_file( "$large/par_alloc.c", 'new' );
    system( 'tar', '-C', $large, '-rf', $again, 'par_alloc.c' ) == 0 or die 'tar failed';
    ( $error, $intake ) = take($again);
    is( $intake->text('par_alloc.c'), 'new', 'what was added again counts' );
    is( join( q{}, $intake->notes ),  "'par_alloc.c' is twice in the archive: the last one counts", '... and is said' );

    ( $error, $intake ) =
      take( zip_of( 'a\\par_alloc.c' => 'x', 'a\\b\\' => q{}, '..\\out.c' => 'x', 'C:\\x.c' => 'x' ) );
    is( "@{[$intake->files]}",    'a/par_alloc.c', 'names with the separator of Windows' );
    is( scalar( $intake->notes ), 2,               '... which must not lead out of the archive either' );

    my $tar = tar_of( [ 'par_alloc.c', 'x' ] );
    rename $tar, "$folder/misnamed.zip" or die $!;
    ( $error, $intake ) = take("$folder/misnamed.zip");
    is( $error // "@{[$intake->files]}", 'par_alloc.c', 'a .tar.gz that is called .zip' );
};

subtest 'An archive that cannot be read is told why' => sub {
    my $text  = "int x;\n" x 1000;
    my $plain = packed( tests::lib::HandedIn::folder_of( 'par_alloc.c' => $text ), 'par_alloc.c' );
    open my $in, '<:raw', $plain or die $!;
    my $bytes = do { local $/ = undef; <$in> };
    my $lzma  = "PK\3\4\x3f\0\0\0\x0e\0" . "\0" x 16 . "\x05\0\0\0x.c.." . "\0" x 40;
    my %cases = (
        'an xz' => [ "\xfd7zXZ\0" . 'x' x 100, qr/by its content it is a file of xz; pack it again as [.]tar[.]gz or/ ],
        'a RAR' => [ "Rar!\x1a\7" . 'x' x 100, qr/by its content it is a file of RAR/ ],
        'a strange zip' =>
          [ $lzma, qr/pack it again as [.]tar[.]gz or as an ordinary [.]zip \(Unsupported Compression format 14\)/ ],
        'a cut tar'     => [ substr( $bytes, 0, 3000 ), qr/it ends within an entry/ ],
        'a changed tar' => [ 'X' . substr( $bytes, 1 ), qr/it is damaged, or neither a tar nor a zip/ ],
    );
    for my $name ( sort keys %cases ) {
        my ( $content, $why ) = @{ $cases{$name} };
        my ($error) = take( write_file( tests::lib::HandedIn::path('.tar.gz'), $content ) );
        like( $error, qr/\Athe archive [^\n]*$why[^\n]*\n\z/, $name );
    }
};

done_testing;
