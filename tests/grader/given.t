#!/usr/bin/env perl

# Which file a person wants taken: what cannot be done is told in one line that says what to write instead.

use v5.32;
use warnings;
use utf8;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd     qw(abs_path);
use Encode  ();
use FindBin qw($Bin);
use Test::More;
use Unicode::Normalize qw(NFC NFD);

use lib "$Bin/../..";
use grader::intake::Given;
use tests::lib::Files qw(write_file);
use tests::lib::HandedIn;

my $TREE  = abs_path("$Bin/../..");
my $THREE = "void* xmalloc(unsigned long n) {\n return 0; }\n";

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);

sub bytes ($text) { return Encode::encode( 'UTF-8', $text ) }

# What is wrong with these words; undef when nothing is.
sub wrong (@words) {
    return eval { grader::intake::Given::wanted( \@words, [qw(hw08 par)] ) } ? undef : $@;
}

# The file that is taken for par from a submission, or what is wrong.
sub taken ( $source, $path ) {
    my $given = grader::intake::Given::wanted( [ bytes("par=$path") ], ['par'] );
    my ( $error, $intake ) = tests::lib::HandedIn::take( $source, given => $given );
    return Encode::decode( 'UTF-8', $error // ( $intake->source_of('par') )[0] );
}

subtest 'Words' => sub {
    my $form      = 'say NAME=FILE, as par=src/fast.c';
    my $elsewhere = 'the file is named relative to the folder of the submission; one elsewhere is not taken';
    my $out       = 'it leads out of the submission, and what lies elsewhere is not taken';
    my %cases     = (
        'fast.c'      => $form,
        'par='        => $form,
        '=fast.c'     => $form,
        'par=/etc/x'  => $elsewhere,
        'par=C:\x.c'  => $elsewhere,
        'par=../x.c'  => $out,
        'par=a/../..' => $out,
        'foo=x.c'     => 'there is no backend \'foo\' to be graded; there are hw08 and par',
        'Par=x.c'     => 'there is no backend \'Par\' to be graded; there are hw08 and par; did you mean par?',
        'par_alloc=x' => 'there is no backend \'par_alloc\' to be graded; there are hw08 and par; did you mean par?',
        'hw8=x.c'     => 'there is no backend \'hw8\' to be graded; there are hw08 and par; did you mean hw08?',
        'sys=x.c'     => 'sys is the C library\'s, and is not handed in',
    );
    is( wrong($_), "$_: $cases{$_}\n", "told: $_" ) for sort keys %cases;
    is(
        wrong( 'par=a.c', 'par=b.c' ),
        "par=b.c: par=a.c is there, too, and a backend has one file: say one of them\n",
        'two files for one backend are told'
    );
    is( wrong( 'par=a.c', 'par=./a.c' ), undef, '... but not one twice' );
    is_deeply(
        grader::intake::Given::wanted( [ ' par =  ./src//old/../a b.c ', 'hw08=x=y.c' ], [qw(hw08 par)] ),
        { par => 'src/a b.c', hw08 => 'x=y.c' },
        'blanks around, dots and slashes make no difference'
    );
};

subtest 'Files' => sub {
    my $source = tests::lib::HandedIn::folder_of(
        'src/Fast.c'            => $THREE,
        'src/b c.c'             => $THREE,
        bytes( NFD('Größe.c') ) => $THREE,
        "Gr\xf6.c"              => $THREE,
        'build/x.c'             => $THREE,
        'par_alloc.c.txt'       => $THREE,
        'x.c~'                  => $THREE,
    );
    symlink '/etc/passwd', "$source/out.c"   or die $!;
    symlink 'src/Fast.c',  "$source/in.c"    or die $!;
    symlink 'src',         "$source/folder"  or die $!;
    symlink '/etc',        "$source/outside" or die $!;
    is( taken( $source, $_ ), $_, "taken: $_" )
      for 'src/Fast.c', 'src/b c.c', 'par_alloc.c.txt', 'in.c', 'folder/Fast.c';
    is( taken( $source, NFC('Größe.c') ), NFD('Größe.c'), 'taken, though the name stores its letters in another way' );
    like( taken( $source, 'Gr\xf6.c' ), qr/\AGr.*[.]c\z/, 'taken, as the report shows a name that is no text' );

    my %cases = (
        'none.c'         => qr/there is no such file in the submission; there are: /,
        'src'            => qr/it is a folder; name the file in it; there are: src\/Fast[.]c, src\/b c[.]c$/,
        'src/'           => qr/it is a folder/,
        '.'              => qr/it is a folder/,
        'src/fast.c'     => qr/no such file in the submission; did you mean (?:\S+ or )*src\/Fast[.]c(?: or \S+)*[?]$/,
        'src\\Fast.c'    => qr/no such file in the submission; did you mean src\/Fast[.]c[?]$/,
        '"src/b c.c"'    => qr/no such file in the submission; did you mean src\/b c[.]c[?]$/,
        'lee/src/b c.c'  => qr/no such file in the submission; did you mean src\/b c[.]c[?]$/,
        'b c.c'          => qr/no such file in the submission; did you mean folder\/b c[.]c or src\/b c[.]c[?]$/,
        'src/Fats.c'     => qr/no such file in the submission; did you mean \S+Fast[.]c[?]$/,
        'out.c'          => qr/'out[.]c' was left out: it is a link, and leads to no source of the submission$/,
        'outside/passwd' => qr/'outside' was left out: it is a link/,
        'build/x.c'      => qr/the folder build of a submission is not taken in: no file in it can be meant$/,
        'x.c~'           => qr/no file that is called so is taken in: editors and archivers leave them$/,
    );

    for my $path ( sort keys %cases ) {
        my $said = taken( $source, $path );
        like( $said, qr/\A--backend par=/, "told: $path" );
        like( $said, $cases{$path},        '... with what to do' );
        is( $said =~ tr/\n//, 1, '... in one line' );
    }
    write_file( "$source/" . bytes( NFC('Größe.c') ), $THREE );
    is( taken( $source, NFC('Größe.c') ), NFC('Größe.c'), 'of two that look alike the one that is written is taken' );
    write_file( "$source/e\xcc\x81\xcc\xa3.c", $THREE );
    write_file( "$source/e\xcc\xa3\xcc\x81.c", $THREE );
    like(
        taken( $source, "\x{1eb9}\x{301}.c" ),
        qr/2 files are called so, and only the way/,
        '... and none, where neither is'
    );
    like(
        taken( tests::lib::HandedIn::folder_of( 'a.txt' => 'x' ), 'x.c' ),
        qr/and no C file at all$/,
        'nothing to offer'
    );
};

subtest 'On the command line' => sub {
    my $source = tests::lib::HandedIn::folder_of(
        'par_alloc.c.txt' => do { local ( @ARGV, $/ ) = "$TREE/hw08_alloc.c"; <> }
    );
    my $grade = sub (@options) {
        open my $said, '-|', $^X, "$TREE/test.pl", '--submission', $source,
          qw(--only build --isolation none --changed-kit), @options
          or die $!;
        local $/ = undef;
        my $text = <$said>;
        close $said;
        return ( $text, $? >> 8 );
    };
    my ( $text, $status ) = $grade->(qw(--backend foo=x.c));
    is( $text, "Bail out!  --backend foo=x.c: there is no backend 'foo' to be graded; there are hw08 and par\n",
        'one line' );
    is( $status, 2, '... and no grade' );
    ($text) = $grade->(qw(--backends par --backend hw08=x.c));
    is(
        $text,
        "Bail out!  --backend hw08=x.c: there is no backend 'hw08' to be graded; there is par\n",
        'nor what is not asked'
    );
    ($text) = $grade->(qw(--backends par --backend par=par_alloc.c.txt));
    like( $text, qr/^ok \d+ - par compiles/m, 'what is no .c is compiled as C, when a person says so' );
};

done_testing;
