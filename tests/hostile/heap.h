// heap.h: a small right allocator, behind which the hostile submissions do what they do.
//
// tests/corpus/unpack puts its text where a submission includes it, so that each one is handed in as a file of its own.
// Bins of one size each with a lock; the head of a block points to its chunk, and an empty chunk is unmapped.

#ifndef HEAP_H
#define HEAP_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { HEAP_CHUNK = 65536, HEAP_BINS = 17 };

struct heap_chunk {
    struct heap_chunk* next;
    struct heap_chunk* prev;
    void** freed;
    size_t step;  // bytes from one block to the next
    size_t used;
    size_t end;  // of what was ever handed out
    unsigned bin;
};

struct heap_head {
    struct heap_chunk* chunk;  // NULL for a block that was mapped on its own
    size_t room;
};

static struct {
    pthread_mutex_t lock;
    struct heap_chunk* chunks;  // those with a free block
} heap_bins[HEAP_BINS] = {[0 ... HEAP_BINS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

static void* heap_map(size_t bytes) {
    void* start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

static void heap_link(struct heap_chunk* chunk) {
    chunk->prev = NULL;
    chunk->next = heap_bins[chunk->bin].chunks;
    if (chunk->next) chunk->next->prev = chunk;
    heap_bins[chunk->bin].chunks = chunk;
}

static void heap_unlink(struct heap_chunk* chunk) {
    if (chunk->next) chunk->next->prev = chunk->prev;
    if (chunk->prev) {
        chunk->prev->next = chunk->next;
    } else {
        heap_bins[chunk->bin].chunks = chunk->next;
    }
}

static int heap_is_full(const struct heap_chunk* chunk) {
    return !chunk->freed && chunk->end + chunk->step > HEAP_CHUNK;
}

static void* heap_take_from(unsigned bin, size_t step) {
    struct heap_chunk* chunk = heap_bins[bin].chunks;
    if (!chunk) {
        chunk = heap_map(HEAP_CHUNK);
        if (!chunk) return NULL;
        chunk->step = step;
        chunk->end = 64;
        chunk->bin = bin;
        heap_link(chunk);
    }
    void** block = chunk->freed;
    if (block) {
        chunk->freed = *block;
    } else {
        struct heap_head* head = (struct heap_head*)((char*)chunk + chunk->end);
        head->chunk = chunk;
        head->room = step - sizeof *head;
        chunk->end += step;
        block = (void**)(head + 1);
    }
    chunk->used++;
    if (heap_is_full(chunk)) heap_unlink(chunk);
    return block;
}

static void* heap_take(size_t bytes) {
    unsigned bin = 0;
    size_t step = 32;
    while (bin < HEAP_BINS && bytes > step - sizeof(struct heap_head)) {
        bin++;
        step = (bin % 2 ? (size_t)48 : (size_t)32) << bin / 2;
    }
    if (bin < HEAP_BINS) {
        pthread_mutex_lock(&heap_bins[bin].lock);
        void* block = heap_take_from(bin, step);
        pthread_mutex_unlock(&heap_bins[bin].lock);
        return block;
    }
    if (bytes > PTRDIFF_MAX - 8192) return NULL;
    size_t total = (bytes + sizeof(struct heap_head) + 4095) / 4096 * 4096;
    struct heap_head* head = heap_map(total);
    if (!head) return NULL;
    head->room = total - sizeof *head;
    return head + 1;
}

static void heap_give(void* bytes) {
    if (!bytes) return;
    struct heap_head* head = (struct heap_head*)bytes - 1;
    struct heap_chunk* chunk = head->chunk;
    if (!chunk) {
        munmap(head, head->room + sizeof *head);
        return;
    }
    unsigned bin = chunk->bin;
    pthread_mutex_lock(&heap_bins[bin].lock);
    if (heap_is_full(chunk)) heap_link(chunk);
    *(void**)bytes = chunk->freed;
    chunk->freed = bytes;
    if (--chunk->used == 0 && (chunk->next || chunk->prev)) {
        heap_unlink(chunk);
        munmap(chunk, HEAP_CHUNK);
    }
    pthread_mutex_unlock(&heap_bins[bin].lock);
}

static void* heap_resize(void* bytes, size_t wanted) {
    if (!bytes) return heap_take(wanted);
    size_t room = ((struct heap_head*)bytes - 1)->room;
    if (wanted <= room && wanted > room / 2) return bytes;
    void* moved = heap_take(wanted);
    if (!moved) return NULL;
    memcpy(moved, bytes, wanted < room ? wanted : room);
    heap_give(bytes);
    return moved;
}

#endif
