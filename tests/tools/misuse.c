// misuse.c: breaks the contract of xmalloc.h in one way, which a backend or a layer over it may catch.
//
// Usage: misuse WAY, or misuse --list. Prints the pointer in question on standard output before it is misused, and ends
// with status 0 when that went unnoticed.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tools/chance.h"
#include "xmalloc.h"

enum { TINY = 16, SMALL = 48, MEDIUM = 100 * 1000, LARGE = 3 * 1000 * 1000, CROWD = 3000 };

static char no_block[64];

static void announce(const void* pointer) {
    printf("%p\n", pointer);
    fflush(stdout);
}

// Many blocks of other sizes, so that what was freed before them has long been handed on when they are freed.
static void* crowd[CROWD];

static void take_crowd(void) {
    for (size_t i = 0; i < CROWD; i++) crowd[i] = xmalloc(200 + i % 8 * 100);
}

static void free_crowd(void) {
    for (size_t i = 0; i < CROWD; i++) xfree(crowd[i]);
}

// ---- Pointers that must not be freed or resized ----

static void free_twice(size_t bytes) {
    // Some blocks of that size stay, some are free, so that this is no special case for whatever caches them.
    void* others[8];
    for (size_t i = 0; i < 8; i++) others[i] = xmalloc(bytes);
    void* block = xmalloc(bytes);
    for (size_t i = 0; i < 4; i++) xfree(others[i]);
    announce(block);
    xfree(block);
    xfree(block);
}

static void free_twice_later(size_t bytes) {
    take_crowd();
    void* block = xmalloc(bytes);
    announce(block);
    xfree(block);
    free_crowd();
    xfree(block);
}

enum { PASSED = 300 };

static void* passed[PASSED];

static void* free_passed(void* unused) {
    for (size_t i = 0; i < PASSED; i++) xfree(passed[i]);
    return unused;
}

static bool is_noticed_in_child(void* block) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        xfree(block);
        _exit(0);
    }
    int status = 0;
    return child == -1 || (waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

// Blocks that a thread freed which has ended: wherever they lie now, each of them is free.
static void free_twice_after_thread(size_t bytes) {
    for (size_t i = 0; i < PASSED; i++) passed[i] = xmalloc(bytes);
    pthread_t thread;
    if (pthread_create(&thread, NULL, free_passed, NULL) != 0) _exit(1);
    pthread_join(thread, NULL);
    size_t last = 0;
    while (last < PASSED - 1 && is_noticed_in_child(passed[last])) last++;
    announce(passed[last]);
    xfree(passed[last]);
}

static void resize_freed(size_t bytes) {
    void* block = xmalloc(bytes);
    announce(block);
    xfree(block);
    xfree(xrealloc(block, 2 * bytes));
}

// Half way into the block, rounded to what its kind is aligned to.
static void free_inside(size_t bytes) {
    size_t unit = bytes == SMALL ? 16 : 4096;
    char* inside = (char*)xmalloc(bytes) + bytes / 2 / unit * unit;
    announce(inside);
    xfree(inside);
}

static void free_foreign(size_t unused) {
    (void)unused;
    announce(no_block);
    xfree(no_block);
}

static void resize_foreign(size_t bytes) {
    announce(no_block);
    xfree(xrealloc(no_block, bytes));
}

// ---- Writes that must not be ----

static char* overrun(size_t bytes) {
    char* block = xmalloc(bytes);
    announce(block);
    block[bytes] = 1;
    return block;
}

static void overrun_and_free(size_t bytes) { xfree(overrun(bytes)); }

static void overrun_and_leave(size_t bytes) { (void)overrun(bytes); }

static void overrun_and_resize(size_t bytes) { xfree(xrealloc(overrun(bytes), 2 * bytes)); }

static char* write_after_free(size_t bytes) {
    char* block = xmalloc(bytes);
    announce(block);
    xfree(block);
    block[bytes / 2] = 1;
    return block;
}

static void write_after_free_at_the_end(size_t bytes) { write_after_free(bytes); }

// Nothing that happens at the end of the process can notice.
static void write_after_free_before_others(size_t bytes) {
    take_crowd();
    write_after_free(bytes);
    free_crowd();
    _exit(0);
}

static void write_after_resize(size_t bytes) {
    char* old = xmalloc(bytes);
    announce(old);
    char* block = xrealloc(old, 10 * bytes);
    old[bytes / 2] = 1;
    xfree(block);
}

// The end of a string that is one too long, behind a block whose memory was used before. So that the end of its bytes
// is not where that of others was, it is shorter.
static void end_string_in_used_memory(size_t bytes) {
    char* before = xmalloc(bytes);
    memset(before, 'x', bytes);
    xfree(before);
    char* block = xmalloc(bytes - 100);
    announce(block);
    block[bytes - 100] = 0;
    xfree(block);
}

// Blocks grow and shrink where they stand, too: what lies behind them is looked at where they end now.
static void overrun_resized(size_t bytes, size_t resized) {
    char* block = xmalloc(bytes);
    memset(block, 'x', bytes);
    block = xrealloc(block, resized);
    memset(block, 'x', resized);
    announce(block);
    block[resized] = 'x';
    xfree(block);
}

static void overrun_shrunk(size_t bytes) { overrun_resized(bytes, bytes - bytes / 16); }

static void overrun_grown(size_t bytes) { overrun_resized(bytes, bytes + bytes / 16); }

// The page in front belongs to another block, which has some bytes to spare there.
static void write_in_front(size_t bytes) {
    char* first = xmalloc(bytes);
    char* second = xmalloc(bytes);
    char* left = first < second ? first : second;
    char* right = first < second ? second : first;
    announce(left);
    right[-1] = 'x';
    xfree(left);
}

static char* written_after_free(size_t bytes, size_t at) {
    char* block = xmalloc(bytes);
    memset(block, 'x', bytes);
    announce(block);
    xfree(block);
    block[at] = 'y';
    return block;
}

// Nothing but the memory itself is asked for again: other blocks of that size take it.
static void write_at_start_after_free(size_t bytes) {
    written_after_free(bytes, 0);
    for (size_t i = 0; i < CROWD; i++) crowd[i] = xmalloc(bytes);
    _exit(0);
}

// Equal bytes in place of others that were equal, too.
static void fill_after_free(size_t bytes) {
    memset(written_after_free(bytes, 0), 'z', 256);
    for (size_t i = 0; i < CROWD; i++) crowd[i] = xmalloc(bytes);
    _exit(0);
}

// The end of a string in memory that nobody had before. That many blocks before it were filled to their ends, and
// looked at again and again, must not change that it is seen.
static void end_string_in_fresh_memory(size_t bytes) {
    for (int i = 0; i < 200; i++) {
        char* filled = xmalloc(bytes);
        memset(filled + bytes - 8, 'x', 8);
        for (int look = 0; look < 2; look++) filled = xrealloc(filled, bytes);
    }
    char* block = xmalloc(bytes);
    announce(block);
    block[bytes] = 0;
    xfree(block);
}

// Nobody comes to the ends of such long blocks, so they are looked at seldom, but they are.
static void overrun_after_many(size_t bytes) {
    for (int i = 0; i < 200; i++) xfree(xmalloc(bytes));
    for (int i = 0; i < 200; i++) overrun_and_free(bytes);
}

// The thread takes such a block again and again, so it keeps it, and it is looked at now and then.
static void write_at_start_of_kept(size_t bytes) {
    for (int i = 0; i < 4; i++) xfree(xmalloc(bytes));
    for (char i = 0; i < 64; i++) *written_after_free(bytes, 63) = i;
}

static void overrun_kept(size_t bytes) {
    for (int i = 0; i < 4; i++) xfree(xmalloc(bytes));
    for (int i = 0; i < 64; i++) overrun_and_free(bytes);
}

// Late enough to hit what the backend itself has noted in the block.
static void ruin_free_block(size_t bytes) {
    take_crowd();
    char* block = xmalloc(bytes);
    announce(block);
    xfree(block);
    free_crowd();
    memset(block, 0, bytes);
    xfree(xmalloc(1));
}

// ---- Nothing wrong ----

static void use_rightly(size_t bytes) {
    take_crowd();
    for (size_t i = 0; i < CROWD; i++) crowd[i] = xrealloc(crowd[i], i * 7 % bytes);
    for (size_t i = 0; i < CROWD; i++) {
        if (crowd[i] != NULL) memset(crowd[i], 1, i * 7 % bytes);
    }
    free_crowd();
    xfree(NULL);
    xfree(xmalloc(0));
}

static void fill_ends(char* block, size_t bytes, char byte) {
    size_t most = bytes < 5000 ? bytes : 5000;
    memset(block, byte, most);
    memset(block + bytes - most, byte, most);
}

static bool ends_hold(const char* block, size_t bytes, char byte) {
    return block[0] == byte && block[bytes / 2 < 5000 ? bytes / 2 : 4999] == byte && block[bytes - 1] == byte;
}

// Blocks of pages of all lengths, of which every byte is the program's: taken, resized and freed in any order.
static void use_pages_rightly(size_t most) {
    enum { SLOTS = 40, TIMES = 60000 };
    static char* blocks[SLOTS];
    static size_t lengths[SLOTS];
    uint64_t random = 1;
    for (size_t i = 0; i < TIMES; i++) {
        size_t slot = random_below(&random, SLOTS);
        size_t bytes = 1 + (random >> 20) % (most >> (random >> 60) / 2);
        char byte = (char)(slot + 1);
        if (blocks[slot] != NULL && !ends_hold(blocks[slot], lengths[slot], byte)) _exit(1);
        if (i % 5 == 0) {
            xfree(blocks[slot]);
            blocks[slot] = NULL;
            continue;
        }
        if (i % 3 == 0 && blocks[slot] != NULL) bytes = lengths[slot] + bytes % 9000;
        blocks[slot] = xrealloc(blocks[slot], bytes);
        lengths[slot] = bytes;
        fill_ends(blocks[slot], bytes, byte);
    }
    for (size_t i = 0; i < SLOTS; i++) xfree(blocks[i]);
}

// The program has told the system that it needs a block's pages no more, and frees the block; when memory is short,
// some time later, the system takes them. Nobody wrote there.
static void lose_pages_after_free(size_t bytes) {
    enum { BLOCKS = 3 };
    char* blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = xmalloc(bytes);
        memset(blocks[i], 0x5a, bytes);
    }
    for (size_t i = 0; i < BLOCKS; i++) xfree(blocks[i]);
    for (size_t i = 0; i < BLOCKS; i++) madvise(blocks[i], 4096, MADV_DONTNEED);
    for (size_t i = 0; i < BLOCKS; i++) blocks[i] = xmalloc(bytes);
    for (size_t i = 0; i < BLOCKS; i++) xfree(blocks[i]);
}

// The program gives up pages of a block that it has, and rounds the length up, as the kernel does. It may write to its
// own bytes again, resize the block, or free it in a child where the kernel has cleared the pages.
static void lose_pages_before_free(size_t bytes) {
    enum { BLOCKS = 4 };
    char* blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = xmalloc(bytes + 3000);
        memset(blocks[i], 0x5a, bytes + 3000);
    }
    for (size_t i = 0; i < BLOCKS; i++) xfree(blocks[i]);
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = xmalloc(bytes);
        memset(blocks[i], 0x33, bytes);
        madvise(blocks[i], bytes, MADV_DONTNEED);
    }
    memset(blocks[0], 0x33, bytes);
    for (size_t i = 0; i < 2; i++) blocks[i] = xrealloc(blocks[i], bytes + bytes / 2);
    for (size_t i = 0; i < BLOCKS - 1; i++) xfree(blocks[i]);
    char* last = xrealloc(blocks[BLOCKS - 1], bytes - 100);
    memset(last, 0x33, bytes - 100);
    madvise(last, bytes, MADV_WIPEONFORK);
    if (is_noticed_in_child(last)) _exit(1);
    madvise(last, bytes, MADV_KEEPONFORK);
    xfree(last);
}

static atomic_bool working = true;

static void* work(void* unused) {
    while (working) xfree(xrealloc(xmalloc(SMALL), MEDIUM));
    return unused;
}

static bool child_can_allocate(size_t bytes) {
    pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < CROWD; i++) xfree(xmalloc(i % bytes));
        _exit(0);
    }
    int status = 1;
    return child != -1 && waitpid(child, &status, 0) == child && status == 0;
}

// A child has one thread; all locks that the others held must be free in it.
static void fork_among_threads(size_t bytes) {
    enum { THREADS = 3, FORKS = 200 };
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, NULL) != 0) _exit(1);
    }
    for (size_t i = 0; i < FORKS; i++) {
        if (!child_can_allocate(bytes)) _exit(1);
    }
    working = false;
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

static const struct {
    const char* name;
    void (*misuse)(size_t bytes);
    size_t bytes;
} ways[] = {
    {"small-twice", free_twice, SMALL},
    {"medium-twice", free_twice, MEDIUM},
    {"large-twice", free_twice, LARGE},
    {"small-twice-later", free_twice_later, SMALL},
    {"medium-twice-later", free_twice_later, MEDIUM},
    {"tiny-twice-after-thread", free_twice_after_thread, TINY},
    {"small-twice-after-thread", free_twice_after_thread, SMALL},
    {"freed-resize", resize_freed, SMALL},
    {"small-inside", free_inside, SMALL},
    {"medium-inside", free_inside, MEDIUM},
    {"large-inside", free_inside, LARGE},
    {"foreign", free_foreign, 0},
    {"foreign-resize", resize_foreign, 100},
    {"overrun-by-one", overrun_and_free, SMALL},
    {"overrun-never-freed", overrun_and_leave, SMALL},
    {"small-in-front", write_in_front, SMALL - 8},
    {"large-overrun-by-one", overrun_and_free, LARGE},
    {"medium-overrun-by-one", overrun_and_free, MEDIUM},
    {"overrun-by-one-resize", overrun_and_resize, SMALL},
    {"medium-overrun-by-one-resize", overrun_and_resize, MEDIUM},
    {"large-overrun-by-one-resize", overrun_and_resize, LARGE},
    {"medium-overrun-shrunk", overrun_shrunk, MEDIUM},
    {"large-overrun-shrunk", overrun_shrunk, LARGE},
    {"medium-overrun-grown", overrun_grown, MEDIUM},
    {"large-overrun-grown", overrun_grown, LARGE},
    {"medium-string-end", end_string_in_used_memory, MEDIUM},
    {"large-string-end", end_string_in_used_memory, LARGE},
    {"medium-in-front", write_in_front, MEDIUM},
    {"medium-written-after-free", write_at_start_after_free, MEDIUM},
    {"large-written-after-free", write_at_start_after_free, LARGE},
    {"medium-string-end-fresh", end_string_in_fresh_memory, MEDIUM},
    {"large-string-end-fresh", end_string_in_fresh_memory, LARGE},
    {"large-overrun-after-many", overrun_after_many, LARGE},
    {"medium-filled-after-free", fill_after_free, MEDIUM},
    {"large-filled-after-free", fill_after_free, LARGE},
    {"kept-written-after-free", write_at_start_of_kept, MEDIUM},
    {"kept-overrun-by-one", overrun_kept, MEDIUM},
    {"write-after-free", write_after_free_at_the_end, SMALL},
    {"write-after-free-later", write_after_free_before_others, SMALL},
    {"write-after-resize", write_after_resize, SMALL},
    {"ruined-heap", ruin_free_block, SMALL},
    {"none", use_rightly, 10000},
    {"none-pages", use_pages_rightly, 10 * 1000 * 1000},
    {"none-medium-lost", lose_pages_after_free, MEDIUM},
    {"none-large-lost", lose_pages_after_free, LARGE},
    {"none-medium-given-up", lose_pages_before_free, MEDIUM},
    {"none-large-given-up", lose_pages_before_free, LARGE},
    {"none-fork", fork_among_threads, 1000},
};

int main(int argc, char** argv) {
    bool lists = argc == 2 && strcmp(argv[1], "--list") == 0;
    for (size_t i = 0; argc == 2 && i < sizeof ways / sizeof ways[0]; i++) {
        if (lists) printf("%s\n", ways[i].name);
        if (strcmp(argv[1], ways[i].name) != 0) continue;
        ways[i].misuse(ways[i].bytes);
        return 0;
    }
    if (lists) return 0;
    fprintf(stderr, "usage: misuse WAY, or misuse --list\n");
    return 2;
}
