#!/usr/bin/env perl

# What object the grader makes of a submission: which names it has left, and which it asks for.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::intake::Compile;
use grader::intake::Judge;
use measure::Launch;
use tests::lib::HandedIn;

# As much of a grader::Job as compiling needs, without a sandbox.
package tests::Job {
    sub new ( $class, $intake ) { return bless { intake => $intake }, $class }

    sub intake           ($self)            { return $self->{intake} }
    sub sandbox          ($self)            { return $self }
    sub settle           ( $self, $folder ) { return }
    sub workspace_folder ( $self, $name )   { return $self->{folder}{$name} //= tests::lib::HandedIn::fresh() }
    sub include_folder   ($self)            { return $self->workspace_folder('include') }
    sub warning_flags    ($self)            { return }
    sub race_flags       ($self)            { return }
    sub library_names    ($self) { return $self->{library_names} //= grader::intake::Compile::library_names($self) }

    sub launch ( $self, %options ) {
        delete @options{qw(see write memory_bytes processes)};
        return measure::Launch::run( wall_s => 300, %options );
    }
}

# %files: path => content. Result: the job, and what the grader makes of par.
sub made (%files) {
    my ( $error, $intake ) = tests::lib::HandedIn::take( tests::lib::HandedIn::folder_of(%files) );
    die $error if defined $error;
    my $job = tests::Job->new($intake);
    return ( $job, grader::intake::Compile::backend( $job, 'par' ) );
}

my $CALLS = "#include <stddef.h>\nvoid* xmalloc(size_t n) { return 0; }\nvoid xfree(void* p) {}\n"
  . "void* xrealloc(void* p, size_t n) { return 0; }\n";

subtest 'The names of the system\'s libraries' => sub {
    my $names = tests::Job->new(undef)->library_names;
    for my $name (qw(mmap atexit pthread_atfork log2 __dso_handle)) {
        ok( $names->{$name}, "$name is known" );
    }
    ok( !$names->{xmalloc}, 'xmalloc is not' );
};

subtest 'What is a wrapper of tests stays out, and what the submission declares comes in' => sub {
    my %stray = (
        'fail_mmap.c' =>
          "#include <sys/mman.h>\nvoid* mmap(void* a, size_t n, int p, int f, int d, off_t o) { return 0; }\n",
        'exits.c' => "int atexit(void (*f)(void)) { return 0; }\n",
    );
    my $uses = "#include <stdlib.h>\n#include <sys/mman.h>\nstatic void end(void) {}\n"
      . "int f(void) { return atexit(end) + munmap(mmap(0, 1, 3, 34, -1, 0), 1); }\n";
    my ( $job, $made ) = made( 'par_alloc.c' => "$CALLS$uses", %stray );
    is( "@{ $made->{sources} }", 'par_alloc.c', 'functions of the C library are taken from there' );

    my $list = "#include \"lib/list.h\"\n$CALLS void f(void) { remove(0); }\n";
    ( $job, $made ) = made(
        'src/par_alloc.c' => $list,
        'src/lib/list.h'  => "void remove(void* block);\n",
        'src/lib/list.c'  => "void remove(void* block) {}\n"
    );
    is(
        "@{ $made->{sources} }",
        'src/par_alloc.c src/lib/list.c',
        'but not one that a header of the submission declares'
    );
};

subtest 'A hook that nobody defines' => sub {
    my $weak = sub (@names) {
        return join q{}, map { "__attribute__((weak)) void $_(void);\nvoid if_$_(void) { if ($_) $_(); }\n" } @names;
    };
    my $hook = $weak->('list_check');
    my ( $job, $made ) = made( 'par_alloc.c' => "$CALLS$hook" );
    is_deeply( [ grep { /list_check/ } sort keys %{ $made->{facts}{asked} } ],
        ['nobodys.list_check'], 'has a name that no program of ours can have' );
    is_deeply( grader::intake::Judge::judge( $made->{facts} )->{refused}, [], '... and is not refused' );
    ( $job, $made ) = made( 'par_alloc.c' => $CALLS . $hook =~ s/__attribute__\S+//r );
    is(
        "@{ grader::intake::Judge::judge( $made->{facts} )->{refused} }",
        'it calls what programs of ours define, and does not define it: list_check',
        '... unless it must be there'
    );

    my @kept = qw(fork mmap _ZTHx __start_own __tsan_acquire);
    ( $job, $made ) =
      made( 'par_alloc.c' => $CALLS . $weak->( qw(call_xfree __wrap_xmalloc ready), @kept ) . "void ready(void) {}\n" );
    is_deeply(
        [ sort grep { !/GLOBAL_OFFSET/ } keys %{ $made->{facts}{asked} } ],
        [ sort @kept, map { "nobodys.$_" } qw(call_xfree __wrap_xmalloc) ],
        'whatever its name, but for what the submission, the system or a tool may define'
    );
    my $flavour = grader::intake::Compile::flavour( $job, 'par', $made, 'tsan' );
    ok( $flavour->{facts}{asked}{'nobodys.call_xfree'}, '... and in every flavour' );
};

subtest 'What no file defines' => sub {
    my $asks = "#include <pthread.h>\n#include <stdlib.h>\nvoid lost(void);\n"
      . "int f(void) { return pthread_atfork(lost, lost, lost) + atexit(lost); }\n";
    my ( $job, $made ) = made( 'par_alloc.c' => "$CALLS$asks" );
    is( join( q{ }, grader::intake::Compile::undefined_names( $job, $made ) ),
        'lost', 'no word of what the compiler has in its start files' );
};

subtest 'A function for several processors' => sub {
    plan skip_all => 'the compiler has none here' if system('gcc -dM -E -x c /dev/null | grep -q __x86_64__ ');
    my $clone = '__attribute__((target_clones("popcnt", "default"))) int f(long n) { return __builtin_popcountl(n); }';
    my ( $job, $made ) = made( 'par_alloc.c' => "$CALLS$clone\n" );
    is_deeply( [ sort keys %{ $made->{facts}{clones} } ], ['f'], 'is known as one' );
    is_deeply(
        [ @{ grader::intake::Judge::judge( $made->{facts} ) }{qw(refused odd)} ],
        [ [], ['f has versions for several processors'] ],
        '... and only noted'
    );
    my $flavour = grader::intake::Compile::flavour( $job, 'par', $made, 'tsan' );
    unlike( scalar `nm $flavour->{object}`, qr/resolver/, '... and is one function for the race detector' );

    my $line    = "     8: 0000000000000070    43 %-7s %-6s DEFAULT    1 %s\n";
    my %made_by = (
        'gcc 10' =>
          [ [ 'FUNC', 'LOCAL', 'f.default.1' ], [ 'FUNC', 'LOCAL', 'f.resolver' ], [ 'IFUNC', 'LOCAL', 'f' ] ],
        'clang 14' => [
            [ 'FUNC',              'GLOBAL', 'f.default.1' ],
            [ 'FUNC',              'GLOBAL', 'f.resolver' ],
            [ '<OS specific>: 10', 'WEAK',   'f.ifunc' ]
        ],
    );

    for my $compiler ( sort keys %made_by ) {
        my @symbols   = @{ $made_by{$compiler} };
        my $judgement = sub (@listed) {
            grader::intake::Judge::judge(
                grader::intake::Judge::facts( join '', map { sprintf $line, @{$_} } @listed ) );
        };
        is_deeply( [ @{ $judgement->(@symbols) }{qw(refused)} ], [ [] ], "... also as $compiler calls it" );
        like(
            "@{ $judgement->( $symbols[2] )->{refused} }",
            qr/is chosen by a function that runs before/,
            '... and no other'
        );
    }

    my $own = 'static void* pick(void) { return 0; } int f(long n) __attribute__((ifunc("pick")));';
    my $one = $CALLS =~ s/void\* xmalloc/__attribute__((target_clones("popcnt", "default"))) $&/r;
    for my $refused ( "$CALLS$own\n", $one ) {
        ( $job, $made ) = made( 'par_alloc.c' => $refused );
        like(
            "@{ grader::intake::Judge::judge( $made->{facts} )->{refused} }",
            qr/\A(?:xmalloc|f) is chosen by a function that runs before/,
            '... but none that is chosen by a function of its own, and none of the three calls'
        );
    }
};

# In which way the backend was compiled, in the words of its options; a complaint when in none.
sub way_of (%files) {
    my ( $job, $made ) = made(%files);
    return $made->{complaint} if defined $made->{complaint};
    my $way = $made->{ways}{'par_alloc.c'};
    return join q{ }, @{ $way->{dialect} }, $way->{headers};
}

subtest 'A source is compiled in the first way that takes it' => sub {
    my $is_static = "#include <unistd.h>\nstatic int gettid(void) { return 1; }\nint f(void) { return gettid(); }\n";
    my $in_c11    = "enum { linux, unix };\nstruct type { int typeof; };\nint f(void) { return linux; }\n";
    my %wanted    = (
        'nothing special'                => [ q{},                       'gnu11 -D_GNU_SOURCE=' ],
        'names that gcc has for itself'  => [ $in_c11,                   'c11 -D_GNU_SOURCE=' ],
        'a name that _GNU_SOURCE brings' => [ $is_static,                'gnu11' ],
        'digits of C23'                  => [ "int many = 1'000'000;\n", 'gnu2x -D_GNU_SOURCE=' ],
    );
    for my $name ( sort keys %wanted ) {
        my ( $source, $way ) = @{ $wanted{$name} };
        is( way_of( 'par_alloc.c' => "$source$CALLS" ), "-std=$way -idirafter", $name );
    }
    my ( $job, $made ) = made( 'par_alloc.c' => "int first = 1'0;\nenum { linux };\nint second = nothing;\n$CALLS" );
    like( $made->{errors}[0], qr/:1:/, 'what fits no way is told as in the first' ) or diag explain $made;
};

subtest 'Headers in folders of the submission' => sub {
    my $own = "#define OWN 1\n";
    is(
        way_of(
            'par_alloc.c'  => "#include <search.h>\nENTRY entry;\n#include \"search.h\"\nint own = OWN;\n$CALLS",
            'inc/search.h' => $own
        ),
        '-std=gnu11 -D_GNU_SOURCE= -iquote',
        'one in quotes is its own, though the system has one of that name'
    );
    is(
        way_of( 'par_alloc.c' => "#include <pool.h>\nint own = OWN;\n$CALLS", 'inc/pool.h' => $own ),
        '-std=gnu11 -D_GNU_SOURCE= -idirafter',
        'one in angles is found, too'
    );
};

subtest 'A flavour is compiled in the same way' => sub {
    my $picks = "#if !defined __STRICT_ANSI__ && !defined __SANITIZE_THREAD__\n#error not so\n#endif\n"
      . "#ifdef __STRICT_ANSI__\nint strict;\n#endif\n";
    my ( $job, $made ) = made( 'par_alloc.c' => "$picks$CALLS" );
    my $flavour = grader::intake::Compile::flavour( $job, 'par', $made, 'tsan' );
    like( scalar `nm $flavour->{object}`, qr/ strict$/m, '... although another would do' );
};

subtest 'Other code for the race detector' => sub {
    my $other = sub (%files) {
        my ( $job, $made ) = made(%files);
        return grader::intake::Compile::flavour( $job, 'par', $made, 'tsan' )->{other_code};
    };
    my $hides = "#ifdef __SANITIZE_THREAD__\nint lock;\n#endif\n";
    is( $other->( 'par_alloc.c' => "$CALLS$hides" ), 'par_alloc.c', 'is noted with its file' );
    is( $other->( 'par_alloc.c' => "#include \"own.h\"\n$CALLS", 'own.h' => $hides ),
        'par_alloc.c', '... also where a header has it' );
    is(
        $other->(
            'par_alloc.c' => "int x(void);\n$CALLS int f(void) { return x(); }\n",
            'x.c'         => "int x(void) { return 0; }\n$hides"
        ),
        'x.c',
        '... or a helper'
    );
    my $same =
      "#ifdef __OPTIMIZE__\nconst char* when = __DATE__ __TIME__;\n#endif\n#define CLONES target_clones(\"default\")\n"
      . "#ifdef __SANITIZE_THREAD__\n#include <stdio.h>\n#define NEVER_USED 1\n#endif\nint last;\n";
    is( $other->( 'par_alloc.c' => $same . $CALLS ), undef, 'what is the same code is none' );
};

done_testing;
