// front.c: the three calls of the hardened build, in front of those of the release (par_alloc.c), which are compiled
// into this file under other names. Here: marks behind each block (marks.h), zeros in all that is free, quarantine, and
// guard pages around blocks of more than 2 MiB:
//
//     | guard page | the caller's bytes | fill, mark | guard page |
//     ^ what the release's call gave

#define xmalloc plain_malloc
#define xfree plain_free
#define xrealloc plain_realloc
#include "par_alloc.c"
#undef xmalloc
#undef xfree
#undef xrealloc

#include <pthread.h>

#include "par/hardened/marks.h"
#include "par/hardened/quarantine.h"

void* xmalloc(size_t bytes);
void xfree(void* block);
void* xrealloc(void* block, size_t bytes);

enum { GUARD_BYTES = 4096, INLINE_BYTES = 128 };

// ---- Which block it is ----

// What the allocator behind knows of a block: its own start and length. A guarded block is all but its two pages.
struct place {
    char* start;
    size_t whole;
    struct mapping* mapping;  // NULL: a small block
};

static bool is_guarded(const struct place* place) {
    return place->mapping != NULL && place->mapping->kind == MAPPING_LARGE &&
           ((struct large*)place->mapping)->is_guarded;
}

// Any pointer that leads to no small block. What begins no block ends the process.
static struct place pages_of(const char* call, char* block) {
    struct mapping* mapping = page_map_mapping(block);
    if (mapping != NULL && mapping->kind == MAPPING_LARGE && ((struct large*)mapping)->is_guarded) {
        // The guard page itself cannot be looked at.
        if (block == mapping->start) misuse(call, block, "this pointer leads in front of a block");
        if (block == mapping->start + GUARD_BYTES)
            return (struct place){block, ((struct large*)mapping)->bytes - 2 * GUARD_BYTES, mapping};
    }
    mapping = mapping_of(call, block);
    if (mapping->kind == MAPPING_LARGE) return (struct place){block, ((struct large*)mapping)->bytes, mapping};
    return (struct place){block, region_run_pages((struct region*)mapping, block) * PAGE_BYTES, mapping};
}

static inline struct place place_of(const char* call, char* block) {
    unsigned size_class = page_map_class(block);
    if (likely(size_class != NO_CLASS)) return (struct place){block, size_classes[size_class].block_bytes, NULL};
    return pages_of(call, block);
}

static _Noreturn __attribute__((noinline)) void report(const char* call, struct place place) {
    bool aligned = (uintptr_t)place.start % ALIGNMENT == 0;
    if (aligned && is_marked_free(place.start, place.whole)) {
        misuse(call, place.start, "this block was freed before");
    }
    misuse(call, place.start, "this is no block, or it was written beyond its end, or it is freed already");
}

// The caller's bytes. What is no live block, or was overrun, ends the process.
static inline size_t bytes_of(const char* call, struct place place) {
    size_t bytes = marked_bytes(place.start, place.whole);
    if (unlikely(bytes == SIZE_MAX)) report(call, place);
    return bytes;
}

// ---- Quarantine ----

static _Thread_local struct quarantine quarantine __attribute__((tls_model("initial-exec")));
static _Thread_local bool keeps_none;  // the thread ends
static pthread_key_t at_thread_exit;
static bool have_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void quarantine_flush(void) {
    for (size_t i = 0; i < QUARANTINE_PLACES; i++) plain_free(quarantine.places[i]);
    for (size_t i = 0; i < QUARANTINE_LONG_PLACES; i++) plain_free(quarantine.long_places[i]);
    quarantine = (struct quarantine){.has_begun = quarantine.has_begun, .random = quarantine.random};
}

static void thread_exits(void* unused) {
    (void)unused;
    keeps_none = true;
    quarantine_flush();
}

static void make_key(void) { have_key = pthread_key_create(&at_thread_exit, thread_exits) == 0; }

// Nobody may have written into a block that waited.
static inline void check_waited(const char* block) {
    size_t whole = size_classes[page_map_class(block)].block_bytes;
    if (unlikely(!is_zero_to_mark(block, whole) || !is_marked_free(block, whole))) broken_block(block);
}

// The first block of a place. Result: whether the thread may keep it.
static __attribute__((noinline)) bool quarantine_begin(void) {
    if (keeps_none) return false;
    if (quarantine.has_begun) return true;
    quarantine.has_begun = true;
    quarantine.random = secrets_random();
    pthread_once(&once, make_key);
    // Nobody would come for what a thread kept whose end is not told: the program may have used up all keys.
    keeps_none = !have_key || pthread_setspecific(at_thread_exit, &quarantine) != 0;
    return !keeps_none;
}

static inline void let_wait(char* block, size_t whole) {
    uint64_t random = quarantine.random = quarantine.random * UINT64_C(6364136223846793005) + 1;
    char** waits = whole <= QUARANTINE_SHORT_BYTES
                       ? &quarantine.places[random >> 32 & (QUARANTINE_PLACES - 1)]
                       : &quarantine.long_places[random >> 32 & (QUARANTINE_LONG_PLACES - 1)];
    char* leaves = *waits;
    if (unlikely(leaves == NULL)) {
        if (quarantine_begin()) {
            *waits = block;
        } else {
            plain_free(block);
        }
        return;
    }
    *waits = block;
    check_waited(leaves);
    plain_free(leaves);
}

// ---- Taking ----

// A small block, as its list left it: ends the process when its mark was overwritten. That it held zeros was seen when
// it left quarantine.
static inline void* begin_small(char* block, size_t whole, size_t bytes) {
    uint64_t mark = word_at(block + whole - MARK_BYTES);
    if (unlikely(mark != 0 && mark != free_mark(block))) broken_block(block);
    set_word(block, 0);
    mark_live(block, whole, bytes);
    return block;
}

static void* begin_pages(char* block, bool is_known_zero, size_t whole, size_t bytes) {
    if (block == NULL) return NULL;
    if (!is_known_zero && !is_zero(block, whole)) broken_block(block);
    mark_live(block, whole, bytes);
    return block;
}

static size_t whole_pages(size_t bytes) { return (bytes + MARK_BYTES + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES; }

// A run of pages, and whether it is known to hold zeros: fresh pages need not be looked at.
static char* take_run(size_t whole, bool* is_known_zero) {
    int kept_errno = errno;
    struct run run = region_take_run(whole / PAGE_BYTES, 1, REGION_OF_BLOCKS);
    *is_known_zero = run.is_zero;
    errno = kept_errno;
    return run.start != NULL ? run.start : plain_malloc(whole);  // which gives back what is idle, and tries again
}

static void* take_pages_marked(size_t bytes) {
    if (bytes > PTRDIFF_MAX) return plain_malloc(bytes);  // which says why not
    size_t whole = whole_pages(bytes);
    if (whole <= MEDIUM_MOST) {
        bool is_known_zero;
        char* start = take_run(whole, &is_known_zero);
        return begin_pages(start, is_known_zero, whole, bytes);
    }
    char* start = plain_malloc(whole + 2 * GUARD_BYTES);
    if (start == NULL) return NULL;
    guard(start, GUARD_BYTES);
    guard(start + GUARD_BYTES + whole, GUARD_BYTES);
    ((struct large*)page_map_mapping(start))->is_guarded = true;
    return begin_pages(start + GUARD_BYTES, true, whole, bytes);
}

static inline void* take_small(size_t bytes) {
    char* block = plain_malloc(bytes + MARK_BYTES);
    if (unlikely(block == NULL)) return NULL;
    return begin_small(block, size_classes[size_class_of(bytes + MARK_BYTES)].block_bytes, bytes);
}

static void* take_whichever(size_t bytes) {
    return bytes > SMALL_MOST - MARK_BYTES ? take_pages_marked(bytes) : take_small(bytes);
}

// What waits may be all that keeps memory from going back to the system, which has no more.
static __attribute__((noinline)) void* take_slowly(size_t bytes) {
    int kept_errno = errno;
    void* block = take_whichever(bytes);
    if (block != NULL || bytes > PTRDIFF_MAX) return block;
    if (!idle_could_help(bytes)) {
        errno = ENOMEM;  // who asked the system may have heard something else, as EAGAIN of memory that would be locked
        return NULL;
    }
    quarantine_flush();
    // What waited may have been why giving back what is idle did not help.
    // order: relaxed, as in par_alloc.c.
    atomic_store_explicit(&hopeless_bytes, SIZE_MAX, memory_order_relaxed);
    block = take_whichever(bytes);
    if (block != NULL) errno = kept_errno;
    return block;
}

void* xmalloc(size_t bytes) {
    if (unlikely(bytes > SMALL_MOST - MARK_BYTES)) return take_slowly(bytes);
    void* block = take_small(bytes);
    return likely(block != NULL) ? block : take_slowly(bytes);
}

// ---- Freeing ----

static __attribute__((noinline)) void free_pages(char* block) {
    struct place place = pages_of("xfree", block);
    size_t bytes = bytes_of("xfree", place);
    int kept_errno = errno;
    if (place.mapping->kind == MAPPING_LARGE) {
        // First plain again: where the system does not unmap them, they serve somebody else.
        if (is_guarded(&place)) {
            // Where addresses are few the last slot is mapped in part and goes at once; one slot is kept (below).
            const struct large* large = (struct large*)place.mapping;
            bool one_stays = large->is_exact && large->bytes < 2 * SLOT_BYTES;
            if (one_stays) os_purge(block, place.whole);
            bool is_plain = unguard(place.mapping->start, GUARD_BYTES);
            if (!unguard(block + place.whole, GUARD_BYTES) || !is_plain) {
                large_give_untouched((struct large*)place.mapping);
                errno = kept_errno;
                return;
            }
        } else {
            os_purge(block, place.whole);  // a single slot is kept, and what is kept holds zeros
        }
        plain_free(place.mapping->start);
    } else {
        memset(block, 0, bytes + MARK_BYTES);
        set_word(block + place.whole - MARK_BYTES, 0);
        plain_free(block);
    }
    errno = kept_errno;
}

// Clears a whole block, a multiple of 16 bytes.
static inline void clear(char* block, size_t whole) {
    if (whole > INLINE_BYTES) {
        memset(block, 0, whole);
    } else {
        for (size_t i = 0; i < whole; i += 16) *(pair*)(block + i) = (pair){0, 0};
    }
}

void xfree(void* freed) {
    char* block = freed;
    unsigned size_class = page_map_class(block);
    if (unlikely(size_class == NO_CLASS)) {
        if (block != NULL) free_pages(block);
        return;
    }
    struct place place = {block, size_classes[size_class].block_bytes, NULL};
    (void)bytes_of("xfree", place);
    clear(block, place.whole);
    mark_free(block, place.whole);
    if (unlikely(place.whole > QUARANTINE_LONG_BYTES)) {
        plain_free(block);
    } else {
        let_wait(block, place.whole);
    }
}

// ---- Resizing ----

// Resizes a block in its place, within what the allocator behind had given for it.
static void* stay(struct place place, size_t old_bytes, size_t bytes) {
    if (bytes > old_bytes) {
        memset(place.start + old_bytes, 0, bytes - old_bytes);
    } else {
        size_t end = old_bytes + MARK_BYTES < place.whole ? old_bytes + MARK_BYTES : place.whole;
        memset(place.start + bytes, 0, end - bytes);
    }
    mark_live(place.start, place.whole, bytes);
    return place.start;
}

// A run of pages: grows and shrinks where it stands, if it can. What it gives back holds zeros.
static void* resize_run(struct place place, size_t old_bytes, size_t bytes) {
    size_t whole = whole_pages(bytes);
    if (whole <= SMALL_MOST || whole > MEDIUM_MOST) return NULL;
    set_word(place.start + old_bytes, 0);
    set_word(place.start + place.whole - MARK_BYTES, 0);
    if (whole < place.whole) memset(place.start + whole, 0, place.whole - whole);
    if (!region_resize_run((struct region*)place.mapping, place.start, whole / PAGE_BYTES)) {
        mark_live(place.start, place.whole, old_bytes);
        return NULL;
    }
    place.whole = whole;
    return stay(place, old_bytes, bytes);
}

// A large block moves its pages, without copying. The guards are taken down meanwhile, for pages move in one piece.
static void* resize_guarded(struct place place, size_t old_bytes, size_t bytes) {
    size_t whole = whole_pages(bytes);
    if (whole <= MEDIUM_MOST) return NULL;
    char* start = place.mapping->start;
    if (!unguard(start, GUARD_BYTES)) return NULL;
    if (!unguard(place.start + place.whole, GUARD_BYTES)) {
        guard(start, GUARD_BYTES);
        return NULL;
    }
    set_word(place.start + old_bytes, 0);
    set_word(place.start + place.whole - MARK_BYTES, 0);
    // Slots that are given back may be kept, and what is kept holds zeros.
    if (whole < place.whole) os_purge(place.start + whole, place.whole - whole + GUARD_BYTES);
    char* resized = large_resize((struct large*)place.mapping, whole + 2 * GUARD_BYTES);
    if (resized != NULL) start = resized;
    // Not what was asked for where the system refused to map or unmap something.
    size_t now_whole = ((struct large*)place.mapping)->bytes - 2 * GUARD_BYTES;
    guard(start, GUARD_BYTES);
    guard(start + GUARD_BYTES + now_whole, GUARD_BYTES);
    stay((struct place){start + GUARD_BYTES, now_whole, NULL}, old_bytes, resized == NULL ? old_bytes : bytes);
    return resized == NULL ? NULL : start + GUARD_BYTES;
}

static void* resize_where_it_is(struct place place, size_t old_bytes, size_t bytes) {
    if (bytes > PTRDIFF_MAX) return NULL;
    if (fits_well(bytes + MARK_BYTES, place.whole)) return stay(place, old_bytes, bytes);
    if (place.mapping == NULL) return NULL;
    int kept_errno = errno;
    void* resized = NULL;
    if (place.mapping->kind == MAPPING_REGION) resized = resize_run(place, old_bytes, bytes);
    if (is_guarded(&place)) resized = resize_guarded(place, old_bytes, bytes);
    errno = kept_errno;
    return resized;
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL) return xmalloc(bytes);
    if (bytes == 0) {
        xfree(block);
        return NULL;
    }
    struct place place = place_of("xrealloc", block);
    size_t old_bytes = bytes_of("xrealloc", place);
    void* resized = resize_where_it_is(place, old_bytes, bytes);
    if (resized != NULL) return resized;
    int kept_errno = errno;
    void* moved = xmalloc(bytes);
    if (moved == NULL) {
        if (bytes > old_bytes) return NULL;
        errno = kept_errno;  // a smaller block can always stay; only growing needs memory
        return stay(place, old_bytes, bytes);
    }
    memcpy(moved, block, bytes < old_bytes ? bytes : old_bytes);
    xfree(block);
    return moved;
}
