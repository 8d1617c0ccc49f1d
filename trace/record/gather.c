// gather.c: see gather.h. Addresses become numbers of blocks.

#include "trace/record/gather.h"

#include "programs/failure.h"

// ---- From addresses to blocks ---------------------------------------------------------------------------------------

// A hash table with linear probing. block is plus 1; 0 marks an empty place.
struct place {
    uint64_t address;
    uint32_t block;
};

struct map {
    struct pages pages;
    size_t places;  // a power of two
    size_t used;
};

static size_t home_of(const struct map* map, uint64_t address) {
    return (size_t)((address >> 4) * 0x9e3779b97f4a7c15u >> 20) & (map->places - 1);
}

// Where an address is, or the empty place where it would be.
static struct place* find(const struct map* map, uint64_t address) {
    struct place* places = map->pages.start;
    size_t at = home_of(map, address);
    while (places[at].block != 0 && places[at].address != address) at = (at + 1) & (map->places - 1);
    return &places[at];
}

static void enter(struct map* map, uint64_t address, uint32_t block);

static void grow(struct map* map) {
    struct map larger = {.places = map->places == 0 ? 1024 : map->places * 2};
    pages_reserve(&larger.pages, larger.places * sizeof(struct place));
    const struct place* places = map->pages.start;
    for (size_t at = 0; at < map->places; at++) {
        if (places[at].block != 0) enter(&larger, places[at].address, places[at].block - 1);
    }
    pages_release(&map->pages);
    *map = larger;
}

static void enter(struct map* map, uint64_t address, uint32_t block) {
    if (map->used * 2 >= map->places) grow(map);
    *find(map, address) = (struct place){address, block + 1};
    map->used++;
}

// Takes an address out of the map. Whoever stands behind it in the same row moves up.
// Result: false when it is not there.
static bool leave(struct map* map, uint64_t address, uint32_t* block) {
    if (map->places == 0) return false;
    struct place* places = map->pages.start;
    struct place* place = find(map, address);
    if (place->block == 0) return false;
    *block = place->block - 1;
    size_t mask = map->places - 1;
    size_t hole = (size_t)(place - places);
    for (size_t at = (hole + 1) & mask; places[at].block != 0; at = (at + 1) & mask) {
        size_t home = home_of(map, places[at].address);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            places[hole] = places[at];
            hole = at;
        }
    }
    places[hole].block = 0;
    map->used--;
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

struct gathering {
    struct trace* trace;
    struct map map;
    struct pages threads;
    struct gathered gathered;
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
    if (leave(&gathering->map, event->block, &block)) {
        gathering->gathered.unseen++;
        trace_give(gathering->trace, thread, block);
    }
    unsigned alignment_log2 = kind != TRACE_ALIGNED ? 0 : event->alignment_log2;
    if (alignment_log2 > TRACE_ALIGNMENT_LOG2_MOST) alignment_log2 = TRACE_ALIGNMENT_LOG2_MOST;
    block = trace_take(gathering->trace, kind, thread, event->bytes, (uint8_t)alignment_log2);
    enter(&gathering->map, event->block, block);
}

static void give(struct gathering* gathering, struct thread* thread, const struct raw_event* event) {
    uint32_t block;
    if (leave(&gathering->map, event->block, &block)) {
        trace_give(gathering->trace, number_of(gathering, thread), block);
    } else {
        gathering->gathered.unknown++;
    }
}

static void begin_resize(struct gathering* gathering, struct thread* thread, const struct raw_event* event) {
    thread->is_resizing = true;
    thread->address = event->block;
    thread->knows_block = leave(&gathering->map, event->block, &thread->block);
    if (!thread->knows_block) gathering->gathered.unknown++;
}

static void end_resize(struct gathering* gathering, struct thread* thread, const struct raw_event* event) {
    if (!thread->is_resizing) return;
    thread->is_resizing = false;
    bool has_failed = event->block == 0 && event->bytes != 0;
    if (has_failed) {
        if (thread->knows_block) enter(&gathering->map, thread->address, thread->block);
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
    if (leave(&gathering->map, event->block, &other)) {
        gathering->gathered.unseen++;
        trace_give(gathering->trace, number, other);
    }
    trace_resize(gathering->trace, number, thread->block, event->bytes);
    enter(&gathering->map, event->block, thread->block);
}

static void add(struct gathering* gathering, const struct raw_event* event) {
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
        default:
            gathering->gathered.unfinished++;
    }
}

struct gathered gather(struct trace* trace, const struct raw_event* events, size_t count) {
    struct gathering gathering = {.trace = trace};
    for (size_t i = 0; i < count; i++) add(&gathering, &events[i]);
    pages_release(&gathering.map.pages);
    pages_release(&gathering.threads);
    return gathering.gathered;
}
