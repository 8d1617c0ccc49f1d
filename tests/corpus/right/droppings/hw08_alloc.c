// hw08_alloc.c: one list, one lock; new blocks are looked for from the front, old ones are sorted in by address.

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

struct header {
    size_t total;
    struct header* next;
};

static pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER;
static struct header* the_list;

static struct header* fresh(size_t total) {
    struct header* h = mmap(0, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (h == MAP_FAILED) {
        perror("mmap");
        return NULL;
    }
    h->total = total;
    return h;
}

static void sort_in(struct header* h) {
    struct header** link = &the_list;
    struct header* before = NULL;
    while (*link && *link < h) {
        before = *link;
        link = &before->next;
    }
    h->next = *link;
    *link = h;
    if (h->next && (char*)h + h->total == (char*)h->next) {
        h->total += h->next->total;
        h->next = h->next->next;
    }
    if (before && (char*)before + before->total == (char*)h) {
        before->total += h->total;
        before->next = h->next;
    }
}

static struct header* first_fit(size_t total) {
    struct header** link = &the_list;
    while (*link && (*link)->total < total) link = &(*link)->next;
    struct header* h = *link;
    if (!h) return NULL;
    *link = h->next;
    if (h->total > total) {
        struct header* rest = (struct header*)((char*)h + total);
        rest->total = h->total - total;
        rest->next = h->next;
        *link = rest;
        h->total = total;
    }
    return h;
}

void* xmalloc(size_t bytes) {
    if (bytes >> 62) return NULL;
    size_t total = (bytes + sizeof(struct header) + 15) / 16 * 16;
    if (total == sizeof(struct header)) total += 16;
    struct header* h;
    if (total > 4000) {
        h = fresh((total + 4095) / 4096 * 4096);
    } else {
        pthread_mutex_lock(&the_lock);
        h = first_fit(total);
        if (!h && (h = fresh(4096))) {
            sort_in(h);
            h = first_fit(total);
        }
        pthread_mutex_unlock(&the_lock);
    }
    return h ? h + 1 : NULL;
}

void xfree(void* block) {
    if (!block) return;
    struct header* h = (struct header*)block - 1;
    if (h->total > 4000) {
        munmap(h, h->total);
        return;
    }
    pthread_mutex_lock(&the_lock);
    sort_in(h);
    pthread_mutex_unlock(&the_lock);
}

void* xrealloc(void* block, size_t bytes) {
    if (!block) return xmalloc(bytes);
    size_t room = ((struct header*)block - 1)->total - sizeof(struct header);
    if (bytes <= room && bytes > room / 2) return block;
    void* moved = xmalloc(bytes);
    if (!moved) return NULL;
    memcpy(moved, block, bytes < room ? bytes : room);
    xfree(block);
    return moved;
}
