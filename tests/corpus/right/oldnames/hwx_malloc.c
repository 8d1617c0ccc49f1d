// hwx_malloc.c: the homework under its name of 2020. A doubly linked free list, boundary tags, one mutex.
//
// Both ends of a block carry its size, positive when it is free and negative when it is in use, so that neighbours are
// found without a walk. Blocks are cut from chunks of 64 KiB; a chunk that is one free block is unmapped.

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

typedef struct cell {
    long size;  // with both tags; a multiple of 16
    struct cell* next;
    struct cell* prev;
} cell;

#define CHUNK 65536L
#define WHOLE (CHUNK - 16)  // a chunk has half a fence at each end
#define LEAST 32L
#define TAGS 16L
#define LARGEST 16384L

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static cell* head;

static long* foot(cell* c, long size) { return (long*)((char*)c + size) - 1; }

static void mark(cell* c, long size, long sign) {
    c->size = sign * size;
    *foot(c, size) = sign * size;
}

static void chain(cell* c) {
    c->prev = NULL;
    c->next = head;
    if (head != NULL) head->prev = c;
    head = c;
}

static void unchain(cell* c) {
    if (c->next != NULL) c->next->prev = c->prev;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        head = c->next;
}

static void* map(long size) {
    void* start = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

// The fences look like blocks in use to whoever looks left or right.
static void more(void) {
    long* chunk = map(CHUNK);
    if (chunk == NULL) return;
    chunk[0] = -1;
    chunk[CHUNK / 8 - 1] = -1;
    cell* c = (cell*)(chunk + 1);
    mark(c, WHOLE, 1);
    chain(c);
}

static cell* find(long size) {
    for (cell* c = head; c != NULL; c = c->next) {
        if (c->size < size) continue;
        unchain(c);
        long rest = c->size - size;
        if (rest >= LEAST) {
            cell* tail = (cell*)((char*)c + size);
            mark(tail, rest, 1);
            chain(tail);
        } else {
            size = c->size;
        }
        mark(c, size, -1);
        return c;
    }
    return NULL;
}

void* xmalloc(size_t bytes) {
    cell* c;
    if (bytes > (size_t)LARGEST) {
        if (bytes > ((size_t)1 << 62)) return NULL;
        long size = ((long)bytes + 16 + 4095) / 4096 * 4096;
        long* start = map(size);
        if (start == NULL) return NULL;
        start[0] = size;
        start[1] = 0;  // no block of a chunk has the size 0
        return start + 2;
    }
    long size = ((long)bytes + TAGS + 15) / 16 * 16;
    if (size < LEAST) size = LEAST;
    pthread_mutex_lock(&mutex);
    c = find(size);
    if (c == NULL) {
        more();
        c = find(size);
    }
    pthread_mutex_unlock(&mutex);
    return c == NULL ? NULL : (char*)c + 8;
}

void xfree(void* block) {
    if (block == NULL) return;
    cell* c = (cell*)((char*)block - 8);
    if (c->size == 0) {
        munmap((long*)block - 2, (size_t)((long*)block)[-2]);
        return;
    }
    pthread_mutex_lock(&mutex);
    long size = -c->size;
    cell* right = (cell*)((char*)c + size);
    if (right->size > 0) {
        unchain(right);
        size += right->size;
    }
    long left = ((long*)c)[-1];
    if (left > 0) {
        c = (cell*)((char*)c - left);
        unchain(c);
        size += left;
    }
    if (size == WHOLE && head != NULL) {
        munmap((char*)c - 8, CHUNK);
    } else {
        mark(c, size, 1);
        chain(c);
    }
    pthread_mutex_unlock(&mutex);
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL) return xmalloc(bytes);
    cell* c = (cell*)((char*)block - 8);
    size_t room = c->size == 0 ? (size_t)((long*)block)[-2] - 16 : (size_t)(-c->size - TAGS);
    if (bytes <= room && bytes > room / 2) return block;
    void* other = xmalloc(bytes);
    if (other == NULL) return NULL;
    memcpy(other, block, bytes < room ? bytes : room);
    xfree(block);
    return other;
}
