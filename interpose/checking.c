// checking.c: the three calls with a check of every block, for the checking build (`make DEBUG=1`).
//
// The backend behind this layer is the one that is timed: the linker's --wrap leads the calls of a program here first.
// The layer keeps a table of all blocks, fills them with bytes that nobody mistakes for content, and asks the backend
// for a little more than the program did:
//
//     | the caller's bytes | red zone, 16 to 31 bytes, up to where another block may begin |
//
// A freed block waits in a queue before the backend gets it back, so that a late write into it is seen and not suffered
// by the next owner. Every so many calls the heap itself is checked (par/check.h) while other threads go on. What is
// wrong ends the process with one line: call, pointer, what happened, what to do.
//
// A call costs O(1) and two or three turns of one lock; the table has 48 to 96 bytes for each block.

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "interpose/checking.h"
#include "interpose/fork_lock.h"
#include "interpose/history.h"
#include "par/check.h"
#include "par/last_words.h"
#include "programs/environment.h"

// The linker's names for the backend's calls.
void* __real_xmalloc(size_t bytes);
void __real_xfree(void* block);
void* __real_xrealloc(void* block, size_t bytes);

enum {
    // As parts of a pointer they are no address that a process can have: who follows one crashes there and then.
    FRESH_BYTE = 0xa5,
    FREED_BYTE = 0xde,
    RED_ZONE_BYTE = 0xbd,

    ALIGNMENT = 16,               // what xmalloc.h promises
    RED_ZONE_BYTES = 16,          // or more, up to where the next block may begin
    FILLED_BYTES_MOST = 1 << 20,  // of one block: the rest of a larger one shall not become memory for our sake

    WAITING_MOST = 1024,
    WAITING_BYTES_MOST = 1 << 20,
    WAITING_BLOCK_BYTES_MOST = 64 << 10,  // a larger block does not wait

    FIRST_CAPACITY = 1 << 12,  // of the table
};

struct block {
    char* start;
    size_t bytes;  // that the program asked for
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;  // guards the table and the queue, not what is in the blocks

static void take_lock(void) { pthread_mutex_lock(&lock); }
static void give_lock(void) { pthread_mutex_unlock(&lock); }

// Early, because handlers run before a fork in the reverse order of their registration: those of the program may
// allocate.
static void before_fork(void) { fork_takes(&lock); }
static void after_fork(void) { fork_gives(&lock); }
static __attribute__((constructor(101))) void fork_set_up(void) { pthread_atfork(before_fork, after_fork, after_fork); }

// ---- Reports ----

// Ends the process with one line. Takes no memory.
static _Noreturn __attribute__((format(printf, 3, 4))) void report(const char* call, const void* pointer,
                                                                   const char* format, ...) {
    char line[400];
    int length = snprintf(line, sizeof line, "%s(%p): ", call, pointer);
    va_list values;
    va_start(values, format);
    length += vsnprintf(line + length, sizeof line - (size_t)length, format, values);
    va_end(values);
    if (length > (int)sizeof line - 1) length = (int)sizeof line - 1;
    line[length] = '\n';
    last_words(line, (size_t)length + 1);
    (void)pthread_mutex_trylock(&lock);  // who explains must be able to fork
    pthread_mutex_unlock(&lock);
    history_tell(pointer);
    abort();
}

// ---- The table of blocks, under the lock ----

size_t checking_whole(size_t bytes) {
    if (bytes > SIZE_MAX - RED_ZONE_BYTES - ALIGNMENT) return SIZE_MAX;
    return (bytes + RED_ZONE_BYTES + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

enum state {
    UNKNOWN,  // no block ever began here
    LIVE,
    WITHHELD,  // freed, but the backend has not got it back yet
    GONE,      // the backend has
};

struct record {
    struct block block;
    enum state state;
};

// Open addressing. A record is never taken out, so that a second free is known for one however late it comes. When the
// table is half full it is made anew without the blocks that are gone.
static struct {
    struct record* records;
    size_t capacity;  // a power of two, or 0 at first
    size_t used;      // records that are not UNKNOWN
    size_t held;      // records that are LIVE or WITHHELD
} table;

// Where the record of a block is or would be. The table has free places.
static struct record* place_of(const char* start) {
    size_t mixed = (size_t)((uintptr_t)start / ALIGNMENT * UINT64_C(0x9e3779b97f4a7c15) >> 20);
    size_t place = mixed & (table.capacity - 1);
    while (table.records[place].state != UNKNOWN && table.records[place].block.start != start) {
        place = (place + 1) & (table.capacity - 1);
    }
    return &table.records[place];
}

static bool is_held(const struct record* record) { return record->state == LIVE || record->state == WITHHELD; }

static bool make_anew(size_t capacity) {
    struct record* old = table.records;
    size_t old_capacity = table.capacity;
    void* mapped =
        mmap(NULL, capacity * sizeof *old, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) {
        errno = ENOMEM;  // the system may have said something else
        return false;
    }

    table.records = mapped;
    table.capacity = capacity;
    table.used = table.held;
    for (size_t i = 0; i < old_capacity; i++) {
        if (is_held(&old[i])) *place_of(old[i].block.start) = old[i];
    }
    size_t old_bytes = old_capacity * sizeof *old;
    if (old != NULL && munmap(old, old_bytes) != 0) madvise(old, old_bytes, MADV_DONTNEED);
    return true;
}

// Sees to it that every thread can enter a block: half of the table is more than there are threads.
// Result: false with errno ENOMEM when there is no memory.
static bool make_room(void) {
    take_lock();
    bool has_room = table.used < table.capacity / 2;
    if (!has_room) {
        bool grows = table.held >= table.capacity / 4;
        size_t capacity = grows ? 2 * table.capacity : table.capacity;
        has_room = make_anew(capacity == 0 ? FIRST_CAPACITY : capacity);
    }
    give_lock();
    return has_room;
}

// The live or withheld block that has the address in it or in its red zone, or NULL. O(size of the table): only for who
// has failed.
static const struct record* record_around(const char* address) {
    for (size_t i = 0; i < table.capacity; i++) {
        const struct record* record = &table.records[i];
        if (is_held(record) && address >= record->block.start &&
            address < record->block.start + checking_whole(record->block.bytes)) {
            return record;
        }
    }
    return NULL;
}

static _Noreturn void report_no_live_block(const char* call, const char* pointer, const struct record* record) {
    if (record != NULL && record->state != UNKNOWN) {
        report(call, pointer, "this block of %zu bytes was freed or moved before; %s", record->block.bytes,
               "free it once, and after xrealloc use only what that returned");
    }
    const struct record* around = record_around(pointer);
    if (around != NULL) {
        report(call, pointer, "this is byte %zu of the %s block %p of %zu bytes; %s",
               (size_t)(pointer - around->block.start), around->state == LIVE ? "live" : "freed",
               (void*)around->block.start, around->block.bytes, "give the pointer that xmalloc or xrealloc returned");
    }
    report(call, pointer, "this pointer was never handed out, or was freed long ago; %s",
           "give only what xmalloc or xrealloc returned, once");
}

// ---- What is in the blocks ----

static void fill(char* start, int byte, size_t bytes) {
    memset(start, byte, bytes < FILLED_BYTES_MOST ? bytes : FILLED_BYTES_MOST);
}

// The position of the first of some bytes (one or more) that is not what all of them should be; their number when all
// are right.
static size_t first_other(const char* start, int byte, size_t bytes) {
    bool all_are_right = (unsigned char)start[0] == byte && memcmp(start, start + 1, bytes - 1) == 0;
    if (all_are_right) return bytes;
    size_t position = 0;
    while ((unsigned char)start[position] == byte) position++;
    return position;
}

static void check_red_zone(const char* call, struct block block) {
    size_t zone = checking_whole(block.bytes) - block.bytes;
    size_t position = first_other(block.start + block.bytes, RED_ZONE_BYTE, zone);
    if (position == zone) return;
    history_overwritten(block.start + block.bytes, zone, RED_ZONE_BYTE);
    const char* next = position == 0 ? "" : ", or the next one was written in front of its own";
    report(call, block.start, "byte %zu was written, but this block has %zu bytes%s; ask for more, or stay within them",
           block.bytes + position, block.bytes, next);
}

static void check_freed(struct block block) {
    size_t position = first_other(block.start, FREED_BYTE, checking_whole(block.bytes));
    if (position == checking_whole(block.bytes)) return;
    history_overwritten(block.start, checking_whole(block.bytes), FREED_BYTE);
    report("xfree", block.start, "byte %zu of this block of %zu bytes was written after the block had been freed; %s",
           position, block.bytes, "forget every pointer to a block before you free it");
}

// ---- The queue of freed blocks, under the lock ----

static struct {
    struct block ring[WAITING_MOST];
    size_t oldest, count, bytes;
} queue;

// Lets a block join the queue if there is room for it; otherwise the oldest one leaves.
// Result: whether it joined.
static bool join_queue(struct block joining, struct block* left) {
    take_lock();
    bool full =
        queue.count == WAITING_MOST || (queue.count > 0 && queue.bytes + joining.bytes > (size_t)WAITING_BYTES_MOST);
    if (full) {
        *left = queue.ring[queue.oldest];
        queue.oldest = (queue.oldest + 1) % WAITING_MOST;
        queue.count--;
        queue.bytes -= left->bytes;
    } else {
        queue.ring[(queue.oldest + queue.count++) % WAITING_MOST] = joining;
        queue.bytes += joining.bytes;
    }
    give_lock();
    return !full;
}

static void check_queue(void) {
    take_lock();
    for (size_t i = 0; i < queue.count; i++) check_freed(queue.ring[(queue.oldest + i) % WAITING_MOST]);
    give_lock();
}

// At the end of the process: blocks that no other one pushed out of the queue, and those that nobody frees. Other
// threads may go on: what they are about to free or to resize is no live block any more.
static __attribute__((destructor)) void check_all(void) {
    check_queue();
    take_lock();
    for (size_t i = 0; i < table.capacity; i++) {
        if (table.records[i].state == LIVE) check_red_zone("exit", table.records[i].block);
    }
    give_lock();
}

// ---- From one state to the next ----

// A block that the backend gave, with its first `kept` bytes as the program knows them, becomes a live one.
static void begin(const char* call, struct block block, size_t kept) {
    if ((uintptr_t)block.start % ALIGNMENT != 0) {
        report(call, block.start,
               "the allocator gave this block of %zu bytes, not aligned to %d; that is its own fault", block.bytes,
               ALIGNMENT);
    }
    if (kept < block.bytes) fill(block.start + kept, FRESH_BYTE, block.bytes - kept);
    memset(block.start + block.bytes, RED_ZONE_BYTE, checking_whole(block.bytes) - block.bytes);

    take_lock();
    struct record* record = place_of(block.start);
    if (is_held(record)) {
        report(call, block.start,
               "the allocator gave this block of %zu bytes while it was in use; that is its own fault", block.bytes);
    }
    if (record->state == UNKNOWN) table.used++;
    table.held++;
    *record = (struct record){.block = block, .state = LIVE};
    give_lock();
    history_taken(block.start, block.bytes);
}

// The block that begins here is live no longer. What is no live block, or has an overrun, ends the process.
static struct block end(const char* call, char* start) {
    take_lock();
    struct record* record = table.capacity == 0 ? NULL : place_of(start);
    if (record == NULL || record->state != LIVE) report_no_live_block(call, start, record);
    struct block block = record->block;
    record->state = WITHHELD;
    give_lock();
    check_red_zone(call, block);
    history_freed(block.start);
    return block;
}

size_t checking_bytes(const char* call, void* start) {
    take_lock();
    struct record* record = table.capacity == 0 ? NULL : place_of(start);
    if (record == NULL || record->state != LIVE) report_no_live_block(call, start, record);
    size_t bytes = record->block.bytes;
    give_lock();
    return bytes;
}

void checking_expect(const char* call, void* start, size_t bytes) {
    size_t asked = checking_bytes(call, start);
    if (asked == bytes) return;
    report(call, start, "this block has %zu bytes, and the call says %zu; %s", asked, bytes,
           "say what was asked for; delete an object by its own type, or give its base a virtual destructor");
}

// The next call hands this block to the backend, who may give it to another thread at once.
static void let_go(struct block block) {
    take_lock();
    place_of(block.start)->state = GONE;
    table.held--;
    give_lock();
}

static void give_to_backend(struct block block) {
    let_go(block);
    __real_xfree(block.start);
}

static void give(struct block block) {
    fill(block.start, FREED_BYTE, checking_whole(block.bytes));
    if (block.bytes > WAITING_BLOCK_BYTES_MOST) {
        give_to_backend(block);
        return;
    }
    struct block left;
    while (!join_queue(block, &left)) {
        check_freed(left);
        give_to_backend(left);
    }
}

static void* take(const char* call, size_t bytes) {
    if (!make_room()) return NULL;
    char* start = __real_xmalloc(checking_whole(bytes));
    if (start != NULL) begin(call, (struct block){start, bytes}, 0);
    return start;
}

void* checking_take_from(const char* call, void* start, size_t bytes) {
    if (start == NULL) return NULL;
    if (make_room()) {
        begin(call, (struct block){start, bytes}, 0);
        return start;
    }
    __real_xfree(start);
    return NULL;
}

// Resizes by moving to a new block, so that the old one waits in the queue: a later write into it is seen.
static void* resize_by_moving(struct block old, size_t bytes) {
    char* moved = take("xrealloc", bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, old.start, old.bytes < bytes ? old.bytes : bytes);
    give(old);
    return moved;
}

// Resizes the way the backend does it, which is to be tested as well.
static void* resize_by_backend(struct block old, size_t bytes) {
    let_go(old);
    char* start = __real_xrealloc(old.start, checking_whole(bytes));
    if (start == NULL) {
        begin("xrealloc", old, old.bytes);
    } else {
        begin("xrealloc", (struct block){start, bytes}, old.bytes < bytes ? old.bytes : bytes);
    }
    return start;
}

// ---- The heap itself ----

static unsigned long check_every = 100000;  // calls; 0: never

static __attribute__((constructor)) void read_check_every(int argc, char** argv, char** environment) {
    (void)argc;
    (void)argv;
    const char* wanted = environment_variable(environment, "PAR_CHECK_EVERY");
    if (wanted == NULL) return;
    char* rest;
    errno = 0;
    check_every = strtoul(wanted, &rest, 10);
    if (errno == 0 && rest != wanted && *rest == '\0' && *wanted != '-') return;
    fprintf(stderr, "PAR_CHECK_EVERY is \"%s\", but must be a number of calls, or 0 for never\n", wanted);
    exit(2);
}

static void count_call(void) {
    static atomic_ulong calls;
    // order: relaxed. Each call gets a number of its own; the checks take locks of their own.
    unsigned long call = atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed) + 1;
    if (check_every == 0 || call % check_every != 0) return;
    int kept_errno = errno;
    check_queue();
    par_check();
    errno = kept_errno;
}

// ---- The three calls ----

void* __wrap_xmalloc(size_t bytes) {
    count_call();
    return take("xmalloc", bytes);
}

void __wrap_xfree(void* start) {
    count_call();
    if (start != NULL) give(end("xfree", start));
}

void* __wrap_xrealloc(void* start, size_t bytes) {
    static atomic_uint turn;
    count_call();
    if (start == NULL) return take("xrealloc", bytes);
    if (bytes == 0) {
        give(end("xrealloc", start));
        return NULL;
    }
    if (!make_room()) return NULL;
    struct block old = end("xrealloc", start);

    // Both ways find faults that the other cannot, so they take turns. A large block cannot wait, so it need not move.
    // order: relaxed, for only the turn matters.
    if (old.bytes <= WAITING_BLOCK_BYTES_MOST && atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed) % 2 == 0) {
        int kept_errno = errno;
        void* moved = resize_by_moving(old, bytes);
        if (moved != NULL) return moved;
        errno = kept_errno;
    }
    return resize_by_backend(old, bytes);
}
