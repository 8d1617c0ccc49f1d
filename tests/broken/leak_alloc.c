// The bug: no block is ever freed. Small ones are cut off one after the other, so this is quick as long as it lasts.

#include "tests/broken/right.h"

enum { CHUNK_BYTES = 1024 * 1024 };

static char* unused;
static size_t unused_bytes;

static Header* cut_off(size_t total) {
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
    if (bytes > PTRDIFF_MAX || is_mapped(total_for(bytes))) return right_xmalloc(bytes);
    pthread_mutex_lock(&heap.lock);
    Header* header = cut_off(total_for(bytes));
    pthread_mutex_unlock(&heap.lock);
    return header == NULL ? NULL : bytes_of(header);
}

void xfree(void* block) { (void)block; }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }
