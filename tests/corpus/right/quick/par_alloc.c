// par_alloc.c: blocks without any head, in sizes of 8 bytes more each, and a cache for each thread.
//
// Small blocks lie in spans of 64 KiB at multiples of 64 KiB; the head of the span says their size. They are aligned
// to 8 bytes only. A large block begins at the second page of its own mapping: no small block is ever at the start of a
// page, so an address tells which kind it is of. Caches exchange batches with the spans under one lock for each size.

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

#define SPAN_BYTES ((size_t)65536)
#define PAGE ((size_t)4096)
#define SIZES 81
#define LARGEST ((size_t)8192)

typedef struct item {
    struct item* next;
} item;

typedef struct span {
    struct span* next;
    struct span* previous;
    item* free;
    size_t bytes;
    unsigned size;
    unsigned out;
    size_t unused;  // offset of the first place that was never given out
} span;

static struct {
    pthread_mutex_t lock;
    span* spans;
} central[SIZES] = {[0 ... SIZES - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

static __thread struct {
    item* first;
    unsigned count;
} cache[SIZES];
static __thread int known;
static pthread_key_t ending;
static pthread_once_t first_thread = PTHREAD_ONCE_INIT;

// Sizes 0 to 63 are 8, 16 ... 512; then there are four to a doubling: 640, 768, 896, 1024, 1280 ... 8192.
static unsigned size_for(size_t bytes) {
    if (bytes <= 512) return bytes == 0 ? 0 : (unsigned)(bytes + 7) / 8 - 1;
    unsigned doubling = 63 - (unsigned)__builtin_clzl(bytes - 1);
    return 64 + (doubling - 9) * 4 + (unsigned)(((bytes - 1) >> (doubling - 2)) & 3);
}

static size_t bytes_of(unsigned size) {
    if (size < 64) return 8 * ((size_t)size + 1);
    return (size_t)((size - 64) % 4 + 5) << ((size - 64) / 4 + 7);
}

static unsigned most_in_cache(size_t bytes) { return bytes <= 64 ? 256 : bytes <= 1024 ? 32 : 4; }

static void* map(size_t bytes) {
    void* start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

static span* span_of(void* block) { return (span*)((uintptr_t)block & ~(SPAN_BYTES - 1)); }
static int is_large(void* block) { return (uintptr_t)block % PAGE == 0; }
static size_t* large_bytes(void* block) { return (size_t*)((char*)block - PAGE); }

static void link_span(span* s) {
    s->previous = NULL;
    s->next = central[s->size].spans;
    if (s->next) s->next->previous = s;
    central[s->size].spans = s;
}

static void unlink_span(span* s) {
    if (s->next) s->next->previous = s->previous;
    if (s->previous) {
        s->previous->next = s->next;
    } else {
        central[s->size].spans = s->next;
    }
}

// Steps over a place at the start of a page.
static void skip_page_start(span* s) {
    if (s->unused % PAGE == 0) s->unused += s->bytes;
}

static int has_unused(const span* s) { return s->unused + s->bytes <= SPAN_BYTES; }

static span* new_span(unsigned size) {
    char* twice = map(2 * SPAN_BYTES);
    if (!twice) return NULL;
    span* s = span_of(twice + SPAN_BYTES - 1);
    char* end = (char*)s + SPAN_BYTES;
    if ((char*)s > twice) munmap(twice, (size_t)((char*)s - twice));
    munmap(end, (size_t)(twice + 2 * SPAN_BYTES - end));
    s->size = size;
    s->bytes = bytes_of(size);
    s->unused = sizeof(span);
    skip_page_start(s);
    link_span(s);
    return s;
}

// The caller holds the lock of the size.
static item* take_one(unsigned size) {
    span* s = central[size].spans ? central[size].spans : new_span(size);
    if (!s) return NULL;
    item* taken = s->free;
    if (taken) {
        s->free = taken->next;
    } else {
        taken = (item*)((char*)s + s->unused);
        s->unused += s->bytes;
        skip_page_start(s);
    }
    s->out++;
    if (!s->free && !has_unused(s)) unlink_span(s);
    return taken;
}

static void give_one(item* block) {
    span* s = span_of(block);
    if (!s->free && !has_unused(s)) link_span(s);
    block->next = s->free;
    s->free = block;
    s->out--;
    if (s->out > 0 || (!s->next && !s->previous)) return;
    unlink_span(s);
    munmap(s, SPAN_BYTES);
}

static void give_back(unsigned size, unsigned keep) {
    pthread_mutex_lock(&central[size].lock);
    while (cache[size].count > keep) {
        item* block = cache[size].first;
        cache[size].first = block->next;
        cache[size].count--;
        give_one(block);
    }
    pthread_mutex_unlock(&central[size].lock);
}

static void give_back_all(void* ignored) {
    (void)ignored;
    known = 0;
    for (unsigned size = 0; size < SIZES; size++) give_back(size, 0);
}

static void prepare(void) { pthread_key_create(&ending, give_back_all); }

static void get_known(void) {
    known = 1;
    pthread_once(&first_thread, prepare);
    pthread_setspecific(ending, &known);
}

static void* take_batch(unsigned size) {
    if (!known) get_known();
    unsigned batch = most_in_cache(bytes_of(size)) / 2;
    pthread_mutex_lock(&central[size].lock);
    item* taken = take_one(size);
    item* more = NULL;
    while (taken && cache[size].count < batch && (more = take_one(size))) {
        more->next = cache[size].first;
        cache[size].first = more;
        cache[size].count++;
    }
    pthread_mutex_unlock(&central[size].lock);
    return taken;
}

void* xmalloc(size_t bytes) {
    if (bytes > LARGEST) {
        size_t total = ((bytes + PAGE - 1) & ~(PAGE - 1)) + PAGE;
        char* start = total < bytes ? NULL : map(total);
        if (!start) return NULL;
        *(size_t*)start = total;
        return start + PAGE;
    }
    unsigned size = size_for(bytes);
    item* taken = cache[size].first;
    if (!taken) return take_batch(size);
    cache[size].first = taken->next;
    cache[size].count--;
    return taken;
}

void xfree(void* block) {
    if (!block) return;
    if (is_large(block)) {
        munmap(large_bytes(block), *large_bytes(block));
        return;
    }
    if (!known) get_known();
    unsigned size = span_of(block)->size;
    item* freed = block;
    freed->next = cache[size].first;
    cache[size].first = freed;
    unsigned most = most_in_cache(bytes_of(size));
    if (++cache[size].count > most) give_back(size, most / 2);
}

void* xrealloc(void* block, size_t bytes) {
    if (!block) return xmalloc(bytes);
    size_t room = is_large(block) ? *large_bytes(block) - PAGE : span_of(block)->bytes;
    if (bytes <= room && bytes > room / 2) return block;
    void* moved = xmalloc(bytes);
    if (!moved) return NULL;
    memcpy(moved, block, bytes < room ? bytes : room);
    xfree(block);
    return moved;
}
