// par_alloc.c: a heap for each thread, and before each block a pointer to the run of blocks that it belongs to.
//
// A thread takes from the runs of its own heap. Whoever frees a block gives it back to the run where it came from,
// under the lock of that run's heap, which is hardly ever contended. The heap of a thread that ended waits in a list
// until a new thread adopts it. An empty run is unmapped.

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

enum { RUN_BYTES = 64 * 1024, CLASS_COUNT = 36, LARGEST_TOTAL = 8192, HEADER_BYTES = 8 };

struct heap;

struct free_block {
    struct free_block* next;
};

struct run {
    struct heap* heap;
    struct run* next;
    struct run* previous;
    struct free_block* free;
    uint32_t total;  // of each block, with its header
    uint32_t size_class;
    uint32_t used;
    uint32_t touched;  // bytes from the start that were ever used
};

struct heap {
    pthread_mutex_t lock;
    struct run* runs[CLASS_COUNT];  // those with a free block
    struct heap* next_orphan;
};

static __thread struct heap* my_heap;
static struct heap* orphans;
static pthread_mutex_t orphans_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t end_of_thread;
static pthread_once_t start = PTHREAD_ONCE_INIT;

// Classes 0 to 15 are 16, 32, ... 256; from there on there are four to each doubling, up to 8192 with class 35.
static uint32_t class_for(uint32_t total) {
    if (total <= 256) return (total + 15) / 16 - 1;
    uint32_t shift = 29 - (uint32_t)__builtin_clz(total - 1);  // such that the next line counts in quarters
    return 4 * (shift - 6) + ((total - 1) >> shift) - 4 + 16;
}

static uint32_t total_of(uint32_t size_class) {
    if (size_class < 16) return (size_class + 1) * 16;
    uint32_t shift = (size_class - 16) / 4 + 6;
    return ((size_class - 16) % 4 + 5) << shift;
}

static void* map(size_t bytes) {
    void* pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

static void abandon(void* heap) {
    pthread_mutex_lock(&orphans_lock);
    ((struct heap*)heap)->next_orphan = orphans;
    orphans = heap;
    pthread_mutex_unlock(&orphans_lock);
    my_heap = NULL;
}

static void make_key(void) { pthread_key_create(&end_of_thread, abandon); }

static struct heap* find_heap(void) {
    pthread_once(&start, make_key);
    pthread_mutex_lock(&orphans_lock);
    struct heap* heap = orphans;
    if (heap != NULL) orphans = heap->next_orphan;
    pthread_mutex_unlock(&orphans_lock);
    if (heap == NULL) {
        heap = map(sizeof *heap);
        if (heap == NULL) return NULL;
        pthread_mutex_init(&heap->lock, NULL);
    }
    my_heap = heap;
    pthread_setspecific(end_of_thread, heap);
    return heap;
}

static bool is_full(const struct run* run) { return run->free == NULL && run->touched + run->total > RUN_BYTES; }

static void insert(struct run* run) {
    struct run** first = &run->heap->runs[run->size_class];
    run->previous = NULL;
    run->next = *first;
    if (run->next != NULL) run->next->previous = run;
    *first = run;
}

static void detach(struct run* run) {
    if (run->next != NULL) run->next->previous = run->previous;
    if (run->previous != NULL) {
        run->previous->next = run->next;
    } else {
        run->heap->runs[run->size_class] = run->next;
    }
}

static struct run* make_run(struct heap* heap, uint32_t size_class) {
    struct run* run = map(RUN_BYTES);
    if (run == NULL) return NULL;
    run->heap = heap;
    run->size_class = size_class;
    run->total = total_of(size_class);
    run->touched = sizeof *run;
    insert(run);
    return run;
}

static struct run** header_of(void* block) { return (struct run**)block - 1; }

static void* take(struct run* run) {
    void* block = run->free;
    if (block != NULL) {
        run->free = run->free->next;
    } else {
        block = (char*)run + run->touched + HEADER_BYTES;
        *header_of(block) = run;
        run->touched += run->total;
    }
    run->used++;
    if (is_full(run)) detach(run);
    return block;
}

static void give(struct run* run, struct free_block* block) {
    struct heap* heap = run->heap;
    pthread_mutex_lock(&heap->lock);
    if (is_full(run)) insert(run);
    block->next = run->free;
    run->free = block;
    run->used--;
    if (run->used == 0 && (run->next != NULL || run->previous != NULL)) {
        detach(run);
        munmap(run, RUN_BYTES);
    }
    pthread_mutex_unlock(&heap->lock);
}

// The word before the header of a large block holds its size; the header holds no run.
static void* take_large(size_t bytes) {
    if (bytes > PTRDIFF_MAX - 8192) return NULL;
    size_t total = (bytes + 16 + 4095) / 4096 * 4096;
    size_t* pages = map(total);
    if (pages == NULL) return NULL;
    pages[0] = total;
    return pages + 2;
}

void* xmalloc(size_t bytes) {
    if (bytes > LARGEST_TOTAL - HEADER_BYTES) return take_large(bytes);
    struct heap* heap = my_heap != NULL ? my_heap : find_heap();
    if (heap == NULL) return NULL;
    uint32_t size_class = class_for((uint32_t)bytes + HEADER_BYTES + (bytes == 0));
    pthread_mutex_lock(&heap->lock);
    struct run* run = heap->runs[size_class];
    if (run == NULL) run = make_run(heap, size_class);
    void* block = run == NULL ? NULL : take(run);
    pthread_mutex_unlock(&heap->lock);
    return block;
}

void xfree(void* block) {
    if (block == NULL) return;
    struct run* run = *header_of(block);
    if (run == NULL) {
        munmap((size_t*)block - 2, ((size_t*)block)[-2]);
    } else {
        give(run, block);
    }
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL) return xmalloc(bytes);
    struct run* run = *header_of(block);
    size_t room = run == NULL ? ((size_t*)block)[-2] - 16 : run->total - HEADER_BYTES;
    if (bytes <= room && bytes > room / 2) return block;
    void* moved = xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, bytes < room ? bytes : room);
    xfree(block);
    return moved;
}
