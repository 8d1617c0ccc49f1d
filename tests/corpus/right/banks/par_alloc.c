/* Buddy system. Zones of 1 MiB belong to one of 16 banks, each with a spin lock; each new thread takes the next bank.
   The order of the block that begins at a unit is in the zone's head. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include "xmalloc.h"

#define ZBITS 20
#define ZONE ((size_t)1 << ZBITS)
#define MINBITS 5
#define ORDERS (ZBITS - MINBITS + 1)
#define UNITS ((size_t)1 << (ZBITS - MINBITS))
#define NBANKS 16
#define FREEBIT 0x80

struct fb {
    struct fb *next, *prev;
};
struct bank {
    pthread_spinlock_t lock;
    struct fb lists[ORDERS];
    unsigned zones;
} __attribute__((aligned(64)));
struct zone {
    struct bank* bank;
    size_t bytes; /* of a mapping of its own, if bank is null */
    size_t fill[2];
    unsigned char order[UNITS]; /* of the block that begins at this unit */
};
static struct bank banks[NBANKS];
static _Thread_local struct bank* home;
static unsigned turn;
__attribute__((constructor)) static void start(void) {
    for (int i = 0; i < NBANKS; i++) {
        pthread_spin_init(&banks[i].lock, 0);
        for (int o = 0; o < ORDERS; o++) banks[i].lists[o].next = banks[i].lists[o].prev = &banks[i].lists[o];
    }
}
static void* zmap(size_t bytes) {
    char* p = mmap(0, bytes + ZONE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return 0;
    size_t lead = -(uintptr_t)p & (ZONE - 1);
    if (lead) munmap(p, lead);
    munmap(p + lead + bytes, ZONE - lead);
    return p + lead;
}
static struct zone* zone_of(void* p) { return (struct zone*)((uintptr_t)p & ~(ZONE - 1)); }
static size_t unit(struct zone* z, void* p) { return (size_t)((char*)p - (char*)z) >> MINBITS; }
static void add(struct bank* b, struct zone* z, char* p, int o) {
    struct fb *f = (struct fb*)p, *l = &b->lists[o];
    z->order[unit(z, p)] = (unsigned char)(o | FREEBIT);
    f->next = l->next;
    f->prev = l;
    l->next->prev = f;
    l->next = f;
}
static void del(struct fb* f) {
    f->next->prev = f->prev;
    f->prev->next = f->next;
}

/* the head takes the first blocks of the zone: everything from there on is cut in powers of two */
static size_t head_units(void) { return (sizeof(struct zone) + (1 << MINBITS) - 1) >> MINBITS; }
static int grow(struct bank* b) {
    struct zone* z = zmap(ZONE);
    if (!z) return 0;
    z->bank = b;
    b->zones++;
    size_t u = head_units();
    while (u < UNITS) {
        int o = __builtin_ctzl(u);
        add(b, z, (char*)z + (u << MINBITS), o);
        u += (size_t)1 << o;
    }
    return 1;
}
static int whole(struct zone* z) {
    size_t u = head_units();
    while (u < UNITS) {
        int o = __builtin_ctzl(u);
        if (z->order[u] != (o | FREEBIT)) return 0;
        u += (size_t)1 << o;
    }
    return 1;
}
static void unzone(struct zone* z) {
    size_t u = head_units();
    while (u < UNITS) {
        del((struct fb*)((char*)z + (u << MINBITS)));
        u += (size_t)1 << __builtin_ctzl(u);
    }
    munmap(z, ZONE);
}
static void* take(struct bank* b, int o) {
    int i;
    for (;;) {
        for (i = o; i < ORDERS && b->lists[i].next == &b->lists[i]; i++)
            ;
        if (i < ORDERS) break;
        if (!grow(b)) return 0;
    }
    char* p = (char*)b->lists[i].next;
    struct zone* z = zone_of(p);
    del((struct fb*)p);
    while (i > o) {
        i--;
        add(b, z, p + ((size_t)1 << (i + MINBITS)), i);
    }
    z->order[unit(z, p)] = (unsigned char)o;
    return p;
}
static void give(struct bank* b, void* p) {
    struct zone* z = zone_of(p);
    size_t u = unit(z, p);
    int o = z->order[u];
    while (o < ORDERS - 1) {
        size_t v = u ^ ((size_t)1 << o);
        if (v < head_units() || z->order[v] != (o | FREEBIT)) break;
        del((struct fb*)((char*)z + (v << MINBITS)));
        z->order[v] = 0;
        z->order[u] = 0;
        u &= v;
        o++;
    }
    add(b, z, (char*)z + (u << MINBITS), o);
    if (o >= ZBITS - MINBITS - 1 && b->zones > 1 && whole(z)) {
        b->zones--;
        unzone(z);
    }
}
static int order_for(size_t n) {
    int o = 0;
    while (((size_t)1 << (o + MINBITS)) < n) o++;
    return o;
}
#define TOP_SMALL (ZONE / 16)
static void last_resort(void) {
    /* free zones of all banks */
    for (int i = 0; i < NBANKS; i++) {
        struct bank* b = &banks[i];
        pthread_spin_lock(&b->lock);
    again:
        for (struct fb* f = b->lists[ORDERS - 2].next; f != &b->lists[ORDERS - 2]; f = f->next)
            if (whole(zone_of(f))) {
                b->zones--;
                unzone(zone_of(f));
                goto again;
            }
        pthread_spin_unlock(&b->lock);
    }
}
void* xmalloc(size_t n) {
    if (n > PTRDIFF_MAX) {
        errno = ENOMEM;
        return 0;
    }
    if (n > TOP_SMALL) {
        size_t all = (n + 64 + 4095) & ~(size_t)4095;
        struct zone* z = zmap(all);
        if (!z) {
            last_resort();
            z = zmap(all);
        }
        if (!z) {
            errno = ENOMEM;
            return 0;
        }
        z->bank = 0;
        z->bytes = all;
        return (char*)z + 64;
    }
    if (!home) home = &banks[__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % NBANKS];
    pthread_spin_lock(&home->lock);
    void* p = take(home, order_for(n));
    pthread_spin_unlock(&home->lock);
    if (!p) errno = ENOMEM;
    return p;
}
void xfree(void* p) {
    if (!p) return;
    int e = errno;
    struct zone* z = zone_of(p);
    struct bank* b = z->bank;
    if (!b)
        munmap(z, z->bytes);
    else {
        pthread_spin_lock(&b->lock);
        give(b, p);
        pthread_spin_unlock(&b->lock);
    }
    errno = e;
}
void* xrealloc(void* p, size_t n) {
    if (!p) return xmalloc(n);
    if (!n) {
        xfree(p);
        return 0;
    }
    struct zone* z = zone_of(p);
    size_t have = z->bank ? (size_t)1 << (z->order[unit(z, p)] + MINBITS) : z->bytes - 64;
    if (n <= have && n > have / 4) return p;
    void* q = xmalloc(n);
    if (!q) return 0;
    memcpy(q, p, n < have ? n : have);
    xfree(p);
    return q;
}
