// par_alloc.c: xfree hands the block to a thread of our own, which a constructor has started, so that nobody waits for
// munmap. Who finds the queue full waits until there is room, and who finds no memory until the queue is empty.
//
// Below is one lock, and one list of pages for each size in steps of 16 bytes, as in ../plain.

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

#define GROUP_BYTES 32768
#define LARGEST 2000
#define SIZES (LARGEST / 16 + 2)

struct group {
    struct group* next;
    struct group* last;
    void** free;
    size_t used;
    size_t cut;  // bytes of the group that were ever used
    size_t step;
};

struct head {
    struct group* group;
    size_t bytes;  // room for the caller
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct group* groups[SIZES];

static void* pages(size_t bytes) {
    void* start = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? 0 : start;
}

static void enlist(struct group* group) {
    struct group** first = &groups[group->step / 16 - 1];
    group->last = 0;
    group->next = *first;
    if (*first) (*first)->last = group;
    *first = group;
}

static void delist(struct group* group) {
    if (group->next) group->next->last = group->last;
    if (group->last) {
        group->last->next = group->next;
    } else {
        groups[group->step / 16 - 1] = group->next;
    }
}

static int full(struct group* group) { return !group->free && group->cut + group->step > GROUP_BYTES; }

static void* take(size_t step) {
    struct group* group = groups[step / 16 - 1];
    if (!group) {
        group = pages(GROUP_BYTES);
        if (!group) return 0;
        group->cut = 64;
        group->step = step;
        enlist(group);
    }
    void* block = group->free;
    if (block) {
        group->free = *group->free;
    } else {
        struct head* head = (struct head*)((char*)group + group->cut);
        head->group = group;
        head->bytes = step - sizeof *head;
        group->cut += step;
        block = head + 1;
    }
    group->used++;
    if (full(group)) delist(group);
    return block;
}

static void give(struct group* group, void** block) {
    if (full(group)) enlist(group);
    *block = group->free;
    group->free = block;
    if (--group->used == 0 && (group->next || group->last)) {
        delist(group);
        munmap(group, GROUP_BYTES);
    }
}

static void* take_any(size_t bytes) {
    if (bytes > LARGEST) {
        if (bytes > PTRDIFF_MAX / 2) return 0;
        size_t total = (bytes + sizeof(struct head) + 4095) & ~4095ul;
        struct head* head = pages(total);
        if (!head) return 0;
        head->bytes = total - sizeof *head;
        return head + 1;
    }
    size_t step = (bytes + sizeof(struct head) + 15) & ~15ul;
    pthread_mutex_lock(&lock);
    void* block = take(step < 32 ? 32 : step);
    pthread_mutex_unlock(&lock);
    return block;
}

static void give_any(void* block) {
    struct head* head = (struct head*)block - 1;
    if (!head->group) {
        munmap(head, head->bytes + sizeof *head);
        return;
    }
    pthread_mutex_lock(&lock);
    give(head->group, block);
    pthread_mutex_unlock(&lock);
}

#define QUEUED 64

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    void* blocks[QUEUED];
    size_t count;
    int busy;
} queue = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0, 0};

static void* run_errands(void* nothing) {
    pthread_mutex_lock(&queue.lock);
    for (;;) {
        while (queue.count == 0) pthread_cond_wait(&queue.filled, &queue.lock);
        void* taken[QUEUED];
        size_t count = queue.count;
        memcpy(taken, queue.blocks, sizeof taken);
        queue.count = 0;
        queue.busy = 1;
        pthread_mutex_unlock(&queue.lock);
        for (size_t i = 0; i < count; i++) give_any(taken[i]);
        pthread_mutex_lock(&queue.lock);
        queue.busy = 0;
        pthread_cond_broadcast(&queue.emptied);
    }
    return nothing;
}

__attribute__((constructor)) static void begin(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    pthread_create(&thread, &attributes, run_errands, 0);
}

void* xmalloc(size_t bytes) {
    void* block = take_any(bytes);
    if (block) return block;
    pthread_mutex_lock(&queue.lock);
    while (queue.count > 0 || queue.busy) pthread_cond_wait(&queue.emptied, &queue.lock);
    pthread_mutex_unlock(&queue.lock);
    return take_any(bytes);
}

void xfree(void* block) {
    if (!block) return;
    pthread_mutex_lock(&queue.lock);
    while (queue.count == QUEUED) pthread_cond_wait(&queue.emptied, &queue.lock);
    queue.blocks[queue.count++] = block;
    pthread_cond_signal(&queue.filled);
    pthread_mutex_unlock(&queue.lock);
}

void* xrealloc(void* block, size_t bytes) {
    if (!block) return xmalloc(bytes);
    size_t room = ((struct head*)block - 1)->bytes;
    void* moved = xmalloc(bytes);
    if (!moved) return 0;
    memcpy(moved, block, room < bytes ? room : bytes);
    xfree(block);
    return moved;
}
