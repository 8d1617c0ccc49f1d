#!/usr/bin/env perl

# How submissions are taken in: folders, and objects that must be refused.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::Shown;
use grader::intake::Archive;
use grader::intake::Compile;
use grader::intake::Judge;
use grader::stages::Build;
use grader::results::Tap;
use measure::Launch;
use tests::lib::Built;
use tests::lib::Files qw(write_file);
use tests::lib::HandedIn;

tests::lib::Built::launcher();
my $folder = tests::lib::HandedIn::fresh();

sub fresh ()    { return tests::lib::HandedIn::fresh() }
sub take (@how) { return tests::lib::HandedIn::take(@how) }

subtest 'Folders' => sub {
    my $source = fresh();
    write_file( "$source/$_", 'int x;' )
      for ( "hw3/opt_malloc.c", "hw3/lib/h.c", "main.c", "hw3/.#opt_malloc.c", "hw3/opt_malloc.c~", ".git/x.c" );
    symlink '/etc/passwd', "$source/leak.c" or die $!;
    symlink '/etc',        "$source/folder" or die $!;
    my ( $error, $intake ) = take($source);
    is( $error,                undef,                                 'a folder is taken in' );
    is( "@{[$intake->files]}", 'main.c hw3/opt_malloc.c hw3/lib/h.c', '... without droppings, history and links' );
    is( scalar( grep { /is a link, and leads to no source/ } $intake->notes ), 2, '... and the links are named' );
    my ( $found, @notes ) = $intake->source_of('par');
    is( $found,    'hw3/opt_malloc.c',                          'an old name in a sub-folder is found' );
    is( $notes[0], 'hw3/opt_malloc.c is taken for par_alloc.c', '... and said' );
    is(
        join( q{ }, map { $_->{path} } $intake->helpers_for( 'par', $found ) ),
        'hw3/lib/h.c main.c',
        'helpers nearer to it come first'
    );
    is( ( $intake->source_of('hw08') )[0], undef, 'a backend that is not there is not found' );

    symlink $source, "$folder/alias" or die $!;
    for my $path ( "$source/", "$source//", "$folder/alias", "$folder/alias/" ) {
        ( $error, $intake ) = take($path);
        is( $error // "@{[$intake->files]}", 'main.c hw3/opt_malloc.c hw3/lib/h.c', "$path is the same folder" );
    }

    my $odd = fresh();
    write_file( "$odd/par_alloc.c",  "int x;\0" );
    write_file( "$odd/hw08_alloc.c", 'x' x ( 1024 * 1024 + 1 ) );
    write_file( "$odd/empty.c",      q{} );
    ( $error, $intake ) = take($odd);
    is( $intake->unfit('par_alloc.c'), 'par_alloc.c is no text', 'a source of bytes is unfit' );
    like( $intake->unfit('hw08_alloc.c'), qr/\Ahw08_alloc.c has 1048577 bytes/, '... and one that is too long' );
    is( $intake->unfit('empty.c'), 'empty.c is empty', '... and one that is empty' );
    write_file( "$odd/wide$_->[0].c", $_->[1] )
      for [ 1, "\xff\xfei\0n\0t\0" ], [ 2, join "\0", split( //, "int x; int y;" ), q{} ];
    ( $error, $intake ) = take($odd);
    like( $intake->unfit("wide$_.c"), qr/\Awide$_[.]c is text in UTF-16, .*: save it as UTF-8\z/, 'text in UTF-16' )
      for 1, 2;
};

# The same instruction on three processors, as objdump prints it; and what only looks like it.
subtest 'Bare system calls are seen on every processor' => sub {
    my %seen = (
        'x86-64'  => "   4:\tsyscall\n",
        'i386'    => "   4:\tint    \$0x80\n",
        'arm64'   => "  10:\tsvc\t#0x0\n",
        'riscv64' => "  1e:\tecall\n",
    );
    for my $processor ( sort keys %seen ) {
        is( scalar keys %{ grader::intake::Judge::bare_calls( $seen{$processor} ) }, 1, "... of $processor" );
    }
    my $none = "   4:\tcall   10 <syscall>\n  10:\tbl\t20 <svc>\n0000 <ecall>:\n   8:\tint    \$0x3\n";
    is_deeply( grader::intake::Judge::bare_calls($none), {}, '... but a call of the C library is none' );
};

subtest 'What is not looked into is told' => sub {
    my %files = ( 'build/par_alloc.c' => 'int x;', 'build/x.o' => 'o', 'inner.rar' => 'PK', 'more.7z' => '7z' );
    my ( $error, $intake ) = take( tests::lib::HandedIn::folder_of(%files) );
    my @wanted = (
        (
            map { "'$_' is packed once more, and was not unpacked: hand in the files that are in it" } 'inner.rar',
            'more.7z'
        ),
        q{'build' was left out, with build/par_alloc.c: a folder of this name is for what was built}
    );
    is_deeply( [ $intake->notes ], \@wanted, 'packed files, and sources among what was built' );
    my ( $found, @why ) = $intake->source_of('par');
    is_deeply( [@why], \@wanted, '... also where a backend is missing' );
    my $archive = tests::lib::HandedIn::tar_of( map { [ $_, $files{$_} ] } sort keys %files );
    is_deeply( [ ( take($archive) )[1]->notes ], \@wanted, '... and of an archive' );
    ( $error, $intake ) = take( tests::lib::HandedIn::folder_of( 'build/x.o' => 'o', '.git/x.c' => 'int x;' ) );
    is( scalar( $intake->notes ), 0, '... but no folder without sources, and no history' );
};

# A job whose par was judged so.
package tests::Judged {
    sub new          ( $class, $judged ) { return bless { judged => $judged }, $class }
    sub backends     ($self)             { return 'par' }
    sub is_handed_in ( $self, $backend ) { return 1 }
    sub made         ( $self, $backend ) { return { judged => $self->{judged} } }
}

# What a note looks like in the TAP.
sub told ($note) {
    open my $saved, '>&', \*STDOUT or die $!;
    close STDOUT or die $!;
    open STDOUT, '>', \my $text or die $!;
    grader::results::Tap->new->note($note);
    close STDOUT or die $!;
    open STDOUT, '>&', $saved or die $!;
    return $text;
}

subtest 'Names in every script are told as they are' => sub {
    my $name = "\xc3\x9cbung 8 (M\xc3\xbcller)/\xe6\x97\xa5.c";
    is( told("$name is taken"), "# $name is taken\n", 'letters beyond ASCII' );
    is(
        told("M\xfcller \e[31m \xe2\x80\xae.c \xc2\x9b"),
        '# M\xfcller \x1b[31m \x{202e}.c \x9b' . "\n",
        '... but no bytes of another code, and nothing that would act on a terminal'
    );
    is( grader::Shown::text($name), "\x{dc}bung 8 (M\x{fc}ller)/\x{65e5}.c", 'the results have them as text' );
    is( grader::intake::Archive::printable($name), "'$name'", 'what is left out of an archive is told alike' );
    is( grader::intake::Archive::printable("a\nb\xff"),        q{'a\x0ab\xff'},               '... in one line' );
    is( grader::intake::Archive::printable( "\xc3\xbc" x 99 ), q{'} . "\xc3\xbc" x 60 . q{'}, '... of whole letters' );
};

# What the compiler makes of a source, as grader::intake::Judge sees it.
sub judge ( $source, @flags ) {
    my $path = write_file( "$folder/object.c", $source );
    system( 'gcc', '-w', @flags, '-c', '-o', "$folder/object.o", $path ) == 0 or die 'it does not compile';
    open my $listing, '-|', qw(readelf --wide --file-header --section-headers --symbols), "$folder/object.o" or die $!;
    my $facts = grader::intake::Judge::facts( join q{}, <$listing> );
    close $listing or die 'readelf failed';
    return ( grader::intake::Judge::judge($facts), $facts );
}

my $CALLS = "#include <stddef.h>\nvoid* xmalloc(size_t n) { return 0; }\nvoid xfree(void* p) {}\n"
  . "void* xrealloc(void* p, size_t n) { return 0; }\n";

# What gcc 14 and clang 16 refuse, and compilers before them did not.
my $LAX = <<'END_OF_SOURCE';
#include <stddef.h>
static counter;
int* next(size_t n) { counter = undeclared(n); return counter; }
void* xmalloc(size_t n) { char* place = next(n); return place; }
END_OF_SOURCE

# $younger: what a compiler makes errors. Result: a function as grader::intake::Compile::warning_flags takes it, which runs such a one.
sub compiler (@younger) {
    my $path = write_file( fresh() . '/gcc', "#!/bin/sh\nexec gcc @younger \"\$\@\"\n" );
    chmod oct 755, $path;
    return sub ($command) {
        my ( undef, @arguments ) = @{$command};
        return measure::Launch::run( command => [ $path, @arguments ], wall_s => 300 );
    };
}

subtest 'A younger compiler refuses nothing that an older one took' => sub {
    my @errors =
      map { "-Werror=$_" } qw(implicit-function-declaration implicit-int int-conversion incompatible-pointer-types);
    my $gcc     = compiler(@errors);
    my @compile = ( 'gcc', '-std=gnu11', '-c', '-o', "$folder/lax.o", write_file( "$folder/lax.c", $LAX ) );
    my $said    = $gcc->( \@compile )->{stderr};
    is( () = $said =~ /error:/g, 4, 'a compiler that makes four faults errors' );
    my @flags  = grader::intake::Compile::warning_flags($gcc);
    my $result = $gcc->( [ @compile, @flags ] );
    ok( measure::Launch::ok($result), '... compiles them as the grader calls it' ) or diag $result->{stderr};
    is( () = $result->{stderr} =~ /warning:/g, 4, '... with as many warnings' );

    my @unknown = grader::intake::Compile::warning_flags( compiler('-Wno-error=such-a-warning-is-unknown') );
    is( "@unknown", q{}, 'a compiler gets no flag that it refuses' );
};

subtest 'Objects' => sub {
    my ( $judged, $facts ) = judge($CALLS);
    is_deeply( $judged, { refused => [], odd => [], memory => [], missing => [] }, 'three plain calls pass' );
    ok( $facts->{relocatable}, '... and are an object file' );

    my %refused = (
        'fork'   => [ 'int fork(void); void f(void) { fork(); }',      qr/starts or traces processes: fork/ ],
        'ptrace' => [ 'long ptrace(int); void f(void) { ptrace(0); }', qr/ptrace/ ],
        'dlsym'  =>
          [ 'void* dlsym(void*, char*); void f(void) { dlsym(0, "x"); }', qr/looks up functions by name: dlsym/ ],
        'sockets' => [ 'int socket(int, int, int); void f(void) { socket(1, 1, 1); }', qr/talks to others: socket/ ],
        'program name' => [
            'extern char* program_invocation_name; char* f(void) { return program_invocation_name; }',
            qr/asks which program runs/
        ],
        'ifunc' => [
            'static void* pick(void) { return 0; } void g(void) __attribute__((ifunc("pick")));',
            qr/g is chosen by a function that runs before the program starts/,
            qr/\Achoose between versions/
        ],
        'preinit' => [
            'static void f(void) {} __attribute__((section(".preinit_array"), used)) static void (*p)(void) = f;',
            qr/has a section .preinit_array/,
            qr/\Aleave out the attribute/
        ],
        'a call of a program' => [
            'void list_free(void*); void f(void) { list_free(0); }',
            qr/calls what programs of ours define/,
            qr/\Ahand in the file that defines/
        ],
    );
    for my $name ( sort keys %refused ) {
        my ($judgement) = judge( $CALLS . $refused{$name}[0] );
        like( "@{ $judgement->{refused} }", $refused{$name}[1], "$name is refused" );
        my ($test) = grep { $_->{id} eq 'par.objects' } grader::stages::Build::tests( tests::Judged->new($judgement) );
        like( $test->{run}->()->{hint}, $refused{$name}[2] // qr/\Aan allocator needs mmap/,
            '... and told what to do' );
    }
    ($judged) = judge( $CALLS . 'void _exit(int); __attribute__((constructor)) static void f(void) { _exit(0); }' );
    is_deeply( $judged->{refused}, [], 'a constructor alone is not refused' );
    my $bare = {
        %{$judged},
        refused => [ map { "it $_" } 'enters the system past the C library: syscall', 'talks to others: bind' ]
    };
    my ($test) = grep { $_->{id} eq 'par.objects' } grader::stages::Build::tests( tests::Judged->new($bare) );
    like(
        $test->{run}->()->{hint},
        qr/\Acall the function of the C library, .*; an allocator needs mmap/,
        'two kinds have two hints'
    );
    is(
        "@{ $judged->{odd} }",
        'it calls _exit it has code that runs before or after main (.init_array)',
        '... but noted'
    );
    for my $section (qw(.init.text .gnu.warning.f .plt.own)) {
        my ($judgement) = judge(qq{$CALLS __attribute__((section("$section"))) void f(void) {}});
        is(
            "@{ $judgement->{refused} }|@{ $judgement->{odd} }",
            "|it has a section $section",
            "$section is only noted"
        );
    }
    for my $section (qw(.init .preinit_array.5 .fini .plt.got .gnu.conflict)) {
        my ($judgement) = judge(qq{$CALLS __attribute__((section("$section"))) void f(void) {}});
        is( "@{ $judgement->{refused} }", "it has a section $section", "$section is refused" );
    }
    ($judged) = judge("$CALLS int tcgetpgrp(int); int f(void) { return tcgetpgrp(0); }");
    is( "@{ $judged->{odd} }",
        'it calls tcgetpgrp', 'whatever else an allocator seldom asks for is noted by its name' );
    ($judged) = judge("$CALLS int pthread_getname_np(); int f(void) { return pthread_getname_np(); }");
    is(
        "@{ $judged->{odd} }",
        'it calls pthread_getname_np',
        '... the name of a thread, which is that of the program, too'
    );
    my $list = '__attribute__((weak)) int list_check(void); int f(void) { return list_check ? list_check() : 0; }';
    my ( undef, $weak ) = judge("$CALLS$list int list_more(void); int g(void) { return list_more(); }");
    is_deeply(
        { grader::intake::Judge::nobodys( $weak, {} ) },
        { list_check => 'nobodys.list_check' },
        'a hook that may be missing is nobody\'s'
    );
    my $renamed = { %{$weak}, asked => { 'nobodys.list_check' => 1 } };
    is_deeply( [ @{ grader::intake::Judge::judge($renamed) }{qw(refused odd)} ], [ [], [] ], '... which is usual' );
    my $places = "extern char etext[], end[], __executable_start[];\n"
      . "long f(void) { return (long)etext + (long)end - (long)__executable_start; }\n";
    my $asked = ( judge( $CALLS . $places ) )[0];
    is(
        "@{ $asked->{odd} }@{ $asked->{refused} }",
        'it asks which program runs: __executable_start, end, etext',
        'where the parts of a program lie is noted'
    );
    is( "@{ (judge(\"$CALLS int end, _start;\"))[0]{odd} }", q{}, '... but no name that it defines itself' );

    ($judged) = judge(
'void* malloc(unsigned long); void* xmalloc(unsigned long n) { return malloc(n); } void free(void*); void xfree(void* p) { free(p); }'
    );
    is( "@{ $judged->{memory} }",  'free malloc', "the C library's memory is seen" );
    is( "@{ $judged->{missing} }", 'xrealloc',    '... and a call that is missing' );

    my %asks = map {
        $_ => { asked => { map { $_ => 1 } split }, defined => {} }
    } (
        'mmap', 'mmap memcpy abort __stack_chk_fail __tsan_read8',
        'mmap malloc',
        'mmap pthread_self',
        'mmap ivec_push'
    );
    my %more = map { $_ => join q{ }, grader::intake::Judge::only_in( $asks{$_}, $asks{mmap} ) } keys %asks;
    is( $more{'mmap memcpy abort __stack_chk_fail __tsan_read8'},
        q{}, 'what a compiler leaves in one flavour and out of the other is no other code' );
    is( $more{'mmap malloc'},       'malloc',       '... memory of the library is' );
    is( $more{'mmap pthread_self'}, 'pthread_self', '... so is what tells threads apart' );
    is( $more{'mmap ivec_push'},    'ivec_push',    '... and the program' );
};

done_testing;
