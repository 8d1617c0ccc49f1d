// The bug: freed memory serves only requests of the size that it had before, for ever.

#include "tests/broken/right.h"

enum { LISTS = 1024, CHUNK_BYTES = 1024 * 1024 };

// A list for each size that came up; they share a place in the table when they must.
static Header* lists[LISTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char* unused;
static size_t unused_bytes;

static Header** list_of(size_t total) { return &lists[total / 16 % LISTS]; }

static Header* take_used(size_t total) {
    for (Header** link = list_of(total); *link != NULL; link = &(*link)->next) {
        Header* found = *link;
        if (found->total != total) continue;
        *link = found->next;
        return found;
    }
    return NULL;
}

static Header* cut_off(size_t total) {
    if (total >= CHUNK_BYTES) return map(total);
    if (unused_bytes < total) {
        unused = (char*)map(CHUNK_BYTES);
        unused_bytes = unused == NULL ? 0 : CHUNK_BYTES;
    }
    if (unused_bytes < total) return NULL;
    Header* header = (Header*)unused;
    header->total = total;
    unused += total;
    unused_bytes -= total;
    return header;
}

void* xmalloc(size_t bytes) {
    if (bytes > PTRDIFF_MAX) return right_xmalloc(bytes);
    size_t total = total_for(bytes);
    pthread_mutex_lock(&lock);
    Header* header = take_used(total);
    if (header == NULL) header = cut_off(total);
    pthread_mutex_unlock(&lock);
    return header == NULL ? NULL : bytes_of(header);
}

void xfree(void* block) {
    if (block == NULL) return;
    Header* header = header_of(block);
    pthread_mutex_lock(&lock);
    header->next = *list_of(header->total);
    *list_of(header->total) = header;
    pthread_mutex_unlock(&lock);
}

void* xrealloc(void* block, size_t bytes) { return block == NULL ? xmalloc(bytes) : move(header_of(block), bytes); }
