#!/usr/bin/env perl

# Which files of a submission are linked with a backend, and in which headers its sources are looked up.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::intake::Declared;
use grader::intake::Helpers;
use grader::intake::Judge;
use grader::intake::Places;
use tests::lib::HandedIn;

my $objects = tests::lib::HandedIn::fresh();

# Compiles a source of a submission, as the grader does, and says what grader::intake::Helpers wants to know of it.
sub compiled ( $intake, $path ) {
    my $object = "$objects/object.o";
    my @gcc    = ( qw(gcc -w -O2 -fcommon -c -o), $object, '-I', $intake->folder );
    my $errors = system("@gcc @{[$intake->folder]}/$path 2>$objects/errors");
    return { complaint => "$path does not compile", errors => [] } if $errors;
    my $listing = `readelf --wide --file-header --section-headers --symbols $object`;
    return { facts => grader::intake::Judge::facts($listing), warnings => [] };
}

# What of a source's text stands in files of the submission, as the grader finds it.
sub own_text ( $intake, $path ) {
    my $folder = $intake->folder;
    return grader::intake::Declared::own_text( scalar `gcc -E -I $folder $folder/$path`, $folder );
}

# %files: path => content, and par_alloc.c the backend, if nothing else is. Result: the sources that are linked with it, in a string; the notes.
sub linked ( $backend, %files ) {
    my ( $error, $intake ) = tests::lib::HandedIn::take( tests::lib::HandedIn::folder_of(%files) );
    die $error if defined $error;
    my ($source) = $intake->source_of($backend);
    my $found = grader::intake::Helpers::find(
        intake   => $intake,
        backend  => $backend,
        source   => $source,
        part     => compiled( $intake, $source ),
        compile  => sub ($path) { return compiled( $intake, $path ) },
        own_text => sub ($path) { return own_text( $intake, $path ) },
        library  => { map { $_ => 1 } qw(malloc mmap puts) },
    );
    return ( "@{ $found->{sources} }", @{ $found->{notes} } );
}

my $USES  = "void* take(void);\nvoid* xmalloc(unsigned long n) { return take(); }\n";
my $TAKES = "void* take(void) { return 0; }\n";

subtest 'Of files that define the same name the nearest is linked' => sub {
    my %two  = ( 'hw08_alloc.c' => $USES, 'par_alloc.c' => $USES );
    my %both = ( %two, 'hw08/heap.c' => "$TAKES\n", 'par/heap.c' => $TAKES );
    my ( $linked, @notes ) = linked( 'par', %both );
    is( $linked, 'par/heap.c', 'par has the one in par/' );
    ok( ( grep { $_ eq 'take is defined in par/heap.c, which is linked, and in hw08/heap.c, which is not' } @notes ),
        '... and the other is named' )
      or diag @notes;
    is( ( linked( 'hw08', %both ) )[0], 'hw08/heap.c', 'hw08 has the one in hw08/' );

    my %layouts = (
        'an old folder'                => [ 'par/heap.c',     'old/heap.c' ],
        'a folder of nobody'           => [ 'lib/heap.c',     'backup/heap.c' ],
        'what was handed out'          => [ 'util/heap.c',    'starter/par/heap.c' ],
        "the other's folder elsewhere" => [ 'src/z/heap.c',   'src/hw08/heap.c' ],
        'its own folder elsewhere'     => [ 'src/par/heap.c', 'src/aa/heap.c' ],
    );
    for my $name ( sort keys %layouts ) {
        my ( $right, $wrong ) = @{ $layouts{$name} };
        is( ( linked( 'par', %two, $right => $TAKES, $wrong => $TAKES ) )[0], $right, "$name: $right, not $wrong" );
    }
    is( ( linked( 'par', %two, 'old/heap.c' => $TAKES ) )[0], 'old/heap.c', 'the only one there is counts' );
    my %old_names = map { $_ => $USES } qw(hwx_malloc.c opt_malloc.c);
    is( ( linked( 'par', %old_names, 'hwx/heap.c' => $TAKES, 'opt/heap.c' => $TAKES ) )[0],
        'opt/heap.c', 'opt/ is the folder of opt_malloc.c' );
    my %apart = ( 'a/hw08_alloc.c' => $USES, 'b/par_alloc.c' => $USES, 'a/heap.c' => $TAKES, 'b/heap.c' => $TAKES );
    is( ( linked( 'par', %apart ) )[0], 'b/heap.c', 'each beside its own source' );
    my %above = ( 'a/hw08_alloc.c' => $USES, 'par_alloc.c' => $USES, 'a/heap.c' => $TAKES, 'lib/heap.c' => $TAKES );
    is( ( linked( 'par', %above ) )[0], 'lib/heap.c', "what lies beside another's source is another's" );

    my $prototype =
      "void* take(void);\nstatic int take_two(void) { return 2; }\nint two(void) { return take_two(); }\n";
    ( $linked, @notes ) = linked( 'par', %two, 'par/heap.c' => $TAKES, 'lib/two.c' => $prototype );
    is( "@notes", 'linked with par/heap.c', 'a prototype is no definition' );
};

subtest 'A helper whose names macros put together' => sub {
    my $pasted = "#define NAME(what) ta##what\nvoid* NAME(ke)(void) { return 0; }\n";
    my ( $linked, @notes ) = linked( 'par', 'par_alloc.c' => $USES, 'lib/pool.c' => $pasted, 'lib/a.c' => "int a;\n" );
    is( $linked, 'lib/pool.c', 'is found in another folder' );
    is( ( linked( 'par', 'par_alloc.c' => $USES =~ s/take/mmap/gr, 'lib/pool.c' => $pasted ) )[0],
        q{}, '... but not looked for when nothing is missing' );
};

subtest 'A file that is included need not compile' => sub {
    my $part = "void* take(void) { return here; }\n";
    my $all =
"static void* here;\n#include \"par/api.c\"\nvoid* lost(void);\nvoid* xmalloc(unsigned long n) { return n ? take() : lost(); }\n";
    my ( $linked, @notes ) = linked( 'par', 'par_alloc.c' => $all, 'par/api.c' => $part );
    is( "@notes", q{}, '... and nothing is said of it' );
    ( $linked, @notes ) = linked( 'par', 'par_alloc.c' => $all, 'par/api.c' => $part, 'par/apis.c' => $part );
    is( "@notes", 'par/apis.c does not compile, so it is not linked', '... but of another' );
};

subtest 'A helper may be written in assembler' => sub {
    my $plain = "int one(void);\nvoid* xmalloc(unsigned long n) { return one() ? 0 : 0; }\n";
    my $one   = "    .globl one\none:\n    .long 0\n";
    for my $name (qw(one.s one.S asm/spin.S)) {
        my ( $linked, @notes ) = linked( 'par', 'par_alloc.c' => $plain, $name => $one );
        is( $linked,  $name,               "$name is linked" );
        is( "@notes", "linked with $name", '... and that is all that is said' );
    }
    my $macros = "#include \"one.h\"\n    .globl NAME\nNAME:\n    .long 0\n";
    is( ( linked( 'par', 'par_alloc.c' => $plain, 'one.S' => $macros, 'one.h' => "#define NAME one\n" ) )[0],
        'one.S', '... with macros' );
};

subtest 'The folder of a backend is linked as the Makefile links it' => sub {
    my $plain  = "void* xmalloc(unsigned long n) { return 0; }\n";
    my %useful = (
        'a table that a header declares' => [ "int sizes[3];\n", "int sizes[3] = {1, 2, 3};\n" ],
        'a function that is only weak'   =>
          [ "__attribute__((weak)) int f(void) { return 0; }\n", "int f(void) { return 1; }\n" ],
        'code that runs before main' =>
          [ q{}, "int puts(const char*);\n__attribute__((constructor)) static void set_up(void) { puts(\"up\"); }\n" ],
    );
    for my $name ( sort keys %useful ) {
        my ( $declared, $given ) = @{ $useful{$name} };
        is( ( linked( 'par', 'par_alloc.c' => "$declared$plain", 'par/x.c' => $given ) )[0], 'par/x.c', $name );
    }
    is(
        (
            linked(
                'par',
                'par_alloc.c' => $plain,
                'x.c' => "int puts(const char*);\n__attribute__((constructor)) static void f(void) { puts(\"f\"); }\n"
            )
        )[0],
        q{},
        'what runs before main counts there only'
    );

    my ( $linked, @notes ) = linked(
        'par',
        'par_alloc.c' => $plain,
        'par/x.c'     => "void* malloc(unsigned long);\nint f(void) { return malloc(1) != 0; }\n"
    );
    is( $linked,  q{},                                          'what changes nothing is left out' );
    is( "@notes", 'par/x.c is not linked: nothing asks for it', '... and said' );
    ( $linked, @notes ) = linked( 'par', 'hw08_alloc.c' => $USES, 'par_alloc.c' => $plain, 'par/v3.c' => $plain );
    is( "$linked@notes", q{}, 'of what par_alloc.c is a link to, or a copy, nothing is said' );
    ( $linked, @notes ) = linked( 'par', 'par_alloc.c' => $plain, 'par/t.c' => 'int main(void) { return 0; }' );
    is( "$linked@notes", q{}, 'a program is not linked, whatever its folder' );
    my $later = "int g(void);\n__attribute__((constructor)) static void set_up(void) { g(); }\n";
    ($linked) =
      linked( 'par', 'par_alloc.c' => $plain, 'par/a.c' => "int g(void) { return 1; }\n", 'par/b.c' => $later );
    is( $linked, 'par/b.c par/a.c', 'what a later file asks for is found, though it was looked at before' );
};

subtest 'A file beside the backend is linked only when the backend lacks something without it' => sub {
    my $maps  = "void* mmap(unsigned long);\n";
    my $calls = qq{#include <sys/mman.h>\nvoid* xmalloc(unsigned long n) { return mmap(0, n, 3, 34, -1, 0); }\n};
    my $mmap  = "${maps}void* mmap(unsigned long n) { return 0; }\n";
    my $weak  = '__attribute__((weak)) void hook(void)';
    my %stray = (
        'the mmap of its tests'      => [ $calls,                                         $mmap ],
        'a hook for a weak function' => [ "$weak {}\nvoid f(void) { hook(); }\n",         "void hook(void) {}\n" ],
        'a hook that may be missing' => [ "$weak;\nvoid f(void) { if (hook) hook(); }\n", "void hook(void) {}\n" ],
        'another value for a variable of both' =>
          [ "long most;\nlong f(void) { return most; }\n", "long most = 100;\n" ],
    );
    for my $name ( sort keys %stray ) {
        my ( $backend, $other ) = @{ $stray{$name} };
        my ( $linked,  @notes ) = linked( 'par', 'par_alloc.c' => $backend, 'x.c' => $other );
        is( "$linked@notes", q{}, "$name is not linked, nor told" );
        is( ( linked( 'par', 'par_alloc.c' => $backend, 'par/x.c' => $other ) )[0], 'par/x.c',
            '... but in its folder' );
        my $needs = "void* take(void);\n${backend}void* also(void) { return take(); }\n";
        is( ( linked( 'par', 'par_alloc.c' => $needs, 'x.c' => $other, 'y.c' => $TAKES ) )[0],
            'y.c', '... nor with a backend that lacks something else' );
        is( ( linked( 'par', 'par_alloc.c' => $needs, 'x.c' => $other ) )[0],
            q{}, '... nor with one that lacks what no file defines' );
        is( ( linked( 'par', 'par_alloc.c' => $needs, 'x.c' => "$other$TAKES" ) )[0],
            'x.c', '... unless that is in it as well' );
    }

    my $uses = qq{#include "lib/list.h"\nvoid xfree(void* p) { mmap(0); }\n};
    my %lib  = ( 'lib/list.h' => qq{#include "own.h"\n}, 'lib/own.h' => $maps, 'lib/list.c' => $mmap );
    is( ( linked( 'par', 'par_alloc.c' => $uses, %lib ) )[0],
        'lib/list.c', "what a header of the submission declares is the submission's, whatever the C library has" );
    is( ( linked( 'par', 'par_alloc.c' => "${maps}void xfree(void* p) { mmap(0); }\n", 'm.c' => $mmap ) )[0],
        'm.c', '... also what its source declares' );
    my $hidden =
      qq{#ifdef TRACING\n$maps#endif\n// void* mmap(unsigned long);\n#define map(n) mmap(0, n, 3, 34, -1, 0)\n};
    is( ( linked( 'par', 'par_alloc.c' => qq{#include "h.h"\n$calls}, 'h.h' => $hidden, 'm.c' => $mmap ) )[0],
        q{}, '... but not what it only mentions' );
    my %both = ( 'par_alloc.c' => $USES, 'heap.c' => "${TAKES}$calls" =~ s/xmalloc/other/r, 'm.c' => $mmap );
    is( ( linked( 'par', %both ) )[0], 'heap.c', '... nor what a helper asks of the C library' );
};

subtest 'The source of another backend is no helper' => sub {
    my %files = ( 'hw08_alloc.c' => "$USES$TAKES", 'par_alloc.c' => "this is no C\n$USES" );
    is( join( q{}, linked( 'hw08', %files ) ), q{}, 'nothing is said of one that does not compile' );
    my $lacks = "void* drop(void);\nvoid xfree(void* p) { drop(); }\n";
    my ( $linked, @notes ) = linked( 'hw08', %files, 'hw08_alloc.c' => "$USES$TAKES$lacks" );
    is( "$linked@notes", q{}, '... also where something is missing' );
    is( ( linked( 'par', 'par_alloc.c' => $USES, 'hw_pool_alloc.c' => $TAKES ) )[0],
        'hw_pool_alloc.c', 'but what only has the name of one, and defines no call, may be' );
};

subtest 'What a text declares' => sub {
    my %texts = (
        'void remove(void *c);'                                                  => 'remove',
        "static int f(int a) {\n    remove(a);\n    return index(a);\n}\nint g;" => 'f g',
        'char* s = "{"; char c = \'{\'; void after(void);'                       => 'after c s',
        'extern "C" { void inside(void); }'                                      => 'inside',
        'struct s { int (*remove)(int); } t; void f(int (*index)(int));'         => 'f t',
        'int __attribute__((noinline)) f(void), g[3], h = 1;'                    => '__attribute__ f g h',
    );
    for my $text ( sort keys %texts ) {
        is( "@{[ sort keys %{ grader::intake::Declared::names($text) } ]}", $texts{$text}, $text =~ s/\n/ /gr );
    }
    my $marked = qq{# 1 "/w/a.c"\nint a;\n# 1 "/usr/b.h" 1 3\nint b;\n# 2 "/w/a.c" 2\nint c;\n};
    is( grader::intake::Declared::own_text( $marked, '/w' ), "int a;\nint c;\n", 'what other headers say is left out' );
};

subtest 'What cannot be linked is named' => sub {
    my $min = "int min_of(int a, int b) { return a < b ? a : b; }\n";
    my ( $linked, @notes ) = linked( 'par', 'par_alloc.c' => "$USES$min", 'par/heap.c' => "$TAKES$min" );
    is( $linked,  q{},                                                         'two files define the same name' );
    is( "@notes", 'par/heap.c is not linked: par_alloc.c defines min_of, too', '... and both are told' );

    my $included = "#include \"par/heap.c\"\nvoid* xmalloc(unsigned long n) { return take(); }\n";
    ( $linked, @notes ) = linked( 'par', 'par_alloc.c' => $included, 'par/heap.c' => $TAKES );
    is( "$linked@notes", q{}, 'a file that the source includes needs no word' );
};

subtest 'Headers' => sub {
    my %files = map { $_ => "int x;\n" }
      qw(src/par_alloc.c src/hw08_alloc.c src/par/h.h include/xmalloc.h src/hw08/h.h starter/xmalloc.h);
    my ( undef, $intake ) = tests::lib::HandedIn::take( tests::lib::HandedIn::folder_of(%files) );
    my ( $own,  $others ) = $intake->header_folders( 'par', 'src/par_alloc.c' );
    is( "@{$own}",    'src/par include',  "the submission's own headers come before the kit's" );
    is( "@{$others}", 'src/hw08 starter', "... those of the other backend and of the starter after them" );

    %files = map { $_ => "#define OF_IT 1\n" } qw(include/heap/config.h include/heap/util/round.h lib/more/table.inc);
    my $includes = join q{}, map { "#include $_\n" } '"heap/config.h"', '<heap/util/round.h>', '"more/table.inc"';
    my $folders  = tests::lib::HandedIn::folder_of( %files, 'src/par_alloc.c' => $includes );
    ( undef, $intake ) = tests::lib::HandedIn::take($folders);
    ($own) = $intake->header_folders( 'par', 'src/par_alloc.c' );
    is( "@{$own}", 'include include/heap lib include/heap/util',
        'an include that names a folder leads from one above' );
};

done_testing;
