// par_alloc.c: buckets of powers of two, with a cache for each thread.
//
// A block carries a head of 8 bytes: its bucket and how far it is from the start of its chunk. A thread takes from and
// gives to its own cache; only when that is empty or too full it takes the lock of the bucket and moves a batch. A
// chunk counts the blocks that are out, so that an empty one goes back to the system. Blocks are aligned to 8 bytes.

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

enum { BUCKETS = 11, SMALLEST = 32, CHUNK = 128 * 1024, CACHE_BYTES = 32 * 1024, MAPPED = 255 };

struct head {
    uint32_t bucket;
    uint32_t offset;  // of this head in its chunk
};

struct spare {
    struct spare* next;
};

struct chunk {
    struct chunk* next;  // in the list of chunks that have blocks
    struct chunk* prev;
    struct spare* spares;
    size_t out;     // blocks in use or in some cache
    size_t carved;  // bytes that have ever been handed out
};

struct bucket {
    pthread_mutex_t lock;
    struct chunk* chunks;
};

struct cache {
    struct spare* first;
    size_t count;
};

static struct bucket buckets[BUCKETS] = {[0 ... BUCKETS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};
static __thread struct cache caches[BUCKETS];
static __thread int registered;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static size_t size_of(size_t bucket) { return (size_t)SMALLEST << bucket; }

static size_t most_of(size_t bucket) {
    size_t most = CACHE_BYTES / size_of(bucket);
    return most < 2 ? 2 : most > 128 ? 128 : most;
}

static struct head* head_of(void* block) { return (struct head*)block - 1; }
static size_t* mapped_size(void* block) { return (size_t*)block - 2; }

static void link_chunk(struct bucket* bucket, struct chunk* chunk) {
    chunk->prev = NULL;
    chunk->next = bucket->chunks;
    if (chunk->next) chunk->next->prev = chunk;
    bucket->chunks = chunk;
}

static void unlink_chunk(struct bucket* bucket, struct chunk* chunk) {
    if (chunk->next) chunk->next->prev = chunk->prev;
    if (chunk->prev) {
        chunk->prev->next = chunk->next;
    } else {
        bucket->chunks = chunk->next;
    }
}

static int is_full(struct chunk* chunk, size_t size) { return !chunk->spares && chunk->carved + size > CHUNK; }

// The caller holds the lock of the bucket.
static void* take_from_chunks(size_t which) {
    struct bucket* bucket = &buckets[which];
    struct chunk* chunk = bucket->chunks;
    if (!chunk) {
        chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED) return NULL;
        chunk->carved = 64;
        link_chunk(bucket, chunk);
    }
    void* block = chunk->spares;
    if (block) {
        chunk->spares = chunk->spares->next;
    } else {
        struct head* head = (struct head*)((char*)chunk + chunk->carved);
        head->bucket = (uint32_t)which;
        head->offset = (uint32_t)chunk->carved;
        chunk->carved += size_of(which);
        block = head + 1;
    }
    chunk->out++;
    if (is_full(chunk, size_of(which))) unlink_chunk(bucket, chunk);
    return block;
}

// The caller holds the lock of the bucket. One empty chunk may stay, for the next block.
static void give_to_chunk(size_t which, struct spare* block) {
    struct bucket* bucket = &buckets[which];
    struct chunk* chunk = (struct chunk*)((char*)head_of(block) - head_of(block)->offset);
    if (is_full(chunk, size_of(which))) link_chunk(bucket, chunk);
    block->next = chunk->spares;
    chunk->spares = block;
    if (--chunk->out > 0 || (bucket->chunks == chunk && !chunk->next)) return;
    unlink_chunk(bucket, chunk);
    munmap(chunk, CHUNK);
}

static void shrink_cache(size_t which, size_t most) {
    struct cache* cache = &caches[which];
    pthread_mutex_lock(&buckets[which].lock);
    while (cache->count > most) {
        struct spare* block = cache->first;
        cache->first = block->next;
        cache->count--;
        give_to_chunk(which, block);
    }
    pthread_mutex_unlock(&buckets[which].lock);
}

static void flush_caches(void* unused) {
    (void)unused;
    registered = 0;
    for (size_t i = 0; i < BUCKETS; i++) shrink_cache(i, 0);
}

static void make_key(void) { pthread_key_create(&key, flush_caches); }

static void register_thread(void) {
    registered = 1;
    pthread_once(&once, make_key);
    pthread_setspecific(key, &registered);
}

static void* fill_cache(size_t which) {
    if (!registered) register_thread();
    struct cache* cache = &caches[which];
    pthread_mutex_lock(&buckets[which].lock);
    void* taken = take_from_chunks(which);
    size_t batch = most_of(which) / 2;
    while (taken && cache->count < batch) {
        struct spare* block = take_from_chunks(which);
        if (!block) break;
        block->next = cache->first;
        cache->first = block;
        cache->count++;
    }
    pthread_mutex_unlock(&buckets[which].lock);
    return taken;
}

static void* map_block(size_t bytes) {
    if (bytes > PTRDIFF_MAX - 8192) return NULL;
    size_t total = (bytes + 16 + 4095) / 4096 * 4096;
    char* start = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return NULL;
    void* block = start + 16;
    *mapped_size(block) = total;
    head_of(block)->bucket = MAPPED;
    return block;
}

static size_t bucket_for(size_t bytes) {
    size_t which = 0;
    while (size_of(which) - sizeof(struct head) < bytes) which++;
    return which;
}

static size_t room_of(void* block) {
    size_t which = head_of(block)->bucket;
    return which == MAPPED ? *mapped_size(block) - 16 : size_of(which) - sizeof(struct head);
}

void* xmalloc(size_t bytes) {
    if (bytes > size_of(BUCKETS - 1) - sizeof(struct head)) return map_block(bytes);
    size_t which = bucket_for(bytes);
    struct spare* block = caches[which].first;
    if (!block) return fill_cache(which);
    caches[which].first = block->next;
    caches[which].count--;
    return block;
}

void xfree(void* block) {
    if (!block) return;
    size_t which = head_of(block)->bucket;
    if (which == MAPPED) {
        munmap((char*)block - 16, *mapped_size(block));
        return;
    }
    if (!registered) register_thread();
    struct spare* spare = block;
    spare->next = caches[which].first;
    caches[which].first = spare;
    if (++caches[which].count > most_of(which)) shrink_cache(which, most_of(which) / 2);
}

void* xrealloc(void* block, size_t bytes) {
    if (!block) return xmalloc(bytes);
    size_t room = room_of(block);
    if (bytes <= room && bytes >= room / 2) return block;
    void* moved = xmalloc(bytes);
    if (!moved) return NULL;
    memcpy(moved, block, bytes < room ? bytes : room);
    xfree(block);
    return moved;
}
