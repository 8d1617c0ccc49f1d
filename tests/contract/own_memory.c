// own_memory.c: how much memory does a backend take from the C library, under whatever name?
//
// There are more functions of the C library that take memory (strdup, getline, open_memstream, hcreate_r, ...) than a
// list could name. All of them take it from malloc and its relatives, and these the C library lets a program replace.
// This program does: here they count, and take pages from the system. What moves the end of the heap (brk) is counted,
// too. Meanwhile four threads take, resize and free blocks of all sizes. What was taken before main counts as well: a
// pool that a constructor takes is the C library's memory, too.
//
// Usage: own_memory-NAME WORD. Prints, with WORD repeated so that whoever started this knows that it came to its end:
//
//     own_memory: PEAK bytes of the C library in BLOCKS blocks, ASKED calls; for HANDED bytes, CALLS calls; WORD
//
// PEAK, BLOCKS and HANDED are the most at a time: sorting a free list takes a buffer of the C library for a moment, and
// gives it back, however often. ASKED and CALLS are counted from beginning to end.
//
// Exit status: 0; 1 with one line on standard error when a call gave no memory; 2 for wrong usage.

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/contract/closing.h"
#include "xmalloc.h"

enum { THREADS = 4, LIVE = 256, ROUNDS = 6000, MOST_BYTES = 20000, LARGE_BYTES = 3 * 1024 * 1024 };

// ---- The C library's memory -----------------------------------------------------------------------------------------

enum { HEAD_BYTES = 64, PAGE_BYTES = 4096 };

// Before each block of the C library: what it is a part of.
struct head {
    void* mapping;
    size_t mapping_bytes;
    size_t bytes;  // of the block
};

// What is live of it now, the most that ever was, and how often there was a call for it.
static atomic_size_t library_bytes, library_blocks, most_bytes, most_blocks, library_calls;

static void note_most(atomic_size_t* most, size_t now) {
    size_t known = *most;
    while (known < now && !atomic_compare_exchange_weak(most, &known, now)) continue;
}

static struct head* head_of(void* block) { return (struct head*)((char*)block - sizeof(struct head)); }

// Every block has a mapping of its own: nothing here is fast, or need be.
static void* library_take(size_t alignment, size_t bytes) {
    library_calls++;
    if (alignment < HEAD_BYTES) alignment = HEAD_BYTES;
    if (bytes > PTRDIFF_MAX - alignment - PAGE_BYTES) {
        errno = ENOMEM;
        return NULL;
    }
    size_t mapping_bytes = bytes + alignment + sizeof(struct head);
    char* mapping = mmap(NULL, mapping_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) return NULL;
    uintptr_t first = (uintptr_t)mapping + sizeof(struct head);
    void* block = (void*)((first + alignment - 1) / alignment * alignment);
    *head_of(block) = (struct head){mapping, mapping_bytes, bytes};
    note_most(&most_bytes, atomic_fetch_add(&library_bytes, bytes) + bytes);
    note_most(&most_blocks, atomic_fetch_add(&library_blocks, 1) + 1);
    return block;
}

void* malloc(size_t bytes) { return library_take(0, bytes); }

void free(void* block) {
    if (block == NULL) return;
    int error = errno;
    library_bytes -= head_of(block)->bytes;
    library_blocks--;
    munmap(head_of(block)->mapping, head_of(block)->mapping_bytes);
    errno = error;
}

// Pages from the system are zero.
void* calloc(size_t count, size_t bytes) {
    size_t all;
    return library_take(0, __builtin_mul_overflow(count, bytes, &all) ? SIZE_MAX : all);
}

void* realloc(void* block, size_t bytes) {
    void* moved = library_take(0, bytes);
    if (moved == NULL || block == NULL) return moved;
    memcpy(moved, block, head_of(block)->bytes < bytes ? head_of(block)->bytes : bytes);
    free(block);
    return moved;
}

void* reallocarray(void* block, size_t count, size_t bytes) {
    size_t all;
    return realloc(block, __builtin_mul_overflow(count, bytes, &all) ? SIZE_MAX : all);
}

void* aligned_alloc(size_t alignment, size_t bytes) { return library_take(alignment, bytes); }
void* memalign(size_t alignment, size_t bytes) { return library_take(alignment, bytes); }
void* valloc(size_t bytes) { return library_take(PAGE_BYTES, bytes); }
void* pvalloc(size_t bytes) { return library_take(PAGE_BYTES, (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES); }

int posix_memalign(void** block, size_t alignment, size_t bytes) {
    *block = library_take(alignment, bytes);
    return *block == NULL ? ENOMEM : 0;
}

size_t malloc_usable_size(void* block) { return block == NULL ? 0 : head_of(block)->bytes; }

static char* heap_start;

// The system is asked, since who moves the end himself does not tell the C library.
static char* heap_end(void) { return (char*)syscall(SYS_brk, 0); }

// The first constructor of all, or one of the first.
__attribute__((constructor(101))) static void note_heap_start(void) { heap_start = heap_end(); }

static size_t moved_by_brk(void) { return (size_t)(heap_end() - heap_start); }

// ---- The calls ------------------------------------------------------------------------------------------------------

struct block {
    void* start;
    size_t bytes;
};

// As of the library's: live now, the most, how often.
static atomic_size_t handed_bytes, most_handed, calls;

static void handed(struct block* block, void* start, const char* call, size_t bytes) {
    calls++;
    size_t more = bytes - block->bytes;  // which wraps around where the block shrinks, as the sum does
    note_most(&most_handed, atomic_fetch_add(&handed_bytes, more) + more);
    note_most(&most_bytes, library_bytes + moved_by_brk());
    *block = (struct block){start, bytes};
    if (start != NULL) return;
    fprintf(stderr, "%s of %zu bytes returned NULL although there is memory\n", call, bytes);
    _exit(1);
}

static void take(struct block* block, size_t bytes) {
    handed(block, xmalloc(bytes), "xmalloc", bytes);
    memset(block->start, 1, bytes);
}

static void give_back(struct block* block) {
    if (block->start == NULL) return;
    xfree(block->start);
    handed_bytes -= block->bytes;
    *block = (struct block){NULL, 0};
}

static void* work(void* index) {
    struct block blocks[LIVE] = {{NULL, 0}};
    uint32_t random = 2463534242u + (uint32_t)(uintptr_t)index;
    for (size_t i = 0; i < ROUNDS; i++) {
        random ^= random << 13, random ^= random >> 17, random ^= random << 5;
        // Small sizes are more frequent, and there are all.
        size_t most = (size_t)MOST_BYTES >> random % 11;
        size_t bytes = 1 + (random >> 8) % most;
        struct block* block = &blocks[i % LIVE];
        give_back(block);
        take(block, bytes);
        if (i % 3 != 0) continue;
        bytes = i % 2 == 0 ? 2 * bytes : bytes / 2 + 1;
        handed(block, xrealloc(block->start, bytes), "xrealloc", bytes);
    }
    struct block large = {NULL, 0};
    take(&large, LARGE_BYTES);
    give_back(&large);
    for (size_t i = 0; i < LIVE; i++) give_back(&blocks[i]);
    return NULL;
}

static void start_threads(pthread_t* threads) {
    for (uintptr_t i = 0; i < THREADS; i++) {
        int error = pthread_create(&threads[i], NULL, work, (void*)i);
        if (error == 0) continue;
        fprintf(stderr, "thread %zu of %d cannot be started: %s\n", (size_t)i + 1, THREADS, strerror(error));
        _exit(1);
    }
}

int main(int count, char** arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: %s WORD\n", arguments[0]);
        return 2;
    }
    pthread_t threads[THREADS];
    start_threads(threads);
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    printf("own_memory: %zu bytes of the C library in %zu blocks, %zu calls; for %zu bytes, %zu calls; %s\n",
           (size_t)most_bytes, (size_t)most_blocks, (size_t)library_calls, (size_t)most_handed, (size_t)calls,
           closing_word(arguments[1]));
    return 0;
}
