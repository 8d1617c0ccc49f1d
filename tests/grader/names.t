#!/usr/bin/env perl

# Which file of a submission is which backend: old names, names that upload systems change, links.

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

sub fresh () { return tests::lib::HandedIn::fresh() }
sub take   (@how)     { return tests::lib::HandedIn::take(@how) }
sub tar_of (@entries) { return tests::lib::HandedIn::tar_of(@entries) }
sub zip_of (@entries) { return tests::lib::HandedIn::zip_of(@entries) }

# Result: "hw08=FILE par=FILE", and the notes of both.
sub roles_of ( $files, %how ) {
    my $source = fresh();
    write_file( "$source/$_", $files->{$_} ) for keys %{$files};
    my ( $error, $intake ) = take( $source, %how );
    return $error if defined $error;
    my ( @said, @notes );
    for my $backend (qw(hw08 par)) {
        my ( $found, @why ) = $intake->source_of($backend);
        push @said,  "$backend=" . ( $found // '-' );
        push @notes, @why;
    }
    return ( "@said", @notes );
}

subtest 'The whole set of names decides which file is which backend' => sub {
    my $three = "void* xmalloc(unsigned long n) {\n return 0; }\n";
    my %sets  = (
        'the terms of 2020'  => [ [qw(hwx_malloc.c opt_malloc.c sys_malloc.c)], 'hw08=hwx_malloc.c par=opt_malloc.c' ],
        'the homework alone' => [ [qw(hwx_malloc.c)],                           'hw08=hwx_malloc.c par=-' ],
        'an older term' => [ [qw(hw07_malloc.c par_malloc.c opt_malloc.c)], 'hw08=hw07_malloc.c par=par_malloc.c' ],
        'a number without its zero' => [ [qw(hw8_alloc.c par_alloc.c)], 'hw08=hw8_alloc.c par=par_alloc.c' ],
        'the starter beside it'     => [
            [qw(starter/hw07_malloc.c starter/par_malloc.c work/a/hw07_malloc.c work/a/par_malloc.c)],
            'hw08=work/a/hw07_malloc.c par=work/a/par_malloc.c'
        ],
        'a name of the homework for both' => [ [qw(hw07_malloc.c hwx_malloc.c)], 'hw08=hwx_malloc.c par=-' ],
        'capital letters'                 => [ [qw(HW08_alloc.c Par_alloc.c)],   'hw08=HW08_alloc.c par=Par_alloc.c' ],
        'a C++ file'                      => [ [qw(par_alloc.cpp)],              'hw08=- par=par_alloc.cpp' ],
        'a name that Canvas numbers' => [ [qw(hw08_alloc-1.c par_alloc-2.c)], 'hw08=hw08_alloc-1.c par=par_alloc-2.c' ],
        'a name that a browser numbers' =>
          [ [ 'hw08_alloc(1).c', 'par_alloc (1).c' ], 'hw08=hw08_alloc(1).c par=par_alloc (1).c' ],
        'a name that a file manager changes' =>
          [ [ 'hw08_alloc - Copy (2).c', 'par_alloc copy.c' ], 'hw08=hw08_alloc - Copy (2).c par=par_alloc copy.c' ],
        'the last copy of three' =>
          [ [ 'par_alloc-1.c', 'par_alloc-10.c', 'par_alloc-2.c' ], 'hw08=- par=par_alloc-10.c' ],
        'a copy beside the file itself' => [ [ 'par_alloc (1).c', 'par_alloc.c' ], 'hw08=- par=par_alloc.c' ],
        "the student's name before it"  => [
            [qw(smith_12_345_hw08_alloc-1.c smith_12_345_par_alloc.c)],
            'hw08=smith_12_345_hw08_alloc-1.c par=smith_12_345_par_alloc.c'
        ],
        "the homework's number before both" =>
          [ [qw(hw08_alloc.c hw08_par_alloc.c)], 'hw08=hw08_alloc.c par=hw08_par_alloc.c' ],
        'the word before is no name of a backend' =>
          [ [qw(hw8_my_alloc.c compar_alloc.c)], 'hw08=hw8_my_alloc.c par=compar_alloc.c' ],
        'the only one that defines it' => [ [qw(hw08_alloc.c fast.c)], 'hw08=hw08_alloc.c par=fast.c' ],
    );
    for my $name ( sort keys %sets ) {
        my ( $files, $roles ) = @{ $sets{$name} };
        my ($said) = roles_of( { map { $_ => $three } @{$files} } );
        is( $said, $roles, $name );
    }

    my ( $said, @notes ) = roles_of( { map { $_ => $three } qw(hw07_malloc.c par_malloc.c opt_malloc.c) } );
    is_deeply(
        \@notes,
        [
            'hw07_malloc.c is taken for hw08_alloc.c',
            'par_malloc.c is taken for par_alloc.c',
            'there is also opt_malloc.c, which was not taken: par_malloc.c was',
        ],
        'the report says which was taken and which not'
    );
    my %used = ( 'hw08_alloc.c' => $three, 'a.c' => $three, 'b.c' => qq{#include "a.c"\n$three} );
    is( ( roles_of( \%used ) )[0], 'hw08=hw08_alloc.c par=b.c', 'a file that another one includes is not the backend' );
    ( $said, @notes ) = roles_of( { 'hw08_alloc.c' => $three, 'a.c' => $three, 'b.c' => $three } );
    is( $said, 'hw08=hw08_alloc.c par=-', 'of two that could be it none is taken' );
    is(
        $notes[0],
        'found instead: a.c, b.c; rename the one that is meant, or say --backend par=FILE',
        '... and both are named'
    );
    ( $said, @notes ) =
      roles_of( { 'par_alloc.c' => $three, 'par/heap.c' => "int x;\n", 'hw/heap8.c' => "int x;\n" } );
    is(
        $notes[0],
        'found instead: heap8.c; rename the one that is meant, or say --backend hw08=FILE',
        'a helper of the other backend is not named'
    );
    my %helped =
      ( 'par_malloc.c' => qq{#include "hmalloc.h"\n$three}, 'hmalloc.c' => qq{#include "hmalloc.h"\nint x;\n} );
    ( $said, @notes ) = roles_of( \%helped );
    is( "@notes", 'par_malloc.c is taken for par_alloc.c', '... also not one that its header tells' );
    ( $said, @notes ) = roles_of( { map { $_ => $three } qw(main.c hw8alloc.c parr_aloc.c par_alloc.c.txt) } );
    my @found = map { s/;.*//sr } grep { /found/ } @notes;
    is_deeply(
        \@found,
        [
            'found instead: hw8alloc.c (did you mean hw08_alloc.c?), main.c, parr_aloc.c',
'found instead: par_alloc.c.txt (did you mean par_alloc.c?), parr_aloc.c (did you mean par_alloc.c?), hw8alloc.c, main.c',
        ],
        '... with what they were probably meant to be called'
    );
    my %test = ( 'fast.c' => $three, 'test_par_alloc.c' => "$three\nint main(void) {\n return 0; }\n" );
    is( ( roles_of( \%test ) )[0], 'hw08=- par=fast.c', "a program is no backend because of its name's end" );
    my $main  = "int main(void) {\n return 0; }\n";
    my $tests = "$three#ifdef TEST_MAIN\n$main#endif\n";
    is(
        ( roles_of( { 'smith_1_hw08_alloc.c' => $tests, 'fast.c' => $tests } ) )[0],
        'hw08=smith_1_hw08_alloc.c par=fast.c',
        '... but one with a main that is not compiled is'
    );
    ( $said, @notes ) =
      roles_of( { 'par_malloc.c' => qq{#include "opt_malloc.c"\n$three}, 'opt_malloc.c' => $three } );
    is(
        "$said, @notes",
        'hw08=- par=par_malloc.c, par_malloc.c is taken for par_alloc.c',
        'of one that it includes nothing is said'
    );
    ($said) = roles_of( { map { $_ => $three } qw(hw08_alloc.c hw07_malloc.c par_alloc.c) },
        names => tests::lib::HandedIn::names('original') );
    is( $said, 'hw08=hw08_alloc.c par=par_alloc.c', 'a file of an older term that was left counts less' );
    ($said) = roles_of( { map { $_ => $three } qw(hwx_malloc.c opt_malloc.c) }, given => { par => 'hwx_malloc.c' } );
    is( $said, 'hw08=hwx_malloc.c par=hwx_malloc.c', '--backend overrides all of it' );
    ($said) = roles_of( { 'par_alloc.c' => $three }, given => { par => 'none.c' } );
    is(
        $said,
        "--backend par=none.c: there is no such file in the submission; there are: par_alloc.c\n",
        '... and says when it cannot'
    );
};

subtest 'Links within a submission' => sub {
    my $three  = "void* xmalloc(unsigned long n) {\n return 0; }\n";
    my $source = fresh();
    write_file( "$source/src/xv6_malloc.c", $three );
    symlink 'src/xv6_malloc.c', "$source/step.c"       or die $!;
    symlink 'step.c',           "$source/hwx_malloc.c" or die $!;
    symlink '../out.c',         "$source/out.c"        or die $!;
    my ( $error, $intake ) = take($source);
    is( ( $intake->source_of('hw08') )[0], 'hwx_malloc.c',
        'a link to a link to a file of the submission is that file' );
    is( $intake->text('hwx_malloc.c'),                                                $three, '... with its content' );
    is( scalar( grep { $_ eq "'hwx_malloc.c' is a link to step.c" } $intake->notes ), 1,      '... which is said' );
    is( scalar( grep { /'out.c' was left out: it is a link/ } $intake->notes ), 1, 'one that leads out is left out' );

    ( $error, $intake ) = take(
        tar_of(
            [ 'a/xv6_malloc.c', $three ],
            [ 'a/hwx_malloc.c', q{}, { type => 2, linkname => './xv6_malloc.c' } ],
            [ 'a/leak.c',       q{}, { type => 2, linkname => '../../etc/passwd' } ],
        )
    );
    is( ( $intake->source_of('hw08') )[0],        'a/hwx_malloc.c', 'also in a tar' );
    is( scalar( grep { /leak/ } $intake->files ), 0,                '... where one that leads out is left out, too' );
    ( $error, $intake ) = take( zip_of( 'xv6_malloc.c' => $three, 'hwx_malloc.c' => 'xv6_malloc.c' ) );
    is( $intake->text('hwx_malloc.c'), $three, '... and in a zip, which holds its target alone' );

    my %files  = ( 'shared/heap.c' => $three, 'shared/os/os.c' => $three );
    my $linked = tests::lib::HandedIn::folder_of(%files);
    symlink 'shared', "$linked/par"       or die $!;
    symlink '..',     "$linked/shared/up" or die $!;
    symlink '/etc',   "$linked/etc"       or die $!;
    my $followed = 'par/heap.c shared/heap.c par/os/os.c shared/os/os.c';
    unlink "$linked/shared/up";
    ( $error, $intake ) = take($linked);
    is( "@{[$intake->files]}", $followed, 'a link to a folder of the submission is that folder' );
    ( $error, $intake ) = take( zip_of( %files, par => 'shared' ) );
    is( "@{[$intake->files]}", $followed, '... also in a zip' );
    symlink '..', "$linked/shared/up" or die $!;
    ( $error, $intake ) = take($linked);
    is( scalar( grep { /up/ } $intake->files ), 0, '... but not one to a folder in which it lies' );

    my $many = fresh();
    write_file( "$many/big.c", 'x' x ( 8 * 1024 * 1024 ) );
    symlink 'big.c', "$many/l$_.c" or die $! for 1 .. 40;
    ( $error, $intake ) = take($many);
    cmp_ok( scalar( $intake->files ), '<=', 3, 'links that would fill the disk are left out' );
};

done_testing;
