// Eight heaps of pages, each with a lock and a letter box. Who frees a block, and finds the lock of its heap taken,
// throws the block into the box (a stack, pushed with compare-exchange, emptied with one exchange) and goes on; who has
// the lock empties the box before and after.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

#define PAGE_SIZE_ ((size_t)32768)
#define CLASSES 33
#define BIG_CLASS 99

typedef struct Cell { struct Cell *next; } Cell;
typedef struct Heap Heap;

typedef struct Page {
    Heap *heap;
    struct Page *next, *prev;
    Cell *free;
    uint32_t klass, size, used, fresh, room;
    bool listed;
    size_t mapped;
} Page;

struct Heap {
    pthread_mutex_t lock;
    Page *pages[CLASSES];
    _Atomic(Cell *) box;
};

enum { HEAPS = 8 };

#define HEAD ((sizeof(Page) + 15) / 16 * 16)

static size_t class_size(unsigned c) {
    if (c < 16) return (c + 1) * 16;                   // 16 .. 256
    unsigned g = (c - 16) / 4, k = (c - 16) % 4;
    return ((size_t)256 << g) + (k + 1) * ((size_t)64 << g);
}
static unsigned class_of(size_t n) {
    if (n <= 256) return n == 0 ? 0 : (unsigned)((n - 1) / 16);
    unsigned c = 16;
    while (c < CLASSES && class_size(c) < n) c++;
    return c;
}
#define LARGEST class_size(CLASSES - 1)

static void *map_at(size_t n) {
    char *p = mmap(NULL, n + PAGE_SIZE_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return NULL;
    size_t skip = -(uintptr_t)p & (PAGE_SIZE_ - 1);
    if (skip) munmap(p, skip);
    if (PAGE_SIZE_ - skip) munmap(p + skip + n, PAGE_SIZE_ - skip);
    return p + skip;
}

static Page *page_of(void *p) { return (Page *)((uintptr_t)p & ~(uintptr_t)(PAGE_SIZE_ - 1)); }

static void list_page(Heap *h, Page *p) {
    p->prev = NULL;
    p->next = h->pages[p->klass];
    if (p->next) p->next->prev = p;
    h->pages[p->klass] = p;
    p->listed = true;
}
static void unlist_page(Heap *h, Page *p) {
    if (p->prev) p->prev->next = p->next; else h->pages[p->klass] = p->next;
    if (p->next) p->next->prev = p->prev;
    p->listed = false;
}

// The lock of h is held.
static void put_back(Heap *h, Page *p, Cell *c) {
    c->next = p->free;
    p->free = c;
    p->used--;
    if (!p->listed) list_page(h, p);
    if (p->used == 0 && (p->next || p->prev)) {
        unlist_page(h, p);
        munmap(p, PAGE_SIZE_);
    }
}

static void empty_box(Heap *h) {
    Cell *c = atomic_exchange_explicit(&h->box, NULL, memory_order_acquire);
    while (c) {
        Cell *next = c->next;
        put_back(h, page_of(c), c);
        c = next;
    }
}

static Heap heaps[HEAPS];
static atomic_uint turn;
static _Thread_local Heap *my;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void begin(void) {
    for (int i = 0; i < HEAPS; i++) pthread_mutex_init(&heaps[i].lock, NULL);
}
static Heap *heap(void) {
    if (!my) {
        pthread_once(&once, begin);
        my = &heaps[atomic_fetch_add(&turn, 1) % HEAPS];
    }
    return my;
}

// A letter that came while we held the lock must not lie there until somebody comes by.
static void leave(Heap *h) {
    pthread_mutex_unlock(&h->lock);
    while (atomic_load(&h->box) && pthread_mutex_trylock(&h->lock) == 0) {
        empty_box(h);
        pthread_mutex_unlock(&h->lock);
    }
}

static void *take(Heap *h, unsigned c) {
    Page *p = h->pages[c];
    if (!p) {
        p = map_at(PAGE_SIZE_);
        if (!p) return NULL;
        p->heap = h;
        p->klass = c;
        p->size = (uint32_t)class_size(c);
        p->room = (uint32_t)((PAGE_SIZE_ - HEAD) / p->size);
        list_page(h, p);
    }
    Cell *cell = p->free;
    if (cell) p->free = cell->next;
    else cell = (Cell *)((char *)p + HEAD + (size_t)p->size * p->fresh++);
    p->used++;
    if (!p->free && p->fresh == p->room) unlist_page(h, p);
    return cell;
}

static void *take_big(size_t n) {
    size_t all = (n + HEAD + 4095) & ~(size_t)4095;
    Page *p = map_at(all);
    if (!p) return NULL;
    p->klass = BIG_CLASS;
    p->mapped = all;
    return (char *)p + HEAD;
}

void *xmalloc(size_t n) {
    void *p = NULL;
    if (n <= LARGEST) {
        Heap *h = heap();
        pthread_mutex_lock(&h->lock);
        empty_box(h);
        p = take(h, class_of(n));
        leave(h);
    } else if (n <= PTRDIFF_MAX) {
        p = take_big(n);
    }
    if (!p) errno = ENOMEM;
    return p;
}

void xfree(void *block) {
    if (!block) return;
    int saved = errno;
    Page *p = page_of(block);
    if (p->klass == BIG_CLASS) {
        munmap(p, p->mapped);
    } else {
        Heap *h = p->heap;
        Cell *c = block;
        if (pthread_mutex_trylock(&h->lock) == 0) {
            put_back(h, p, c);
            empty_box(h);
        } else {
            c->next = atomic_load(&h->box);
            while (!atomic_compare_exchange_weak(&h->box, &c->next, c)) continue;
            if (pthread_mutex_trylock(&h->lock) != 0) goto done;
            empty_box(h);
        }
        leave(h);
    }
done:
    errno = saved;
}

void *xrealloc(void *block, size_t n) {
    if (!block) return xmalloc(n);
    if (!n) {
        xfree(block);
        return NULL;
    }
    Page *p = page_of(block);
    size_t room = p->klass == BIG_CLASS ? p->mapped - HEAD : p->size;
    if (n <= room && n > room / 2) return block;
    void *q = xmalloc(n);
    if (!q) return NULL;
    memcpy(q, block, room < n ? room : n);
    xfree(block);
    return q;
}
