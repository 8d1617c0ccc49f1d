#!/usr/bin/env perl

# Archives that are handed in: also those that are traps, and what archivers of many systems make.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use tests::lib::HandedIn;

my $folder = tests::lib::HandedIn::fresh();

sub write_file (@file)    { return tests::lib::HandedIn::write_file(@file) }
sub take       (@how)     { return tests::lib::HandedIn::take(@how) }
sub tar_of     (@entries) { return tests::lib::HandedIn::tar_of(@entries) }
sub zip_of     (@entries) { return tests::lib::HandedIn::zip_of(@entries) }

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
    is( $intake->text('good.c'), 'x',      '... the first of two files of a name counts' );
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
    ($error) = take( write_file( "$folder/x.rar", 'x' ) );
    like( $error, qr/neither a folder nor a [.]tar/, 'any other file, too' );
    ($error) = take("$folder/nowhere");
    like( $error, qr/there is no such folder or archive/, 'and what is not there' );
};

done_testing;
