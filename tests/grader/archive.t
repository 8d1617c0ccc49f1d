#!/usr/bin/env perl

# Archives that are handed in: also those that are traps, and what archivers of many systems make.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin            qw($Bin);
use IO::Compress::Gzip ();
use IO::Compress::Zip  ();
use Test::More;

use lib "$Bin/../..";
use tests::lib::Files qw(read_file write_file);
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
    is( "@{[$intake->files]}", 'good.c etc/abs.c', 'names that lead out of the archive are left out' );
    is( scalar( grep { /its name leads out of the archive/ } $intake->notes ), 2, '... and named' );
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

    my $advice = 'hand in the sources, the report and the graph alone';
    my @zeros  = map { [ "a$_", "\0" x ( 8 * 1024 * 1024 ) ] } 1 .. 9;
    for my $bomb ( tar_of(@zeros), zip_of( map { @{$_} } @zeros ) ) {
        cmp_ok( -s $bomb, '<', 1024 * 1024, 'an archive of less than a MiB' );
        ($error) = take($bomb);
        like(
            $error,
            qr/\Athe archive unpacks to more than \d+ bytes, up to 'a9': $advice\n\z/,
            '... that swells to 72 is refused'
        );
    }
    ($error) = take( tar_of( map { [ "f$_", q{} ] } 1 .. 4001 ) );
    like(
        $error,
        qr/\Athe archive holds more than 4000 files, up to 'f4001': $advice\n/,
        'so is one of very many files'
    );
    ($error) = take( write_file( "$folder/bad.zip", 'no zip at all' ) );
    like( $error, qr/\Athe archive cannot be read: [^\n]+\n\z/, 'what is no zip is refused in a line' );
    ($error) = take( write_file( "$folder/empty.zip", "PK\x05\x06" . "\0" x 18 ) );
    is( $error, "the archive cannot be read: it is empty\n", '... and a zip with nothing in it is called empty' );
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
    is( "@{[$intake->files]}",    'x.c a/par_alloc.c', 'names with the separator of Windows, and with a drive' );
    is( scalar( $intake->notes ), 1,                   '... which must not lead out of the archive either' );

    my $tar = tar_of( [ 'par_alloc.c', 'x' ] );
    rename $tar, "$folder/misnamed.zip" or die $!;
    ( $error, $intake ) = take("$folder/misnamed.zip");
    is( $error // "@{[$intake->files]}", 'par_alloc.c', 'a .tar.gz that is called .zip' );
};

subtest 'A folder and an archive of it are taken alike' => sub {
    my %files = (
        'par_alloc.c'     => 'x',
        'core'            => "\0" x ( 9 * 1024 * 1024 ),
        'build/x.o'       => "\0" x ( 9 * 1024 * 1024 ),
        'w/build/src.c'   => 'y',
        'w/.#par_alloc.c' => 'z',
        map { ( ".git/objects/$_" => 'o' ) } 1 .. 4500
    );
    my @wanted = (
        q{'core' was left out: it has 9437184 bytes, and a file has at most 8388608},
        q{'w/build' was left out, with w/build/src.c: a folder of this name is for what was built}
    );
    my $source = tests::lib::HandedIn::folder_of(%files);
    for my $way ( $source, packed( $source, '.' ), zip_of(%files) ) {
        my ( $error, $intake ) = take($way);
        is( $error // "@{[$intake->files]}", 'par_alloc.c', "$way: what is no source is not taken" );
        is_deeply( [ $intake->notes ],                       \@wanted, '... and is told by its name' );
        is_deeply( [ map { $_->{path} } $intake->left_out ], ['core'], '... for whoever misses it' );
    }
    my $many = tests::lib::HandedIn::folder_of( map { ( "f$_" => q{} ) } 1 .. 4001 );
    my ($error) = take($many);
    like( $error, qr/\Athe submission holds more than 4000 files, up to 'f\d+': hand in the sources/, 'as are limits' );
};

subtest 'What is thrown away is bounded' => sub {
    my $zeros = "\0" x ( 4 * 1024 * 1024 );
    my %most =
      ( bytes => 1e6, file_bytes => 1e5, files => 9, advice => 'less', is_skipped => sub ($path) { $path eq 'b' } );
    for my $archive ( tar_of( [ 'a', $zeros ], [ 'b', $zeros ] ), zip_of( a => $zeros, b => $zeros ) ) {
        my $unpack = sub (%how) {
            return eval {
                grader::intake::Archive::unpack_into( $archive, into => tests::lib::HandedIn::fresh(), %most, %how );
            };
        };
        my @said = $unpack->();
        is_deeply( [ map { $_->{path} } @said ], ['a'], 'a long file and a skipped one are thrown away' );
        $unpack->( read_bytes => 6e6 );
        is( $@, "the archive unpacks to more than 6000000 bytes, up to 'b': less\n", '... as far as the limit' );
        $unpack->( read_s => -1 );
        like( $@, qr/\Athe archive takes more than -1 seconds to unpack.*: less\n/, '... and for a time' );
    }
};

subtest 'Names from the root, and what is packed twice' => sub {
    my @files = ( [ '/home/me/x/par_alloc.c', 'x' ], [ '/a/../../out.c', 'y' ] );
    my ( $error, $intake ) = take( tar_of(@files) );
    is( $error // "@{[$intake->files]}", 'home/me/x/par_alloc.c', 'a name from the root is one from the folder' );
    is(
        join( q{}, $intake->notes ),
        q{'/a/../../out.c' was left out: its name leads out of the archive},
        '... but not above it'
    );

    my $name = "\xc3\x9cbung/par_alloc.c";
    for my $is_flagged ( 0, 1 ) {
        my $zip = tests::lib::HandedIn::path('.zip');
        IO::Compress::Zip::zip( \'x' => $zip, Name => $name, Efs => $is_flagged ) or die;
        ( $error, $intake ) = take($zip);
        is( $error // "@{[$intake->files]}", $name, 'a name in UTF-8' . ( $is_flagged ? ', as the zip says' : q{} ) );
    }

    my $twice = tests::lib::HandedIn::path('.tar.gz');
    IO::Compress::Gzip::gzip( tar_of( [ 'par_alloc.c', 'x' ] ) => $twice ) or die;
    ( $error, $intake ) = take($twice);
    is( $error // "@{[$intake->files]}", 'par_alloc.c', 'a .tar.gz that was packed once more' );
    my %little = ( bytes => 1e6, file_bytes => 1e5, files => 9, advice => 'less', is_skipped => sub ($path) { 0 } );
    eval {
        grader::intake::Archive::unpack_into(
            $twice,
            into         => tests::lib::HandedIn::fresh(),
            packed_bytes => 9,
            %little
        );
    };
    is( $@, "the archive unpacks to more than 9 bytes: less\n", '... as far as a limit of its own' );
    my $thrice = tests::lib::HandedIn::path('.tar.gz');
    IO::Compress::Gzip::gzip( $twice => $thrice ) or die;
    ($error) = take($thrice);
    like( $error, qr/\Athe archive cannot be read/, '... but only once more' );
};

# As Moodle packs a class: a folder for each student, and in it what the student uploaded.
subtest 'An archive that is all there is of a submission' => sub {
    my $inner   = read_file( zip_of( 'hw/par_alloc.c' => 'x', 'hw/build/x.o' => 'o' ) );
    my $unread  = q{'work.zip' is packed once more, and was not unpacked: hand in the files that are in it};
    my $written = q{'work.zip' was unpacked: there is no source beside it};
    my %cases   = (
        'alone'           => [ { 'work.zip' => $inner }, 'work/hw/par_alloc.c', $written ],
        'beside a report' =>
          [ { 'work.zip' => $inner, 'report.txt' => 'x' }, 'report.txt work/hw/par_alloc.c', $written ],
        'beside a source'             => [ { 'work.zip' => $inner, 'a.c'   => 'x' },    'a.c work.zip',   $unread ],
        'beside another one'          => [ { 'work.zip' => $inner, 'b.zip' => $inner }, 'b.zip work.zip', $unread ],
        'beside a folder of its name' =>
          [ { 'work.zip' => $inner, 'work/x.txt' => 'x' }, 'work.zip work/x.txt', $unread ],
    );
    for my $case ( sort keys %cases ) {
        my ( $files, $found, $note ) = @{ $cases{$case} };
        my ( $error, $intake ) = take( tests::lib::HandedIn::folder_of( %{$files} ) );
        is( $error // "@{[$intake->files]}", $found, $case );
        is( ( $intake->notes )[-1],          $note,  '... which is told' );
    }
    my ( $error, $intake ) =
      take( zip_of( 'once.zip' => read_file( zip_of( 'work.zip' => $inner ) ) ) );
    is( $error // "@{[$intake->files]}", 'once/work/hw/par_alloc.c', 'twice' );
    ( $error, $intake ) = take( tests::lib::HandedIn::folder_of( 'work.zip' => substr $inner, 0, 20 ) );
    is( $error // "@{[$intake->files]}", 'work.zip', 'a damaged one stays as it is' );
    like(
        ( $intake->source_of('par') )[1],
        qr{\A'work[.]zip' was not unpacked: the archive cannot be read},
        '... and is told why'
    );
};

subtest 'What was left out is the reason why a source is missing' => sub {
    my $long = 'x' x ( 9 * 1024 * 1024 );
    my ( undef, $intake ) = take( tar_of( [ 'par_alloc.c', $long ], [ 'core', $long ], [ '../hw08_alloc.c', 'y' ] ) );
    my ( undef, @why )    = $intake->source_of('par');
    is_deeply(
        \@why,
        [
            q{'par_alloc.c' was left out: it has 9437184 bytes, and a file has at most 8388608},
            q{'../hw08_alloc.c' was left out: its name leads out of the archive}
        ],
        'the sources that were left out'
    );
};

subtest 'An archive that cannot be read is told why' => sub {
    my $text  = "int x;\n" x 1000;
    my $plain = packed( tests::lib::HandedIn::folder_of( 'par_alloc.c' => $text ), 'par_alloc.c' );
    open my $in, '<:raw', $plain or die $!;
    my $bytes = do { local $/ = undef; <$in> };
    my $lzma  = "PK\3\4\x3f\0\0\0\x0e\0" . "\0" x 16 . "\x05\0\0\0x.c.." . "\0" x 40;
    my $cut;
    IO::Compress::Zip::zip( \$text => \$cut, Name => 'par_alloc.c', Method => 0, Stream => 0 ) or die;
    substr $cut, length($cut) / 2, length $cut, q{};
    my %cases = (
        'an xz' => [ "\xfd7zXZ\0" . 'x' x 100, qr/by its content it is a file of xz; pack it again as [.]tar[.]gz or/ ],
        'a RAR' => [ "Rar!\x1a\7" . 'x' x 100, qr/by its content it is a file of RAR/ ],
        'a strange zip' =>
          [ $lzma, qr/pack it again as [.]tar[.]gz or as an ordinary [.]zip \(Unsupported Compression format 14\)/ ],
        'a cut tar' => [ substr( $bytes, 0, 3000 ), qr/it ends within an entry, up to 'par_alloc[.]c'; pack it again/ ],
        'a cut zip' => [ $cut, qr/is damaged: it ends too early, up to 'par_alloc[.]c'; pack it again/ ],
        'a changed tar' => [ 'X' . substr( $bytes, 1 ), qr/it is damaged, or neither a tar nor a zip/ ],
    );

    for my $name ( sort keys %cases ) {
        my ( $content, $why ) = @{ $cases{$name} };
        my ($error) = take( write_file( tests::lib::HandedIn::path('.tar.gz'), $content ) );
        like( $error, qr/\Athe archive [^\n]*$why[^\n]*\n\z/, $name );
    }
};

done_testing;
