// par_alloc.c: no block has a header. A hash table knows of each page which size lies there.
//
// The table has open addressing, and is doubled when two thirds of it are full; a read-write lock guards it. Each size
// has a lock of its own, and a page whose blocks are all free goes back to the system.

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include "xmalloc.h"
#define PAGE 4096ul
#define CLASSES 9
typedef struct page {
    uintptr_t at;
    size_t bytes;
    void* free;
    int cls, live;
    struct page *next, *prev;
} page;
static pthread_rwlock_t tl = PTHREAD_RWLOCK_INITIALIZER;
static page** table;
static size_t cap, fill;
static pthread_mutex_t ml[CLASSES] = {[0 ... CLASSES - 1] = PTHREAD_MUTEX_INITIALIZER};
static page* avail[CLASSES];
/* descriptors: from mapped slabs, kept on a list */
static page* spare;
static pthread_mutex_t sl = PTHREAD_MUTEX_INITIALIZER;
static void* sys(size_t n) {
    void* p = mmap(0, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? 0 : p;
}
static page* new_page(void) {
    pthread_mutex_lock(&sl);
    if (!spare) {
        page* p = sys(4 * PAGE);
        for (size_t i = 0; p && i < 4 * PAGE / sizeof(page); i++) {
            p[i].next = spare;
            spare = &p[i];
        }
    }
    page* d = spare;
    if (d) spare = d->next;
    pthread_mutex_unlock(&sl);
    return d;
}
static void old_page(page* d) {
    pthread_mutex_lock(&sl);
    d->next = spare;
    spare = d;
    pthread_mutex_unlock(&sl);
}
static size_t slot(uintptr_t at, size_t n) { return (at / PAGE * 0x9E3779B97F4A7C15ul >> 20) & (n - 1); }
#define GONE ((page*)1)
static bool put(page* d) {
    pthread_rwlock_wrlock(&tl);
    if (fill * 3 >= cap * 2) {
        size_t live = 0;
        for (size_t i = 0; i < cap; i++)
            if (table[i] && table[i] != GONE) live++;
        size_t n = cap ? cap : 512;
        while (live * 3 >= n) n *= 2;
        page** t = sys(n * sizeof *t);
        if (!t) {
            pthread_rwlock_unlock(&tl);
            return false;
        }
        for (size_t i = 0; i < cap; i++)
            if (table[i] && table[i] != GONE) {
                size_t k = slot(table[i]->at, n);
                while (t[k]) k = (k + 1) & (n - 1);
                t[k] = table[i];
            }
        if (table) munmap(table, cap * sizeof *table);
        table = t;
        cap = n;
        fill = live;
    }
    size_t k = slot(d->at, cap);
    while (table[k] && table[k] != GONE) k = (k + 1) & (cap - 1);
    if (!table[k]) fill++;
    table[k] = d;
    pthread_rwlock_unlock(&tl);
    return true;
}
static page* find(void* p, bool take) {
    uintptr_t at = (uintptr_t)p & ~(PAGE - 1);
    if (take)
        pthread_rwlock_wrlock(&tl);
    else
        pthread_rwlock_rdlock(&tl);
    size_t k = slot(at, cap);
    while (table[k] == GONE || table[k]->at != at) k = (k + 1) & (cap - 1);
    page* d = table[k];
    if (take) table[k] = GONE;
    pthread_rwlock_unlock(&tl);
    return d;
}
static void hang(page* d) {
    d->prev = 0;
    d->next = avail[d->cls];
    if (d->next) d->next->prev = d;
    avail[d->cls] = d;
}
static void unhang(page* d) {
    if (d->prev)
        d->prev->next = d->next;
    else
        avail[d->cls] = d->next;
    if (d->next) d->next->prev = d->prev;
}
void* xmalloc(size_t n) {
    if (n > PTRDIFF_MAX) {
        errno = ENOMEM;
        return 0;
    }
    int c = 0;
    while (c < 8 && (16ul << c) < n) c++;
    if (c == 8) {
        size_t bytes = (n + PAGE - 1) & ~(PAGE - 1);
        page* d = new_page();
        void* p = d ? sys(bytes) : 0;
        if (!p) {
            if (d) old_page(d);
            errno = ENOMEM;
            return 0;
        }
        *d = (page){.at = (uintptr_t)p, .bytes = bytes, .cls = 8};
        if (!put(d)) {
            munmap(p, bytes);
            old_page(d);
            errno = ENOMEM;
            return 0;
        }
        return p;
    }
    pthread_mutex_lock(&ml[c]);
    page* d = avail[c];
    if (!d) {
        d = new_page();
        char* p = d ? sys(PAGE) : 0;
        if (p) {
            *d = (page){.at = (uintptr_t)p, .bytes = 16ul << c, .cls = c};
            for (size_t o = 0; o < PAGE; o += 16ul << c) {
                *(void**)(p + o) = d->free;
                d->free = p + o;
            }
            if (!put(d)) {
                munmap(p, PAGE);
                p = 0;
            }
        }
        if (!p) {
            if (d) old_page(d);
            pthread_mutex_unlock(&ml[c]);
            errno = ENOMEM;
            return 0;
        }
        hang(d);
    }
    void* p = d->free;
    d->free = *(void**)p;
    d->live++;
    if (!d->free) unhang(d);
    pthread_mutex_unlock(&ml[c]);
    return p;
}
void xfree(void* p) {
    if (!p) return;
    int e = errno;
    page* d = find(p, false);
    int c = d->cls;
    if (c == 8) {
        find(p, true);
        munmap(p, d->bytes);
        old_page(d);
        errno = e;
        return;
    }
    pthread_mutex_lock(&ml[c]);
    if (!d->free) hang(d);
    *(void**)p = d->free;
    d->free = p;
    if (--d->live == 0) {
        unhang(d);
        void* at = (void*)d->at;
        find(at, true);
        munmap(at, PAGE);
        old_page(d);
    }
    pthread_mutex_unlock(&ml[c]);
    errno = e;
}
void* xrealloc(void* p, size_t n) {
    if (!p) return xmalloc(n);
    if (!n) {
        xfree(p);
        return 0;
    }
    size_t have = find(p, false)->bytes;
    if (n <= have && n >= have / 2) return p;
    void* q = xmalloc(n);
    if (!q) return 0;
    memcpy(q, p, have < n ? have : n);
    xfree(p);
    return q;
}
