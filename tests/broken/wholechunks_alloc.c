// The bug: a small block that is freed serves again only when all others of its chunk are free.

#include "tests/broken/right.h"

enum { CHUNK_BYTES = 64 * 1024 };

typedef struct Chunk {
    size_t used;  // bytes that were ever handed out, this head included
    size_t live;  // blocks
    struct Chunk* next_empty;
    size_t unused;
} Chunk;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Chunk* current;
static Chunk* empty;

static Chunk* another_chunk(void) {
    bool is_same = current != NULL && current->live == 0;
    Chunk* chunk = is_same ? current : empty;
    if (chunk != NULL && !is_same) empty = chunk->next_empty;
    if (chunk == NULL) chunk = (Chunk*)map(CHUNK_BYTES);
    if (chunk != NULL) *chunk = (Chunk){.used = sizeof *chunk};
    return chunk;
}

// The link of a header is unused while its block is live: there is the chunk.
static void* cut_from_chunk(size_t total) {
    pthread_mutex_lock(&lock);
    if (current == NULL || current->used + total > CHUNK_BYTES) current = another_chunk();
    Header* header = NULL;
    if (current != NULL) {
        header = (Header*)((char*)current + current->used);
        *header = (Header){.total = total, .next = (Header*)current};
        current->used += total;
        current->live++;
    }
    pthread_mutex_unlock(&lock);
    return header == NULL ? NULL : bytes_of(header);
}

void* xmalloc(size_t bytes) {
    bool is_small = bytes < PAGE_BYTES && !is_mapped(total_for(bytes));
    return is_small ? cut_from_chunk(total_for(bytes)) : right_xmalloc(bytes);
}

void xfree(void* block) {
    if (block == NULL || is_mapped(header_of(block)->total)) {
        right_xfree(block);
        return;
    }
    Chunk* chunk = (Chunk*)header_of(block)->next;
    pthread_mutex_lock(&lock);
    if (--chunk->live == 0 && chunk != current) {
        chunk->next_empty = empty;
        empty = chunk;
    }
    pthread_mutex_unlock(&lock);
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL) return xmalloc(bytes);
    size_t old_bytes = header_of(block)->total - sizeof(Header);
    void* moved = bytes == 0 ? NULL : xmalloc(bytes);
    if (moved == NULL && bytes != 0) return NULL;
    if (moved != NULL) memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
    xfree(block);
    return moved;
}
