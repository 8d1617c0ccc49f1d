// All signals are blocked while a lock is held, so that no handler can jump away with it. Boundary tags (Knuth): every block has its size in front and behind, with the lowest bit set while it is used.
// Neighbours are merged the moment a block comes back. An arena has one lock and regions of 256 KiB; each region begins
// with a word that says whose it is. Blocks from 32 KiB up are mapped alone.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

typedef size_t word;
enum { REGION = 1 << 18, ALONE = 1 << 15, ARENAS = 6, BINS = 128 };
#define USED ((word)1)
#define MAPPED ((word)2)
#define SIZE(h) ((h) & ~(word)15)

typedef struct node {
    word tag;
    struct node *next, *prev;
} node;
typedef struct arena {
    pthread_mutex_t lock;
    node bin[BINS];
    int ready;
    int spare;  // regions that are free as a whole
} arena;
typedef struct region {
    arena* home;
    word pad[2];
    word low;  // a used tag of size 0: the block before the first
} region;

static arena arenas[ARENAS] = {{PTHREAD_MUTEX_INITIALIZER}, {PTHREAD_MUTEX_INITIALIZER}, {PTHREAD_MUTEX_INITIALIZER},
                               {PTHREAD_MUTEX_INITIALIZER}, {PTHREAD_MUTEX_INITIALIZER}, {PTHREAD_MUTEX_INITIALIZER}};
static __thread arena* mine;
static int turn;

static word* foot(node* b) { return (word*)((char*)b + SIZE(b->tag) - sizeof(word)); }
static node* after(node* b) { return (node*)((char*)b + SIZE(b->tag)); }
static void tag(node* b, word size, word flags) {
    b->tag = size | flags;
    *foot(b) = size | flags;
}
static void* payload(node* b) { return (char*)b + sizeof(word); }
static node* block(void* p) { return (node*)((char*)p - sizeof(word)); }

static int bin_for(word size) {
    if (size < 1024) return (int)(size / 16);
    int lg = 63 - __builtin_clzl(size);  // 10 ..
    int sub = (int)(size >> (lg - 3)) & 7;
    int i = 64 + (lg - 10) * 8 + sub;
    return i < BINS ? i : BINS - 1;
}
static void insert(arena* a, node* b) {
    node* head = &a->bin[bin_for(SIZE(b->tag))];
    b->next = head->next;
    b->prev = head;
    head->next->prev = b;
    head->next = b;
}
static void remove_node(node* b) {
    b->next->prev = b->prev;
    b->prev->next = b->next;
}

static word first_size(void) { return (REGION - sizeof(region) - 3 * sizeof(word)) & ~(word)15; }

static void* map(size_t n) {
    void* p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static int grow(arena* a) {
    char* raw = map(2 * REGION);
    if (!raw) return 0;
    char* at = (char*)(((uintptr_t)raw + REGION - 1) & ~(uintptr_t)(REGION - 1));
    if (at != raw) munmap(raw, (size_t)(at - raw));
    if (at - raw != REGION) munmap(at + REGION, (size_t)(REGION - (at - raw)));
    region* r = (region*)at;
    r->home = a;
    r->low = USED;
    node* b = (node*)(at + sizeof(region) + 8);
    // the footer that a look to the left finds
    *(word*)((char*)b - sizeof(word)) = USED;
    tag(b, first_size(), 0);
    *(word*)after(b) = USED;
    insert(a, b);
    return 1;
}

static arena* my_arena(void) {
    if (!mine) mine = &arenas[(unsigned)__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % ARENAS];
    return mine;
}

static void carve(arena* a, node* b, word need) {
    word all = SIZE(b->tag);
    if (all - need >= 32) {
        tag(b, need, USED);
        node* rest = after(b);
        tag(rest, all - need, 0);
        insert(a, rest);
    } else {
        tag(b, all, USED);
    }
}

static word need_for(size_t n) {
    word need = (n + 2 * sizeof(word) + 15) & ~(word)15;
    return need < 32 ? 32 : need;
}

// No handler may run while we hold a lock: it might jump away.
static void enter(arena* a, sigset_t* before) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, before);
    pthread_mutex_lock(&a->lock);
}
static void depart(arena* a, const sigset_t* before) {
    pthread_mutex_unlock(&a->lock);
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static node* find(arena* a, word need) {
    for (int i = bin_for(need); i < BINS; ++i)
        for (node* b = a->bin[i].next; b != &a->bin[i]; b = b->next)
            if (SIZE(b->tag) >= need) return b;
    return NULL;
}

static void* take_alone(size_t n) {
    size_t all = (n + 32 + 4095) & ~(size_t)4095;
    char* p = map(all);
    if (!p) return NULL;
    node* b = (node*)(p + 24);
    *(word*)p = all;
    b->tag = all | MAPPED | USED;
    return payload(b);
}

void* xmalloc(size_t n) {
    void* got = NULL;
    if (n <= PTRDIFF_MAX) {
        if (n >= ALONE) {
            got = take_alone(n);
        } else {
            word need = need_for(n);
            arena* a = my_arena();
            sigset_t sigs;
            enter(a, &sigs);
            if (!a->ready) {
                for (int i = 0; i < BINS; ++i) a->bin[i].next = a->bin[i].prev = &a->bin[i];
                a->ready = 1;
            }
            node* b = find(a, need);
            if (!b && grow(a)) {
                a->spare++;
                b = find(a, need);
            }
            if (b) {
                if (SIZE(b->tag) == first_size()) a->spare--;
                remove_node(b);
                carve(a, b, need);
                got = payload(b);
            }
            depart(a, &sigs);
        }
    }
    if (!got) errno = ENOMEM;
    return got;
}

static arena* home_of(node* b) { return ((region*)((uintptr_t)b & ~(uintptr_t)(REGION - 1)))->home; }

// The lock is held.
static void give(arena* a, node* b) {
    word size = SIZE(b->tag);
    node* right = after(b);
    if (!(right->tag & USED)) {
        remove_node(right);
        size += SIZE(right->tag);
    }
    word left = *(word*)((char*)b - sizeof(word));
    if (!(left & USED)) {
        b = (node*)((char*)b - SIZE(left));
        remove_node(b);
        size += SIZE(left);
    }
    tag(b, size, 0);
    if (size == first_size()) {
        if (a->spare >= 1) {
            munmap((void*)((uintptr_t)b & ~(uintptr_t)(REGION - 1)), REGION);
            return;
        }
        a->spare++;
    }
    insert(a, b);
}

void xfree(void* p) {
    if (!p) return;
    int kept = errno;
    node* b = block(p);
    if (b->tag & MAPPED) {
        munmap((char*)p - 32, SIZE(b->tag));
    } else {
        arena* a = home_of(b);
        sigset_t sigs;
        enter(a, &sigs);
        give(a, b);
        depart(a, &sigs);
    }
    errno = kept;
}

void* xrealloc(void* p, size_t n) {
    if (!p) return xmalloc(n);
    if (n == 0) {
        xfree(p);
        return NULL;
    }
    if (n > PTRDIFF_MAX) {
        errno = ENOMEM;
        return NULL;
    }
    node* b = block(p);
    size_t room;
    if (b->tag & MAPPED) {
        size_t old = SIZE(b->tag);
        room = old - 32;
        if (n >= ALONE) {
            size_t all = (n + 32 + 4095) & ~(size_t)4095;
            char* q = mremap((char*)p - 32, old, all, MREMAP_MAYMOVE);
            if (q == MAP_FAILED) {
                errno = ENOMEM;
                return NULL;
            }
            *(word*)q = all;
            ((node*)(q + 24))->tag = all | MAPPED | USED;
            return q + 32;
        }
    } else {
        room = SIZE(b->tag) - 2 * sizeof(word);
        word need = need_for(n);
        arena* a = home_of(b);
        if (n < ALONE) {
            sigset_t sigs;
            enter(a, &sigs);
            word have = SIZE(b->tag);
            node* right = after(b);
            if (need > have && !(right->tag & USED) && have + SIZE(right->tag) >= need) {
                remove_node(right);
                have += SIZE(right->tag);
                tag(b, have, USED);
            }
            if (need <= have) {
                if (have - need >= 32) {
                    tag(b, need, USED);
                    node* rest = after(b);
                    tag(rest, have - need, USED);
                    give(a, rest);
                }
                depart(a, &sigs);
                return p;
            }
            depart(a, &sigs);
        }
    }
    void* q = xmalloc(n);
    if (!q) return NULL;
    memcpy(q, p, room < n ? room : n);
    xfree(p);
    return q;
}
