// gather.c: see gather.h. Addresses become numbers of blocks.

#include "trace/record/gather.h"

#include <string.h>

// ---- From addresses to blocks ---------------------------------------------------------------------------------------

// block is plus 1; 0 marks an empty place.
struct place {
    uint64_t address;
    uint32_t block;
};

enum { PLACES_LEAST = 1024 };

static size_t home_of(const struct gathering* gathering, uint64_t address) {
    return (size_t)((address >> 4) * 0x9e3779b97f4a7c15u >> 20) & (gathering->places_count - 1);
}

// Where an address is, or the empty place where it would be.
static struct place* find(const struct gathering* gathering, uint64_t address) {
    struct place* places = gathering->places.start;
    size_t at = home_of(gathering, address);
    while (places[at].block != 0 && places[at].address != address) at = (at + 1) & (gathering->places_count - 1);
    return &places[at];
}

static void grow(struct gathering* gathering) {
    struct pages old = gathering->places;
    size_t old_count = gathering->places_count;
    gathering->places = (struct pages){0};
    gathering->places_count = old_count == 0 ? PLACES_LEAST : old_count * 2;
    pages_reserve(&gathering->places, gathering->places_count * sizeof(struct place));
    const struct place* places = old.start;
    for (size_t at = 0; at < old_count; at++) {
        if (places[at].block != 0) *find(gathering, places[at].address) = places[at];
    }
    pages_release(&old);
}

static void enter(struct gathering* gathering, uint64_t address, uint32_t block) {
    if (gathering->places_used * 2 >= gathering->places_count) grow(gathering);
    *find(gathering, address) = (struct place){address, block + 1};
    gathering->places_used++;
}

// Takes an address out of the table. Whoever stands behind it in the same row moves up.
// Result: false when it is not there.
static bool leave(struct gathering* gathering, uint64_t address, uint32_t* block) {
    if (gathering->places_count == 0) return false;
    struct place* places = gathering->places.start;
    struct place* place = find(gathering, address);
    if (place->block == 0) return false;
    *block = place->block - 1;
    size_t mask = gathering->places_count - 1;
    size_t hole = (size_t)(place - places);
    for (size_t at = (hole + 1) & mask; places[at].block != 0; at = (at + 1) & mask) {
        size_t home = home_of(gathering, places[at].address);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            places[hole] = places[at];
            hole = at;
        }
    }
    places[hole].block = 0;
    gathering->places_used--;
    return true;
}

// ---- Events ---------------------------------------------------------------------------------------------------------

// What is known of a thread of the program.
struct thread {
    uint32_t number;  // in the trace, plus 1
    bool is_resizing;
    bool knows_block;  // that it is resizing
    uint32_t block;
    uint64_t address;
};

static struct thread* thread_of(struct gathering* gathering, uint32_t thread) {
    pages_reserve(&gathering->threads, ((size_t)thread + 1) * sizeof(struct thread));
    return (struct thread*)gathering->threads.start + thread;
}

// Numbers go by first events. There is only so much room for them: what a trace cannot tell apart is put together.
static uint32_t number_of(struct gathering* gathering, struct thread* thread) {
    uint32_t threads = gathering->trace->threads;
    if (thread->number == 0) thread->number = (threads < TRACE_THREADS_MOST ? threads : TRACE_THREADS_MOST - 1) + 1;
    return thread->number - 1;
}

static void take(struct gathering* gathering, enum trace_kind kind, uint32_t thread, const struct raw_event* event) {
    uint32_t block;
    if (leave(gathering, event->block, &block)) {
        gathering->gathered.unseen++;
        trace_give(gathering->trace, thread, block);
    }
    unsigned alignment_log2 = kind != TRACE_ALIGNED ? 0 : event->alignment_log2;
    if (alignment_log2 > TRACE_ALIGNMENT_LOG2_MOST) alignment_log2 = TRACE_ALIGNMENT_LOG2_MOST;
    block = trace_take(gathering->trace, kind, thread, event->bytes, (uint8_t)alignment_log2);
    enter(gathering, event->block, block);
}

static void give(struct gathering* gathering, struct thread* thread, const struct raw_event* event) {
    uint32_t block;
    if (leave(gathering, event->block, &block)) {
        trace_give(gathering->trace, number_of(gathering, thread), block);
    } else {
        gathering->gathered.unknown++;
    }
}

static void begin_resize(struct gathering* gathering, struct thread* thread, const struct raw_event* event) {
    thread->is_resizing = true;
    thread->address = event->block;
    thread->knows_block = leave(gathering, event->block, &thread->block);
    if (!thread->knows_block) gathering->gathered.unknown++;
}

static void end_resize(struct gathering* gathering, struct thread* thread, const struct raw_event* event) {
    if (!thread->is_resizing) return;
    thread->is_resizing = false;
    bool has_failed = event->block == 0 && event->bytes != 0;
    if (has_failed) {
        if (thread->knows_block) enter(gathering, thread->address, thread->block);
        return;
    }
    uint32_t number = number_of(gathering, thread);
    // A resize to 0 bytes that gives a block cannot be said to xrealloc: it is a free and a malloc.
    if (thread->knows_block && event->bytes == 0) {
        trace_give(gathering->trace, number, thread->block);
        thread->knows_block = false;
    }
    if (event->block == 0) return;
    if (!thread->knows_block) {
        take(gathering, TRACE_MALLOC, number, event);
        return;
    }
    uint32_t other;
    if (leave(gathering, event->block, &other)) {
        gathering->gathered.unseen++;
        trace_give(gathering->trace, number, other);
    }
    trace_resize(gathering->trace, number, thread->block, event->bytes);
    enter(gathering, event->block, thread->block);
}

// The blocks of the program that was there before went with it.
static void begin(struct gathering* gathering) {
    struct trace* trace = gathering->trace;
    for (uint32_t block = 0; block < trace->blocks; block++) {
        if (trace_is_alive(trace, block)) trace_give(trace, 0, block);
    }
    if (gathering->places_used > 0) memset(gathering->places.start, 0, gathering->places.bytes);
    gathering->places_used = 0;
    struct thread* threads = gathering->threads.start;
    for (size_t i = 0; i < gathering->threads.bytes / sizeof *threads; i++) threads[i].is_resizing = false;
}

void gather_add(struct gathering* gathering, const struct raw_event* event) {
    struct thread* thread = thread_of(gathering, event->thread);
    switch ((enum raw_kind)event->kind) {
        case RAW_MALLOC:
            take(gathering, TRACE_MALLOC, number_of(gathering, thread), event);
            break;
        case RAW_CALLOC:
            take(gathering, TRACE_CALLOC, number_of(gathering, thread), event);
            break;
        case RAW_ALIGNED:
            take(gathering, TRACE_ALIGNED, number_of(gathering, thread), event);
            break;
        case RAW_FREE:
            give(gathering, thread, event);
            break;
        case RAW_RESIZE_BEGIN:
            begin_resize(gathering, thread, event);
            break;
        case RAW_RESIZE_END:
            end_resize(gathering, thread, event);
            break;
        case RAW_BEGIN:
            begin(gathering);
            break;
        default:
            gathering->gathered.unfinished++;
    }
}

void gather_reserve(struct gathering* gathering, size_t blocks) {
    size_t count = PLACES_LEAST;
    while (count < 2 * blocks) count *= 2;
    pages_populate(&gathering->places, count * sizeof(struct place));
    gathering->places_count = count;
    pages_populate(&gathering->threads, 1);
}

void gather_end(struct gathering* gathering) {
    pages_release(&gathering->places);
    pages_release(&gathering->threads);
}

struct gathered gather(struct trace* trace, const struct raw_event* events, size_t count) {
    struct gathering gathering = {.trace = trace};
    for (size_t i = 0; i < count; i++) gather_add(&gathering, &events[i]);
    gather_end(&gathering);
    return gathering.gathered;
}
