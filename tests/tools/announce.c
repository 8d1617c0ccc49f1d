// announce.c: the three calls with an announcement of every block to the tool that looks on. See announce.h.
//
// A freed block does not go back to the backend at once. It waits in a queue with its memory forbidden, so that a use
// after free is seen before the memory has a new owner. The queue is bounded, by number and by bytes. When a block
// leaves it, its memory is made plain, because then it is the backend's, and what a backend notes in free memory is
// no error.

#include "tests/tools/announce.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

// The linker's names for the backend's calls, and for ours, which the program calls.
void* __real_xmalloc(size_t bytes);
void __real_xfree(void* block);
void* __real_xrealloc(void* block, size_t bytes);
void* __wrap_xmalloc(size_t bytes);
void __wrap_xfree(void* bytes);
void* __wrap_xrealloc(void* bytes, size_t new_bytes);

enum { WAITING_MOST = 4096, WAITING_BYTES_MOST = 4 << 20, WAITING_BLOCK_BYTES_MOST = 1 << 20 };

typedef struct Waiting {
    Block* block;
    size_t bytes;  // kept here, so that nobody needs to look into forbidden memory
} Waiting;

static struct {
    pthread_mutex_t lock;
    Waiting ring[WAITING_MOST];
    size_t oldest, count, bytes;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

// Takes the oldest block out of the queue if there is no room for one more of that many bytes.
static bool leave_queue(size_t bytes_more, Waiting* left) {
    pthread_mutex_lock(&queue.lock);
    bool full = queue.count == WAITING_MOST || (queue.count > 0 && queue.bytes + bytes_more > WAITING_BYTES_MOST);
    if (full) {
        *left = queue.ring[queue.oldest];
        queue.oldest = (queue.oldest + 1) % WAITING_MOST;
        queue.count--;
        queue.bytes -= left->bytes;
    }
    pthread_mutex_unlock(&queue.lock);
    return full;
}

// False if another thread took the room meanwhile.
static bool join_queue(Waiting joining) {
    pthread_mutex_lock(&queue.lock);
    bool joined = queue.count < WAITING_MOST;
    if (joined) {
        queue.ring[(queue.oldest + queue.count) % WAITING_MOST] = joining;
        queue.count++;
        queue.bytes += joining.bytes;
    }
    pthread_mutex_unlock(&queue.lock);
    return joined;
}

Block* waiting_block_at(const char* address) {
    Block* found = NULL;
    pthread_mutex_lock(&queue.lock);
    for (size_t k = 0; k < queue.count && found == NULL; k++) {
        Waiting* waiting = &queue.ring[(queue.oldest + k) % WAITING_MOST];
        if (is_at(waiting->block, waiting->bytes, address)) found = waiting->block;
    }
    pthread_mutex_unlock(&queue.lock);
    return found;
}

// What is in a block is the backend's to read when it gets it back: it may look for what only a free block has.
static void give_to_backend(Waiting left) {
    tool_show(left.block, whole_size(left.bytes));
    __real_xfree(left.block);
}

static void announce(Block* block, size_t bytes, size_t kept, const void* taker) {
    tool_show(block, sizeof *block);
    *block = (Block){.state = LIVE, .bytes = bytes, .taker = taker};
    tool_block_taken(block, kept);
}

static void* take(size_t bytes, const void* taker) {
    Block* block = __real_xmalloc(whole_size(bytes));
    if (block == NULL) return NULL;
    tool_reset(block, whole_size(bytes));
    announce(block, bytes, 0, taker);
    return bytes_of(block);
}

// The block behind a pointer that the program wants to free or resize, with its notes made readable; NULL, after a
// report, if there is none.
static Block* live_block_of(void* bytes, const void* culprit) {
    Block* block = block_of(bytes);
    tool_show(block, sizeof *block);
    if (block->state == LIVE) return block;
    tool_report_bad_free(block, culprit);
    return NULL;
}

static void give(Block* block, const void* freer) {
    Waiting joining = {.block = block, .bytes = block->bytes};
    block->state = FREED;
    block->freer = freer;
    tool_block_freed(block);

    if (joining.bytes > WAITING_BLOCK_BYTES_MOST) {
        give_to_backend(joining);
        return;
    }
    do {
        Waiting left;
        while (leave_queue(joining.bytes, &left)) give_to_backend(left);
    } while (!join_queue(joining));
}

// Resizes the way the backend does it. Between the two announcements the block is plain memory, and so is what the
// backend leaves behind: a later use through the old pointer is not seen.
static void* resize_by_backend(Block* block, size_t bytes, const void* taker) {
    size_t old_bytes = block->bytes;
    const void* old_taker = block->taker;
    tool_block_freed(block);
    tool_show(block, whole_size(old_bytes));
    Block* resized = __real_xrealloc(block, whole_size(bytes));
    if (resized == NULL) {
        announce(block, old_bytes, old_bytes, old_taker);
        return NULL;
    }
    announce(resized, bytes, old_bytes < bytes ? old_bytes : bytes, taker);
    return bytes_of(resized);
}

// Resizes by moving to a new block, so that the old one waits in the queue: a later use through the old pointer is
// seen.
static void* resize_by_moving(Block* block, size_t bytes, const void* taker) {
    size_t old_bytes = block->bytes;
    tool_hide(block, sizeof *block);
    void* moved = take(bytes, taker);
    if (moved == NULL) return NULL;
    memcpy(moved, bytes_of(block), old_bytes < bytes ? old_bytes : bytes);
    tool_show(block, sizeof *block);
    give(block, taker);
    return moved;
}

void* __wrap_xmalloc(size_t bytes) { return take(bytes, __builtin_return_address(0)); }

void __wrap_xfree(void* bytes) {
    if (bytes == NULL) return;
    int kept_errno = errno;
    Block* block = live_block_of(bytes, __builtin_return_address(0));
    errno = kept_errno;
    if (block != NULL) give(block, __builtin_return_address(0));
}

void* __wrap_xrealloc(void* bytes, size_t new_bytes) {
    static atomic_uint turn;
    const void* caller = __builtin_return_address(0);
    if (bytes == NULL) return take(new_bytes, caller);
    if (new_bytes == 0) {
        __wrap_xfree(bytes);
        return NULL;
    }
    Block* block = live_block_of(bytes, caller);
    if (block == NULL) return NULL;

    // Both ways find faults that the other cannot, so they take turns. A large block cannot wait, so it need not move.
    bool large = block->bytes > WAITING_BLOCK_BYTES_MOST || new_bytes > WAITING_BLOCK_BYTES_MOST;
    return large || atomic_fetch_add(&turn, 1) % 2 == 1 ? resize_by_backend(block, new_bytes, caller)
                                                        : resize_by_moving(block, new_bytes, caller);
}
