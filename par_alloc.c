// par_alloc.c: the optimized allocator; here are its fast paths. The rest is in par/, one idea a file:
//
//   cache    per thread and size class a list of free blocks: no lock, no atomic operation
//     | whole magazines
//   depot    per class a stack of full magazines, under a short-held lock
//     | surplus magazines, block by block
//   span     a run of pages of one class; counts its free blocks
//     | empty spans                         medium blocks (64 KiB to 2 MiB) are runs, too (run_cache)
//   region   2 MiB; cut into runs of pages                       large: whole slots of 2 MiB for each block above that
//     | empty regions                                              |
//   extent   free slots, kept with their pages for a while and joined with their neighbours
//     |
//   os       mmap, munmap, mremap, madvise
//
//   idle     how much of what is not in use keeps its memory; decay: and for how long
//
// page_map leads from an address to its class and its mapping, so blocks carry no header.

#include "xmalloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "par/cache.h"
#include "par/decay.h"
#include "par/depot.h"
#include "par/extent.h"
#include "par/harden.h"
#include "par/large.h"
#include "par/medium.h"
#include "par/misuse.h"
#include "par/os.h"
#include "par/page_map.h"
#include "par/region.h"
#include "par/region_runs.h"
#include "par/run_notes.h"
#include "par/shrunk.h"
#include "par/size_class.h"
#include "par/slack.h"
#include "par/span.h"
#include "par/step.h"

#define likely(condition) __builtin_expect((condition), 1)
#define unlikely(condition) __builtin_expect((condition), 0)

// ---- Beside the fast paths ----

enum {
    MEDIUM_MOST = MEDIUM_MOST_PAGES * PAGE_BYTES,
    ROOM_SHARE = 4,  // so much of a block of pages may be room to grow into
};

// tests/models/first_use.pml: take_any, xmalloc.
static void* take_any(size_t bytes, size_t room) {
    if (bytes <= SMALL_MOST) {
        cache_set_up();  // before the class can be looked up
        struct block* block = cache_refill_and_take(size_class_of(bytes));
        if (block != NULL) set_taken(block);
        return block;
    }
    if (room <= MEDIUM_MOST) {
        void* block = medium_take(bytes, room, 1).start;
        if (block != NULL) return block;
    }
    return bytes <= PTRDIFF_MAX ? large_take(bytes, SLOT_BYTES, LARGE_AS_BEFORE).start : NULL;
}

// So many slots were in use when all that lay idle had gone, and so many bytes were too many all the same.
static atomic_size_t hopeless_slots = SIZE_MAX;
static atomic_size_t hopeless_bytes = SIZE_MAX;

// A program may try a large block again and again, and go on without it. Its heap cools down once.
static bool is_hopeless(size_t bytes) {
    // order: relaxed, here and below. The numbers lead to no memory, and old ones cost a system call.
    size_t bytes_then = atomic_load_explicit(&hopeless_bytes, memory_order_relaxed);
    // order: relaxed.
    size_t slots_then = atomic_load_explicit(&hopeless_slots, memory_order_relaxed);
    size_t idle = extent_idle_slots();
    if (bytes < bytes_then || extent_mapped_slots() - idle < slots_then) return false;
    return bytes > idle * SLOT_BYTES && !os_has_room(bytes - idle * SLOT_BYTES);
}

// Gives everything that lies idle back to the system, which has no memory for a request. Result: false when that did
// not help before.
static bool give_all_idle(size_t bytes) {
    if (bytes > MEDIUM_MOST && is_hopeless(bytes)) return false;
    cache_set_up();
    cache_flush();
    depot_flush();
    extent_unmap_idle();
    if (bytes > MEDIUM_MOST && !os_has_room(bytes)) {
        // order: relaxed.
        atomic_store_explicit(&hopeless_slots, extent_mapped_slots(), memory_order_relaxed);
        // order: relaxed.
        atomic_store_explicit(&hopeless_bytes, bytes, memory_order_relaxed);
    }
    return true;
}

// Whether giving back what is idle may help a request that has failed. Not one that is too large even for a system that
// had all of this heap's memory back: the heap stays warm.
static bool idle_could_help(size_t bytes) {
    size_t mapped = extent_mapped_slots() * SLOT_BYTES;
    return bytes <= mapped || os_has_room(bytes - mapped);
}

// Every block that is not on a list of the thread's own. room: more than its bytes, up to MEDIUM_MOST, for a medium
// block that is to grow where it stands; else its bytes.
static __attribute__((noinline)) void* take_slow(size_t bytes, size_t room) {
    int kept_errno = errno;
    void* block = take_any(bytes, room);
    if (block == NULL && bytes <= PTRDIFF_MAX && idle_could_help(bytes) && give_all_idle(bytes))
        block = take_any(bytes, bytes);
    errno = block == NULL ? ENOMEM : kept_errno;
    return block;
}

// The mapping of a block that is a run or a large one. Anything else ends the process.
static struct mapping* mapping_of(const char* call, char* block) {
    struct mapping* mapping = page_map_mapping(block);
    const char* what = "this pointer was never handed out, or is freed already";
    if (mapping == NULL) misuse(call, block, what);
    bool is_block = mapping->kind == MAPPING_LARGE
                        ? mapping->start == block
                        : (uintptr_t)block % PAGE_BYTES == 0 && region_run_pages((struct region*)mapping, block) > 0;
    if (!is_block) misuse(call, block, what);
    return mapping;
}

// What a block that is no small one has for its owner, and what lies behind that.
static struct used used_of(struct mapping* mapping, const char* block) {
    return mapping->kind == MAPPING_LARGE ? ((struct large*)mapping)->used : run_used((struct region*)mapping, block);
}

static void set_used(struct mapping* mapping, const char* block, struct used used) {
    if (mapping->kind == MAPPING_LARGE) {
        ((struct large*)mapping)->used = used;
    } else {
        run_set_used((struct region*)mapping, block, used);
    }
}

// Ends the process when there is no such block here, or somebody wrote behind it. Sets used to what used_of says then.
// Result: its mapping.
static struct mapping* check_pages(const char* call, char* block, struct used* used) {
    struct mapping* mapping = mapping_of(call, block);
    *used = used_of(mapping, block);
    enum slack slack = used->slack;
    if (slack == SLACK_UNKNOWN) return mapping;
    if (!slack_is_whole(block, used)) overrun_block(call, block, used->bytes);
    if (used->slack != slack) set_used(mapping, block, *used);
    return mapping;
}

// Ends the process when a small block does not begin here, or is free. The grid spares most the way to the span's
// record, which is seldom in the cache, and a division.
static __attribute__((noinline)) void check_small(const char* call, const void* block, unsigned size_class) {
    if (!is_on_grid(block, size_classes[size_class].grid) && !span_has_block_at(block, size_class))
        misuse(call, block, "this pointer leads into a block, not to where it begins");
    if (looks_free(block)) misuse(call, block, "this block is free already");
}

static inline void put(struct magazine* loaded, struct block* block) {
    set_next(block, loaded->first);
    loaded->first = block;
    loaded->room--;
}

static __attribute__((noinline)) void free_slow(void* block, unsigned size_class) {
    struct magazine* loaded = &cache.loaded[size_class];
    if (loaded->room > 0) {
        // A block of more than a page comes here each time, or else something is wrong.
        check_small("xfree", block, size_class);
        put(loaded, block);
        return;
    }
    int kept_errno = errno;
    if (size_class != NO_CLASS) {
        check_small("xfree", block, size_class);
        cache_spill_and_free(size_class, block);
    } else if (block != NULL) {
        struct used used;
        struct mapping* mapping = check_pages("xfree", block, &used);
        if (mapping->kind == MAPPING_REGION) {
            medium_give((struct region*)mapping, block);
        } else {
            large_give((struct large*)mapping);
            decay();
        }
    }
    errno = kept_errno;
}

// ---- The three calls ----

// On the fast path 24 instructions with gcc 12 -O2: 3 branches, none taken; 6 loads (class, thread, first block, the
// block's two words, room), of which those of the block may miss the cache; 3 stores; the next block is fetched ahead.
// No lock, no atomic operation. (objdump -d bin/list-par --disassemble=xmalloc)
void* xmalloc(size_t bytes) {
    if (unlikely(bytes > SMALL_MOST)) return take_slow(bytes, bytes);
    struct magazine* loaded = &cache.loaded[size_class_of(bytes)];
    struct block* block = loaded->first;
    if (unlikely(block == NULL)) return take_slow(bytes, bytes);
    struct block* next = next_of(block);
    loaded->first = next;
    __builtin_prefetch(next);  // another core may have freed it; as in tcmalloc
    loaded->room++;
    set_taken(block);
    return block;
}

// On the fast path 38 instructions: 5 branches, none taken; 8 loads (leaf, class, thread, room, grid, the block's two
// words, first block), of which all but the block's usually hit the cache; 4 stores, of which two are into the freed
// block. No lock, no atomic operation. About ten of the instructions look for misuse, beside the others: 1% of the time
// of bin/list-par.
void xfree(void* block) {
    unsigned size_class = page_map_class(block);
    struct magazine* loaded = &cache.loaded[size_class];
    // All that is unusual goes one way: no room, no small block (NO_CLASS never has room), one of more than a page, a
    // pointer into a block, or to a free one.
    struct block* freed = block;
    if (unlikely(loaded->room == 0 || !is_on_grid(block, loaded->grid) || looks_free(freed))) {
        free_slow(block, size_class);
        return;
    }
    put(loaded, freed);
}

// How many bytes of a block its owner may use. Of a block of pages that is what was asked for: behind it par looks
// whether somebody wrote there.
static inline __attribute__((unused)) size_t usable_bytes(const char* call, void* block) {
    unsigned size_class = page_map_class(block);
    if (size_class != NO_CLASS) return size_classes[size_class].block_bytes;
    return used_of(mapping_of(call, block), block).bytes;
}

// How long a block of pages may become where it stands, and who has nothing behind it.
static size_t room_of(struct mapping* mapping, const char* block) {
    if (mapping->kind == MAPPING_LARGE) return ((struct large*)mapping)->bytes;
    return region_run_pages((struct region*)mapping, block) * PAGE_BYTES;
}

// A block of pages gets more or fewer bytes of its room than it uses.
static void* stay_in_pages(struct mapping* mapping, char* block, struct used used, size_t bytes) {
    if (bytes == used.bytes) return block;
    if (cache_is_there() && step_is_usual(&cache.steps, block, used.bytes, bytes)) {
        set_used(mapping, block, (struct used){bytes, SLACK_UNKNOWN});
        return block;
    }
    set_used(mapping, block, slack_seal(block, bytes, slack_behind(used, bytes)));
    return block;
}

// Whether a block may stay where it is: it is large enough, and not so large that moving pays. A small block that
// shrinks stays until half of it lies idle, because copying costs time and the memory is little (as in tcmalloc and
// mimalloc); one of some pages may have room to grow into.
static bool fits_well(size_t bytes, size_t room) {
    if (bytes > room) return false;
    size_t idle = room - bytes;
    if (idle < ALIGNMENT) return true;
    return idle <= (room <= SMALL_MOST ? room / 2 : room <= MEDIUM_MOST ? room / ROOM_SHARE : room / 8);
}

// Resizes a block that is no small one without copying: a run to a run, a large block to a large one, also when it
// becomes up to half as long as the shortest that is taken so; else a block that goes up and down across that border
// would be copied each time. A block of few pages can be a large one too, when it was taken with a large alignment
// (libpar.c). Result: NULL when that cannot be done.
static void* resize_in_pages(struct mapping* mapping, void* block, size_t bytes) {
    void* resized = NULL;
    int kept_errno = errno;
    if (mapping->kind == MAPPING_LARGE) {
        if (bytes > MEDIUM_MOST / 2 && bytes <= PTRDIFF_MAX) resized = large_resize((struct large*)mapping, bytes);
    } else if (bytes > SMALL_MOST / 2 && bytes <= MEDIUM_MOST) {
        if (medium_resize((struct region*)mapping, block, bytes)) resized = block;
    }
    errno = kept_errno;
    return resized;
}

// Whether a block of pages that gets shorter had better be copied. A run may be longer than its block was: then that
// one may grow, and the run gets shorter.
static bool leaves_run(struct mapping* mapping, const char* block, size_t bytes) {
    return mapping->kind == MAPPING_REGION && bytes < used_of(mapping, block).bytes && shrunk_should_move();
}

// A block for one that grows out of its place. Where each page more would be another move it has room for a quarter
// more; what nobody touches of that costs no memory.
static void* take_with_room(size_t bytes) {
    size_t roomy = bytes + bytes / ROOM_SHARE;
    bool gets_room = bytes > SMALL_MOST && bytes <= MEDIUM_MOST && roomy <= MEDIUM_MOST;
    return gets_room ? take_slow(bytes, roomy) : xmalloc(bytes);
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL) return xmalloc(bytes);
    if (bytes == 0) {
        xfree(block);
        return NULL;
    }
    unsigned size_class = page_map_class(block);
    struct mapping* mapping = NULL;
    struct used used = {0};
    size_t room = size_classes[size_class].block_bytes;
    if (size_class != NO_CLASS) {
        check_small("xrealloc", block, size_class);
        if (fits_well(bytes, room)) return block;
    } else {
        mapping = check_pages("xrealloc", block, &used);
        room = room_of(mapping, block);
        if (fits_well(bytes, room)) return stay_in_pages(mapping, block, used, bytes);
    }
    if (bytes > room && bytes > SMALL_MOST) shrunk_grows(block);
    bool leaves = mapping != NULL && leaves_run(mapping, block, bytes);
    void* resized = mapping != NULL && !leaves ? resize_in_pages(mapping, block, bytes) : NULL;
    if (resized != NULL) return resized;
    int kept_errno = errno;
    void* moved = bytes > room ? take_with_room(bytes) : xmalloc(bytes);
    if (moved == NULL) {
        // What was idle has been given back, so there may be room behind the block now.
        if (mapping != NULL && (bytes > room || leaves)) resized = resize_in_pages(mapping, block, bytes);
        if (resized != NULL) errno = kept_errno;
        if (bytes > room || resized != NULL) return resized;
        errno = kept_errno;  // a smaller block can always stay; only growing needs memory
        return mapping != NULL ? stay_in_pages(mapping, block, used, bytes) : block;
    }
    size_t usable = mapping != NULL ? used_of(mapping, block).bytes : room;
    memcpy(moved, block, bytes < usable ? bytes : usable);
    xfree(block);
    if (bytes < usable && mapping != NULL) shrunk_watch(moved);
    return moved;
}
