// par_alloc.c: four heaps, each with free lists in two levels: powers of two, and eight parts of each.
//
// Two bitmaps find a list that fits in constant time (Masmano, Ripoll, Crespo and Real 2004). A thread takes the first
// heap whose lock is free, and each block knows its heap. Segments of 512 KiB are unmapped when they are free; what is
// larger than an eighth of one is a mapping of its own, which mremap resizes.

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include "xmalloc.h"
#define FL 18
#define SL 8
#define SEG (512 * 1024ul)
#define MAX_IN (SEG / 8)
struct b {
    uint32_t size, before;
    uint32_t heap;
    uint32_t used;
    struct b *next, *prev;
}; /* before: size of the block in front */
#define H 16
struct tlsf {
    pthread_mutex_t mu;
    uint32_t fl;
    uint8_t sl[FL];
    struct b* l[FL][SL];
};
static struct tlsf heaps[4] = {[0 ... 3] = {.mu = PTHREAD_MUTEX_INITIALIZER}};
static void map(size_t n, int* f, int* s) {
    int k = 63 - __builtin_clzl(n);
    *f = k - 4;
    *s = (n >> (k - 3)) & 7;
}
static void add(struct tlsf* t, struct b* x) {
    int f, s;
    map(x->size, &f, &s);
    x->used = 0;
    x->prev = 0;
    x->next = t->l[f][s];
    if (x->next) x->next->prev = x;
    t->l[f][s] = x;
    t->fl |= 1u << f;
    t->sl[f] |= 1 << s;
}
static void del(struct tlsf* t, struct b* x) {
    int f, s;
    map(x->size, &f, &s);
    if (x->next) x->next->prev = x->prev;
    if (x->prev)
        x->prev->next = x->next;
    else {
        t->l[f][s] = x->next;
        if (!x->next) {
            t->sl[f] &= ~(1 << s);
            if (!t->sl[f]) t->fl &= ~(1u << f);
        }
    }
}
static struct b* look(struct tlsf* t, size_t n) {
    int f, s;
    n += (1ul << (63 - __builtin_clzl(n) - 3)) - 1; /* round up to the next list */
    map(n, &f, &s);
    uint32_t m = t->sl[f] & (~0u << s);
    if (!m) {
        uint32_t g = t->fl & (~0u << (f + 1));
        if (!g) return 0;
        f = __builtin_ctz(g);
        m = t->sl[f];
    }
    return t->l[f][__builtin_ctz(m)];
}
void* xmalloc(size_t n) {
    if (n > PTRDIFF_MAX) {
        errno = ENOMEM;
        return 0;
    }
    size_t need = (n + H + 15) & ~15ul;
    if (need < 32) need = 32;
    if (need > MAX_IN) {
        size_t len = (n + 32 + 4095) & ~4095ul;
        char* p = mmap(0, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) {
            errno = ENOMEM;
            return 0;
        }
        *(size_t*)p = len;
        ((struct b*)(p + 16))->heap = 9;
        return p + 32;
    }
    static __thread int last;
    int k = last;
    for (int i = 0; i < 4; i++, k = (k + 1) & 3)
        if (pthread_mutex_trylock(&heaps[k].mu) == 0) goto got;
    pthread_mutex_lock(&heaps[k].mu);
got:
    last = k;
    struct tlsf* t = &heaps[k];
    struct b* x = look(t, need);
    if (!x) {
        char* p = mmap(0, SEG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) {
            pthread_mutex_unlock(&t->mu);
            errno = ENOMEM;
            return 0;
        }
        x = (struct b*)p;
        x->size = SEG - H;
        x->before = 0;
        struct b* end = (struct b*)(p + SEG - H);
        end->size = 0;
        end->used = 1;
        end->before = x->size;
    } else
        del(t, x);
    if (x->size - need >= 32) {
        struct b *r = (struct b*)((char*)x + need), *a = (struct b*)((char*)x + x->size);
        r->size = x->size - need;
        r->before = need;
        a->before = r->size;
        x->size = need;
        add(t, r);
    }
    x->used = 1;
    x->heap = k;
    pthread_mutex_unlock(&t->mu);
    return (char*)x + H;
}
void xfree(void* p) {
    if (!p) return;
    int e = errno;
    struct b* x = (struct b*)((char*)p - H);
    if (x->heap == 9) {
        char* m = (char*)x - 16;
        munmap(m, *(size_t*)m);
        errno = e;
        return;
    }
    struct tlsf* t = &heaps[x->heap];
    pthread_mutex_lock(&t->mu);
    struct b* a = (struct b*)((char*)x + x->size);
    if (!a->used) {
        del(t, a);
        x->size += a->size;
    }
    if (x->before) {
        struct b* f = (struct b*)((char*)x - x->before);
        if (!f->used) {
            del(t, f);
            f->size += x->size;
            x = f;
        }
    }
    if (x->size == SEG - H)
        munmap(x, SEG);
    else {
        ((struct b*)((char*)x + x->size))->before = x->size;
        add(t, x);
    }
    pthread_mutex_unlock(&t->mu);
    errno = e;
}
void* xrealloc(void* p, size_t n) {
    if (!p) return xmalloc(n);
    if (!n) {
        xfree(p);
        return 0;
    }
    struct b* x = (struct b*)((char*)p - H);
    if (x->heap == 9) {
        char* m = (char*)x - 16;
        size_t len = *(size_t*)m;
        if (n > MAX_IN && n < PTRDIFF_MAX) {
            size_t want = (n + 32 + 4095) & ~4095ul;
            char* q = mremap(m, len, want, MREMAP_MAYMOVE);
            if (q == MAP_FAILED) {
                errno = ENOMEM;
                return 0;
            }
            *(size_t*)q = want;
            return q + 32;
        }
    }
    size_t have = x->heap == 9 ? *(size_t*)((char*)x - 16) - 32 : x->size - H;
    if (n <= have && n >= have / 2) return p;
    void* q = xmalloc(n);
    if (!q) return 0;
    memcpy(q, p, have < n ? have : n);
    xfree(p);
    return q;
}
