// No bug, under the terms of the course as it was first given: the homework just as its text asks for it. One list in
// address order, coalesced, under one lock. A request of B bytes takes B and a size_t, not rounded, so blocks may lie
// at any address; about a page and more is mapped alone. NULL and 0 bytes were never promised, and end badly here.

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

enum { PAGE_BYTES = 4096, HEADER_BYTES = sizeof(size_t) };

// Lies at the start of a free cell, at any address: reads and writes go through memcpy.
typedef struct Free {
    size_t bytes;  // of the whole cell
    char* next;
} Free;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char* first;

static Free load(const char* cell) {
    Free free;
    memcpy(&free, cell, sizeof free);
    return free;
}

static void store(char* cell, size_t bytes, char* next) {
    Free free = {bytes, next};
    memcpy(cell, &free, sizeof free);
}

static char* map(size_t bytes) {
    void* start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

static void link_behind(char* before, char* cell) {
    if (before == NULL) {
        first = cell;
    } else {
        store(before, load(before).bytes, cell);
    }
}

static void insert(char* cell, size_t bytes) {
    char* before = NULL;
    char* after = first;
    while (after != NULL && after < cell) {
        before = after;
        after = load(after).next;
    }
    if (after != NULL && cell + bytes == after) {
        bytes += load(after).bytes;
        after = load(after).next;
    }
    if (before != NULL && before + load(before).bytes == cell) {
        store(before, load(before).bytes + bytes, after);
    } else {
        store(cell, bytes, after);
        link_behind(before, cell);
    }
}

// The first cell that is long enough; what is left of it stays in the list, if it can hold its own record.
static char* cut(size_t bytes, size_t* taken) {
    char* before = NULL;
    for (char* cell = first; cell != NULL; cell = load(cell).next) {
        Free free = load(cell);
        if (free.bytes >= bytes) {
            bool splits = free.bytes - bytes >= sizeof(Free);
            *taken = splits ? bytes : free.bytes;
            if (splits) store(cell + bytes, free.bytes - bytes, free.next);
            link_behind(before, splits ? cell + bytes : free.next);
            return cell;
        }
        before = cell;
    }
    return NULL;
}

void* xmalloc(size_t bytes) {
    if (bytes > PTRDIFF_MAX) return NULL;
    size_t total = bytes + HEADER_BYTES;
    if (total < sizeof(Free)) total = sizeof(Free);
    char* cell;
    // Also what would have no room beside it for a record: it might take a whole page with what is left, and xfree goes
    // by the size.
    if (total > PAGE_BYTES - sizeof(Free)) {
        total = (total + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
        cell = map(total);
    } else {
        size_t wanted = total;
        pthread_mutex_lock(&lock);
        cell = cut(wanted, &total);
        if (cell == NULL) {
            char* page = map(PAGE_BYTES);
            if (page != NULL) {
                insert(page, PAGE_BYTES);
                cell = cut(wanted, &total);
            }
        }
        pthread_mutex_unlock(&lock);
    }
    if (cell == NULL) return NULL;
    memcpy(cell, &total, sizeof total);
    return cell + HEADER_BYTES;
}

void xfree(void* block) {
    char* cell = (char*)block - HEADER_BYTES;
    size_t total;
    memcpy(&total, cell, sizeof total);
    if (total >= PAGE_BYTES) {
        munmap(cell, total);
        return;
    }
    pthread_mutex_lock(&lock);
    insert(cell, total);
    pthread_mutex_unlock(&lock);
}

void* xrealloc(void* block, size_t bytes) {
    size_t total;
    memcpy(&total, (char*)block - HEADER_BYTES, sizeof total);
    size_t old_bytes = total - HEADER_BYTES;
    void* moved = xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
    xfree(block);
    return moved;
}
