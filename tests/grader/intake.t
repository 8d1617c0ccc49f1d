#!/usr/bin/env perl

# How submissions are taken in and compiled: archives that are traps, files in odd places under old names, helpers that must
# be found, and objects that must be refused.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Tar       ();
use File::Temp         ();
use File::Path         qw(make_path);
use File::Basename     qw(basename dirname);
use FindBin            qw($Bin);
use IO::Compress::Gzip qw(gzip);
use IO::Compress::Zip  ();
use Test::More;

use lib "$Bin/../..";
use grader::Rubric;
use grader::Settings;
use grader::intake::Archive;
use grader::intake::Compile;
use grader::intake::Files;
use grader::intake::Judge;
use measure::Launch;
use tests::lib::Built;
use tests::lib::Files qw(write_file);

tests::lib::Built::launcher();
my $folder = File::Temp->newdir;
my $made   = 0;

sub fresh () {
    my $path = "$folder/" . ++$made;
    mkdir $path or die $!;
    return $path;
}

# A .tar.gz of entries, each [name, content, {attributes}].
sub tar_of (@entries) {
    my $tar = Archive::Tar->new;
    $tar->add_data( @{$_} ) or die $tar->error for @entries;
    my $path = "$folder/" . ++$made . '.tar.gz';
    $tar->write( $path, Archive::Tar::COMPRESS_GZIP() ) or die $tar->error;
    return $path;
}

# A .zip of pairs of name and content.
sub zip_of (@pairs) {
    my $path = "$folder/" . ++$made . '.zip';
    my $zip;
    while ( my ( $name, $content ) = splice @pairs, 0, 2 ) {
        if ($zip) { $zip->newStream( Name => $name ) }
        else      { $zip = IO::Compress::Zip->new( $path, Name => $name ) or die }
        $zip->print($content);
    }
    $zip->close;
    return $path;
}

# The names that this kit's rubric knows.
my $NAMES = grader::Settings::names(
    grader::Rubric->read_file("$Bin/../../grader/rubrics/kit.conf")->apply_to( grader::Settings::defaults() ) );

# Result: the error, or undef; and the intake.
sub take ( $source, %how ) {
    my $intake = eval { grader::intake::Files->new( $source, fresh(), names => $NAMES, %how ) };
    my $error  = $@ || undef;
    return ( $error, $intake );
}

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
    is( "@{[$intake->files]}",   'good.c hard', 'links that lead out and devices are left out' );
    is( $intake->text('good.c'), 'second',      '... the last of two files of a name counts, as tar -r appends it' );
    is( $intake->text('hard'),   'second',      '... a hard link is followed' );
    is( scalar $intake->notes,   4,             '... and all of that is said' ) or diag explain [ $intake->notes ];

    ( $error, $intake ) = take( zip_of( 'work\\par_alloc.c' => 'x', 'work\\..\\..\\out.c' => 'x' ) );
    is( "@{[$intake->files]}", 'work/par_alloc.c', 'a backslash in a zip separates folders, and leads nobody out' );

    my $long = 'a' x 90 . '/' . 'b' x 90 . '/par_alloc.c';
    my $pax  = "$folder/pax.tar";
    for my $name ( $long, $long =~ s/par_/hw08_/r ) {
        make_path( "$folder/pax/" . dirname($name) );
        write_file( "$folder/pax/$name", basename($name) );
    }
    system( 'tar', '--format=pax', '-C', "$folder/pax", '-cf', $pax, '.' ) == 0 or die 'tar';
    ( $error, $intake ) = take($pax);
    is( scalar( () = $intake->files ), 2,             'long names as Python and bsdtar write them (pax)' );
    is( $intake->text($long),          'par_alloc.c', '... with their content' );

    ($error) = take( write_file( "$folder/wrong.zip", "\x1f\x8b\x08" . 'x' x 20 ) );
    like( $error, qr/no zip file, but looks like gzip/, 'what has another type is told its type' );

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
    is( $found,    'hw3/opt_malloc.c',                             'an old name in a sub-folder is found' );
    is( $notes[0], 'hw3/opt_malloc.c is taken for par_alloc.c',    '... and said' );
    is( "@{[$intake->helpers_for($found)]}", 'hw3/lib/h.c main.c', 'helpers nearer to it come first' );
    is( ( $intake->source_of('hw08') )[0],   undef,                'a backend that is not there is not found' );

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
};

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
        'the only one that defines it'    => [ [qw(hw08_alloc.c fast.c)],        'hw08=hw08_alloc.c par=fast.c' ],
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
    is( $said,     'hw08=hw08_alloc.c par=-', 'of two that could be it none is taken' );
    is( $notes[0], 'found instead: a.c, b.c', '... and both are named' );
    ( $said, @notes ) = roles_of( { map { $_ => $three } qw(main.c hw8alloc.c parr_aloc.c par_alloc.c.txt) } );
    is_deeply(
        [ grep { /found/ } @notes ],
        [
            'found instead: hw8alloc.c (did you mean hw08_alloc.c?), main.c, parr_aloc.c',
'found instead: par_alloc.c.txt (did you mean par_alloc.c?), parr_aloc.c (did you mean par_alloc.c?), hw8alloc.c, main.c',
        ],
        '... with what they were probably meant to be called'
    );
    ($said) = roles_of( { map { $_ => $three } qw(hwx_malloc.c opt_malloc.c) }, given => { par => 'hwx_malloc.c' } );
    is( $said, 'hw08=hwx_malloc.c par=hwx_malloc.c', '--backend overrides all of it' );
    ($said) = roles_of( { 'par_alloc.c' => $three }, given => { par => 'none.c' } );
    is( $said, "--backend par=none.c: there is no such file in the submission\n", '... and says when it cannot' );
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

    my $many = fresh();
    write_file( "$many/big.c", 'x' x ( 8 * 1024 * 1024 ) );
    symlink 'big.c', "$many/l$_.c" or die $! for 1 .. 40;
    ( $error, $intake ) = take($many);
    cmp_ok( scalar( $intake->files ), '<=', 3, 'links that would fill the disk are left out' );
};

# What the compiler makes of a source, as grader::intake::Judge sees it.
subtest 'Names as services and browsers change them' => sub {
    my $three = "void* xmalloc(unsigned long n) { return 0; }\n";
    my %means = (
        'hw08_alloc-1.c par_alloc-2.c'                        => 'hw08=hw08_alloc-1.c par=par_alloc-2.c',
        'hw08_alloc.c,par_alloc (1).c'                        => 'hw08=hw08_alloc.c par=par_alloc (1).c',
        'hw08_alloc.c par_alloc.c par_alloc_2.c'              => 'hw08=hw08_alloc.c par=par_alloc.c',
        'doe_LATE_12_345_par_alloc.c doe_12_346_hw08_alloc.c' =>
          'hw08=doe_12_346_hw08_alloc.c par=doe_LATE_12_345_par_alloc.c',
        'hw08_alloc.c hw08_par_alloc.c' => 'hw08=hw08_alloc.c par=hw08_par_alloc.c',
    );
    for my $files ( sort keys %means ) {
        my ($said) = roles_of( { map { $_ => $three } split $files =~ /,/ ? qr/,/ : qr/ /, $files } );
        is( $said, $means{$files}, $files );
    }
};

subtest 'Whose helper is it' => sub {
    my $source = fresh();
    write_file( "$source/$_", "void* xmalloc(unsigned long n) { return 0; }\n" )
      for qw(par_alloc.c par/heap.c hw08_alloc.c hw08/heap.c old/heap.c common.c);
    my ( $error, $intake ) = take($source);
    $intake->source_of($_) for qw(hw08 par);
    my $first = sub ($of) { ( $intake->helpers_for($of) )[0] };
    is( $first->('par_alloc.c'),  'par/heap.c',  'the folder of par is its own' );
    is( $first->('hw08_alloc.c'), 'hw08/heap.c', '... and that of hw08' );
    is(
        join( q{ }, $intake->helpers_for('par_alloc.c') ),
        'par/heap.c common.c hw08_alloc.c hw08/heap.c old/heap.c',
        '... and what is another\'s or old comes last'
    );
};

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
        return measure::Launch::run( command => [ $path, @arguments ], wall_s => 30 );
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
            qr/g is chosen while the program starts/
        ],
        'preinit' => [
            'static void f(void) {} __attribute__((section(".preinit_array"), used)) static void (*p)(void) = f;',
            qr/has a section .preinit_array/
        ],
    );
    for my $name ( sort keys %refused ) {
        my ($judgement) = judge( $CALLS . $refused{$name}[0] );
        like( "@{ $judgement->{refused} }", $refused{$name}[1], "$name is refused" );
    }
    ($judged) = judge( $CALLS . '__attribute__((constructor)) static void f(void) { _exit(0); }' );
    is_deeply( $judged->{refused}, [], 'a constructor alone is not refused' );
    is(
        "@{ $judged->{odd} }",
        'it calls _exit it has code that runs before or after main (.init_array)',
        '... but noted'
    );
    ($judged) = judge("$CALLS int tcgetpgrp(int); int f(void) { return tcgetpgrp(0); }");
    is( "@{ $judged->{odd} }", 'it calls tcgetpgrp',
        'whatever else an allocator seldom asks for is noted by its name' );
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
