package tests::lib::Classic;

# The bugs that students write in the first hours, each made of the starter of the student kit with a lock around its calls.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my $ADDRESS = qr/0x[0-9a-f]+/;

# Each: name, bug => a sentence; backend, if not hw08; from => the text that is changed, to => what it becomes; source => a
# whole file instead; case => of the suite that sees it first; test => its first test that does, where the others take long;
# useful => the first line that helps.
my @BUGS = (
    {
        name   => 'selflock',
        bug    => 'xrealloc takes the lock and calls xmalloc, which takes it again',
        from   => 'void* moved = list_malloc(bytes);',
        to     => 'void* moved = xmalloc(bytes);',
        case   => 'resize',
        useful =>
          qr/it hangs: .* in xrealloc\($ADDRESS of \d+ bytes, \d+\); does a call take a lock that it already holds/,
    },
    {
        name   => 'earlyreturn',
        bug    => 'xmalloc returns early for a large block, and keeps the lock',
        from   => "    void* user = list_malloc(bytes);\n",
        to     => "    if (bytes > 4000) return list_malloc(bytes);\n    void* user = list_malloc(bytes);\n",
        case   => 'resize',
        useful => qr/it hangs: .* in (?:xrealloc|xfree|xmalloc)\(.*or leave without giving it back/,
    },
    {
        name   => 'headeroff',
        bug    => 'the header is counted with 8 bytes, but has 16',
        from   => 'round_up(sizeof(Block) + bytes + (bytes == 0), UNIT_BYTES)',
        to     => 'round_up(sizeof(size_t) + bytes + (bytes == 0), UNIT_BYTES)',
        case   => 'overlap',
        useful => qr/the live block $ADDRESS of \d+ bytes was changed: byte \d+ was|overlaps the live block|crash \(/,
    },
    {
        name   => 'copiesnew',
        bug    => 'xrealloc copies the new number of bytes',
        from   => 'memcpy(moved, user, old_bytes);',
        to     => 'memcpy(moved, user, bytes);',
        case   => 'resize',
        useful => qr/crash \(\w+[\w ]*\) in xrealloc\($ADDRESS of \d+ bytes, \d+\)/,
    },
    {
        name   => 'unaligned',
        bug    => 'sizes are rounded to 4 bytes',
        from   => 'UNIT_BYTES = 16,',
        to     => 'UNIT_BYTES = 4,',
        case   => 'alignment',
        useful => qr/returned $ADDRESS, which is not aligned to 8 bytes/,
    },
    {
        name   => 'nodepast',
        bug    => 'a rest of 8 bytes becomes a free block, and its link is written past it',
        from   => "LEAST_BYTES = 2 * 16,",
        to     => "LEAST_BYTES = 8,",
        more   => [ 'UNIT_BYTES = 16,' => 'UNIT_BYTES = 8,' ],
        case   => 'overlap',
        useful => qr/was changed: byte \d+ was|overlaps the live block|crash \(.*\) in x\w+\(|it hangs: .* in x\w+\(/,
    },
    {
        name   => 'nomunmap',
        bug    => 'xfree forgets the mapping of a large block',
        from   => 'munmap(block, block->total);',
        to     => '(void)block;',
        case   => 'reuse',
        test   => 'blocks_of_any_size_taken_and_freed_one_by_one_do_not_grow_memory',
        useful =>
          qr/a block of \d+ to \d+ bytes was taken and freed \d+ times, and the memory .* freed memory is not reused/,
    },
    {
        name   => 'neverfrees',
        bug    => 'xfree forgets small blocks',
        from   => "        put_into_list(block);\n    } else {\n        munmap(block, block->total);",
        to     => "    } else {\n        munmap(block, block->total);",
        case   => 'reuse',
        test   => 'blocks_of_any_size_taken_and_freed_one_by_one_do_not_grow_memory',
        useful =>
          qr/a block of \d+ to \d+ bytes was taken and freed \d+ times, and the memory .* freed memory is not reused/,
    },
    {
        name   => 'doubleunlock',
        bug    => 'xfree gives the lock back twice',
        from   => "    list_free(user);\n    pthread_mutex_unlock(&lock);\n",
        to     => "    pthread_mutex_unlock(&lock);\n    list_free(user);\n    pthread_mutex_unlock(&lock);\n",
        case   => 'threads',
        test   => 'threads_with_blocks_of_their_own_do_not_disturb_each_other',
        useful =>
qr/changed byte \d+ from|was changed[: ]|handed out a second time|belongs to two threads|overlaps the live block|\) returned|crash \(|it hangs: .* in x\w+\(/,
    },
    {
        name => 'threadcache',
        bug  => 'a thread keeps for itself what it frees, and gives nothing back when it ends',
        from => "void xfree(void* user) {\n",
        to   => <<'END',
void xfree(void* user) {
    Block* block = block_of(user);
    if (block->total < PAGE_BYTES) {
        block->next = kept[block->total / UNIT_BYTES];
        kept[block->total / UNIT_BYTES] = block;
        return;
    }
END
        more => [
            "\nvoid* xmalloc(size_t bytes) {\n" => <<'END',

static _Thread_local Block* kept[PAGE_BYTES / UNIT_BYTES];

void* xmalloc(size_t bytes) {
    size_t total = round_up(sizeof(Block) + bytes + (bytes == 0), UNIT_BYTES);
    if (total < PAGE_BYTES && kept[total / UNIT_BYTES] != NULL) {
        Block* block = kept[total / UNIT_BYTES];
        kept[total / UNIT_BYTES] = block->next;
        return user_of(block);
    }
END
        ],
        case   => 'thread exit',
        useful =>
qr/the memory of an ended thread must be reused|taken by one thread and freed by another \d+ times, .* not reused/,
    },
    {
        name   => 'prints',
        bug    => 'xmalloc prints what it does',
        from   => "    void* user = list_malloc(bytes);\n",
        to     => qq{    printf("xmalloc(%zu)\\n", bytes);\n    void* user = list_malloc(bytes);\n},
        more   => [ '#include <string.h>' => "#include <stdio.h>\n#include <string.h>" ],
        case   => 'sizes',
        useful => qr/xmalloc\(1\) printed "xmalloc\(1\)": an allocator prints nothing/,
    },
    {
        name   => 'missing',
        bug    => 'there is no xrealloc',
        from   => 'void* xrealloc(void* user, size_t bytes) {',
        to     => 'void* xresize(void* user, size_t bytes) {',
        useful => qr/^hw08 does not define xrealloc: hw08_alloc[.]c needs all three/,
    },
    {
        name   => 'givesnull',
        bug    => 'xmalloc returns NULL so far',
        from   => "    void* user = list_malloc(bytes);\n",
        to     => "    void* user = NULL;\n    (void)bytes;\n",
        useful => qr/^hw08: nothing was tested: the first call, xmalloc\(1\), returned NULL although there is memory$/,
    },
    {
        name    => 'stub',
        bug     => 'par_alloc.c is as it was handed out',
        backend => 'par',
        useful  =>
          qr/^par: nothing was tested: par_alloc[.]c: xmalloc is not written yet: it is task 2 of ASSIGNMENT[.]md/,
    },
);

my $LOCKED = <<'END';

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void* xmalloc(size_t bytes) {
    pthread_mutex_lock(&lock);
    void* user = list_malloc(bytes);
    pthread_mutex_unlock(&lock);
    return user;
}

void xfree(void* user) {
    pthread_mutex_lock(&lock);
    list_free(user);
    pthread_mutex_unlock(&lock);
}

void* xrealloc(void* user, size_t bytes) {
    pthread_mutex_lock(&lock);
    void* moved = list_realloc(user, bytes);
    pthread_mutex_unlock(&lock);
    return moved;
}
END

sub bugs () { return @BUGS }

# $starter: the text of the kit's hw08_alloc.c. Result: the same with one lock around each call.
sub locked ($starter) {
    $starter =~ s/^(void\*?) x(malloc|free|realloc)\(/static $1 list_$2(/mg;
    $starter =~ s/(?<=[ (])x(malloc|free)\(/list_$1(/g;
    $starter =~ s/^#include <errno.h>\n/#include <errno.h>\n#include <pthread.h>\n/m;
    return $starter . $LOCKED;
}

# Result: the text of the backend with this bug. Dies when the starter no longer has what is changed.
sub source ( $bug, $starter ) {
    my $text    = locked($starter);
    my @changes = ( $bug->{from}, $bug->{to}, @{ $bug->{more} // [] } );
    while ( my ( $from, $to ) = splice @changes, 0, 2 ) {
        $text =~ s/\Q$from\E/$to/ or die "the starter no longer has '$from'\n";
    }
    return $text;
}

1;
