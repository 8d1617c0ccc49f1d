#!/usr/bin/env perl

# Whose memory a backend hands out: that of the C library is counted under whatever name it is taken, and what an allocator uses
# of the library for a moment is not held against it.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::contract::OwnMemory;
use measure::Launch;
use tests::lib::Files qw(write_file);
use tests::lib::HandedIn;

my $folder = tests::lib::HandedIn::fresh();
chdir "$Bin/../.." or BAIL_OUT("cannot go to the root of the tree: $!");

# A job with one binary.
package tests::OneBinary {
    sub new      ( $class, $binary )                  { return bless { binary => $binary }, $class }
    sub binary   ( $self, $backend, $flavour, $name ) { return $self->{binary} }
    sub nonce    ($self)                              { return 'word' }
    sub settings ($self)                              { return { asleep_s => 5 } }
    sub launch   ( $self, %options )                  { delete $options{see}; return measure::Launch::run(%options) }
}

# What is made of our own homework with some lines before and behind, in which xmalloc and xfree are own_malloc and own_free.
sub judged ( $behind, %how ) {
    my $rename = "#define xmalloc own_malloc\n#define xfree own_free\n#define xrealloc own_realloc\n";
    my $source = "#include \"hw08_alloc.c\"\n#undef xmalloc\n#undef xfree\n#undef xrealloc\n$behind";
    my $path   = write_file( "$folder/par_alloc.c", "#include \"xmalloc.h\"\n$rename$source" );
    my $header = "void* own_malloc(size_t);\nvoid own_free(void*);\nvoid* own_realloc(void*, size_t);\n";
    write_file( "$folder/own.h", "#include <stddef.h>\n$header" );
    my @gcc = ( qw(gcc -std=c11 -D_GNU_SOURCE= -w -O2 -fno-builtin -pthread -I. -include), "$folder/own.h" );
    system( @gcc, '-o', "$folder/counted", 'tests/contract/own_memory.c', $path ) == 0 or die 'it does not compile';
    my $outcome = grader::contract::OwnMemory::run( tests::OneBinary->new("$folder/counted"), 'par' );
    return join q{ }, $outcome->{verdict}, @{ $outcome->{diag} // [] }, @{ $outcome->{notes} // [] };
}

# Blocks from LEAST to MOST bytes are of the C library. A word before each block says whose it is.
my $BORROWS = <<'END';
#include <stdlib.h>
#include <string.h>
static void* mark(size_t* head, size_t n) { head[0] = n; return head + 2; }
static int is_borrowed(size_t n) { return n >= LEAST && n <= MOST; }
void* xmalloc(size_t n) { return mark(is_borrowed(n) ? malloc(n + 16) : own_malloc(n + 16), n); }
void xfree(void* block) {
    if (block == NULL) return;
    size_t* head = (size_t*)block - 2;
    if (is_borrowed(head[0])) free(head); else own_free(head);
}
void* xrealloc(void* block, size_t n) {
    void* moved = xmalloc(n);
    size_t old = block == NULL ? 0 : ((size_t*)block)[-2];
    memcpy(moved, block, old < n ? old : n);
    xfree(block);
    return moved;
}
END

my $OWN = <<'END';
void* xmalloc(size_t n) { return own_malloc(n); }
void* xrealloc(void* block, size_t n) { return own_realloc(block, n); }
END

subtest 'memory of the C library for blocks' => sub {
    my %borrowed = (
        'of all sizes'     => [ 0,      '(1 << 30)' ],
        'that are large'   => [ 8192,   '(1 << 30)' ],
        'of 3 MiB only'    => [ 100000, '(1 << 30)' ],
        'that are small'   => [ 0,      64 ],
        'of a middle size' => [ 1000,   3000 ],
    );
    for my $which ( sort keys %borrowed ) {
        my ( $least, $most ) = @{ $borrowed{$which} };
        my $said = judged( $BORROWS =~ s/LEAST/$least/r =~ s/MOST/$most/r );
        like(
            $said,
            qr/\Afail the backend .*; the program had up to \d{4,} KiB of the backend, in 32004 calls/,
            "blocks $which"
        );
        note $said;
    }
    is( judged( $BORROWS =~ s/LEAST/1/r =~ s/MOST/0/r ), 'pass', '... and none' );
};

subtest 'a pool of memory that is not its own' => sub {
    my $free = "void xfree(void* block) { own_free(block); }\n";
    like(
        judged(
                "#include <stdlib.h>\nvoid* pool;\n"
              . "__attribute__((constructor)) static void begin(void) { pool = malloc(1 << 20); }\n$OWN$free"
        ),
        qr/\Afail .* up to 1025 KiB of the C library at a time, in up to \d pieces/,
        'is found where a constructor takes it'
    );
    my $moves =
        "#include <sys/syscall.h>\n#include <unistd.h>\nstatic int calls;\n"
      . "void xfree(void* block) {\n"
      . "    if (calls == 0 || calls == 99) syscall(SYS_brk, syscall(SYS_brk, 0) + (calls == 0 ? 1 << 20 : -(1 << 20)));\n"
      . "    calls++;\n    own_free(block);\n}\n";
    like(
        judged( $OWN . $moves ),
        qr/\Afail .* up to 10\d\d KiB of the C library/,
        '... and where the end of the heap moves'
    );
};

subtest 'what an allocator uses of the library' => sub {
    my $sorts =
        "#include <stdlib.h>\nstatic _Thread_local long list[8192], frees;\n"
      . "static int later(const void* a, const void* b) { return *(long*)a < *(long*)b ? 1 : -1; }\n"
      . "void xfree(void* block) {\n    list[frees % 8192] = (long)block;\n"
      . "    if (++frees % 8 == 0) qsort(list, 8192, sizeof list[0], later);\n    own_free(block);\n}\n";
    is( judged( $OWN . $sorts ), 'pass', 'a buffer to sort 8192 links in, on each thread, again and again' );
};

subtest 'what ends the program that counts' => sub {
    my $free = "void xfree(void* block) { own_free(block); }\n";
    my $dies =
        "#include <stdio.h>\n#include <stdlib.h>\n__attribute__((constructor)) static void begin(void) {\n"
      . "    FILE* file = fopen(\"FOLDER/runs\", \"a+\");\n    fputc('x', file);\n    long runs = ftell(file);\n"
      . "    fclose(file);\n    if (runs <= MOST) abort();\n}\n$OWN$free";
    $dies =~ s/FOLDER/$folder/;
    for my $case ( [ 2, qr/\Apass\z/, 'twice, by chance' ],
        [ 3, qr/\Afail nothing was counted, so nobody knows whose memory it has: .*, 3 times/, 'each time' ] )
    {
        my ( $most, $said, $how ) = @{$case};
        unlink "$folder/runs";
        like( judged( $dies =~ s/MOST/$most/r ), $said, $how );
    }
};

done_testing;
