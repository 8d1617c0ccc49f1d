// os.c: see os.h.

#include "par/os.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    LONG_BYTES = 64 * 1024 * 1024,
    GAP_SHARE = 8,  // what is mapped apart takes at most this part of the addresses up to the next place
};

#define LEAST_GAP ((uintptr_t)4 << 30)

static void* map_at(void* hint, size_t bytes) {
    void* start = mmap(hint, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

static bool is_aligned(const void* start, size_t alignment) { return ((uintptr_t)start & (alignment - 1)) == 0; }

// Where the next aligned mapping is tried first: just below the last one, for Linux fills the address space downwards,
// or where one was just unmapped or moved away. That keeps mappings dense and mostly costs one call. It is a hint and
// overwrites nothing.
static _Atomic uintptr_t place_hint;  // the end of the place

static void* map_at_hint(size_t bytes, size_t alignment) {
    // order: relaxed, here and where it is stored. It is a number and no way to memory; a stale one costs a call.
    uintptr_t end = atomic_load_explicit(&place_hint, memory_order_relaxed);
    if (end == 0) {
        // The first. Since Linux 6.7 it is aligned as it comes when it is as long as huge pages are.
        void* first = map_at(NULL, bytes);
        if (first == NULL || is_aligned(first, alignment)) return first;
        munmap(first, bytes);
        end = (uintptr_t)first + bytes;
    }
    if (end < bytes + alignment) return NULL;
    void* start = map_at((void*)((end - bytes) & ~(alignment - 1)), bytes);
    if (start == NULL || is_aligned(start, alignment)) return start;
    munmap(start, bytes);
    return NULL;
}

// Maps more than is needed and trims both ends. Under a tight limit this can fail where the first way would not.
static void* map_and_trim(size_t bytes, size_t alignment) {
    if (bytes > SIZE_MAX - alignment) return NULL;
    char* start = map_at(NULL, bytes + alignment);
    if (start == NULL) return NULL;
    size_t before = -(uintptr_t)start & (alignment - 1);
    if (before > 0) munmap(start, before);
    if (before < alignment) munmap(start + before + bytes, alignment - before);
    return start + before;
}

void* os_map(size_t bytes, size_t alignment) {
    if (alignment <= 4096) return map_at(NULL, bytes);
    // What is long seldom fits where something was given back; the hint would wander through all addresses with it.
    bool is_long = bytes >= LONG_BYTES;
    void* start = is_long ? map_and_trim(bytes, alignment) : map_at_hint(bytes, alignment);
    if (start == NULL) start = is_long ? map_at_hint(bytes, alignment) : map_and_trim(bytes, alignment);
    // order: relaxed, a hint (map_at_hint).
    if (start != NULL) atomic_store_explicit(&place_hint, (uintptr_t)start, memory_order_relaxed);
    return start;
}

enum there os_map_there(void* start, size_t bytes) {
    // Linux before 4.17 takes the address as a hint, and so do some sandboxes.
    void* mapped = mmap(start, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (mapped == start) return MAPPED;
    if (mapped == MAP_FAILED) return errno == EEXIST ? OCCUPIED : NO_MEMORY;
    munmap(mapped, bytes);
    return OCCUPIED;
}

enum there os_map_apart(size_t bytes, size_t alignment, unsigned place, void** start) {
    static _Atomic uintptr_t top;
    uintptr_t gap = LEAST_GAP;
    while (gap / GAP_SHARE < bytes && gap <= UINTPTR_MAX / 4) gap *= 2;
    uintptr_t none = 0;
    // order: relaxed, here and below: hints, as in map_at_hint.
    uintptr_t near = atomic_load_explicit(&place_hint, memory_order_relaxed);
    // order: relaxed. The first that comes decides.
    atomic_compare_exchange_strong_explicit(&top, &none, near, memory_order_relaxed, memory_order_relaxed);
    // order: relaxed.
    uintptr_t highest = atomic_load_explicit(&top, memory_order_relaxed);
    if (highest / gap < (uintptr_t)place + 2) return NO_MEMORY;
    *start = (void*)((highest - (place + 1) * gap) & ~(alignment - 1));
    return os_map_there(*start, bytes);
}

static bool unmap(char* start, size_t bytes) {
    if (munmap(start, bytes) != 0) return false;
    // order: relaxed, a hint (map_at_hint).
    atomic_store_explicit(&place_hint, (uintptr_t)start + bytes, memory_order_relaxed);
    return true;
}

bool os_unmap(void* start, size_t bytes) {
    bool is_gone = unmap(start, bytes);
    if (!is_gone) os_purge(start, bytes);
    return is_gone;
}

bool os_unmap_untouched(void* start, size_t bytes) {
    bool is_gone = unmap(start, bytes);
    if (!is_gone) os_drop(start, bytes);
    return is_gone;
}

bool os_is_one_mapping(void* start, size_t bytes) {
    void* longer = mremap(start, bytes, bytes + 4096, 0);
    if (longer != MAP_FAILED) munmap((char*)start + bytes, 4096);
    return longer != MAP_FAILED || errno != EFAULT;
}

bool os_move(void* start, size_t bytes, void* place) {
    if (mremap(start, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place) != MAP_FAILED) {
        // order: relaxed, a hint (map_at_hint).
        atomic_store_explicit(&place_hint, (uintptr_t)start + bytes, memory_order_relaxed);
        return true;
    }
    // Before Linux 6.17 the place may be unmapped by now, where the source was not one mapping. It is mapped again,
    // unless another thread was given it in between; so one asks first (os_is_one_mapping).
    (void)mmap(place, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return false;
}

// The kernel rounds the end of a range up to its own pages, which can be longer than ours, and refuses a start inside
// of one. So it is asked for the pages that lie in the range whole; what is left at both ends is cleared.
void os_purge(void* start, size_t bytes) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    char* end = (char*)start + bytes;
    char* first_page = (char*)(((uintptr_t)start + page - 1) & -page);
    char* last_end = (char*)((uintptr_t)end & -page);
    // Locked pages (mlock(2)) cannot be given up. They must read as zeros all the same.
    if (first_page >= last_end || madvise(first_page, (size_t)(last_end - first_page), MADV_DONTNEED) != 0) {
        memset(start, 0, bytes);
        return;
    }
    memset(start, 0, (size_t)(first_page - (char*)start));
    memset(last_end, 0, (size_t)(end - last_end));
}

void os_drop(void* start, size_t bytes) { madvise(start, bytes, MADV_DONTNEED); }

static _Atomic enum asking asking;

void os_set_asking(enum asking now) {
    if (now == ASK_NOTHING) (void)os_address_limit();
    // order: relaxed, here and where it is read. It is no way to memory, and the thread that closes the process in sees
    // what it wrote.
    atomic_store_explicit(&asking, now, memory_order_relaxed);
}

static bool may_ask(enum asking least) {
    // order: relaxed.
    return atomic_load_explicit(&asking, memory_order_relaxed) <= least;
}

static atomic_size_t last_address_limit;  // 0: nobody has asked yet

size_t os_address_limit(void) {
    // order: relaxed, here and below. It is a number and no way to memory.
    size_t last = atomic_load_explicit(&last_address_limit, memory_order_relaxed);
    if (last != 0 && !may_ask(ASK_NO_PAGES)) return last;
    struct rlimit limit;
    size_t addresses = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < SIZE_MAX ? limit.rlim_cur : SIZE_MAX;
    size_t data = getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur < SIZE_MAX ? limit.rlim_cur : SIZE_MAX;
    size_t least = addresses < data ? addresses : data;
    // order: relaxed.
    atomic_store_explicit(&last_address_limit, least, memory_order_relaxed);
    return least;
}

size_t os_last_address_limit(void) {
    // order: relaxed.
    size_t last = atomic_load_explicit(&last_address_limit, memory_order_relaxed);
    return last != 0 ? last : os_address_limit();
}

// Whether a mapping is there no more when it was unmapped: some sandbox may forbid that.
static bool map_and_unmap(size_t bytes, bool* is_mapped) {
    void* start = map_at(NULL, bytes);
    *is_mapped = start != NULL;
    return start == NULL || munmap(start, bytes) == 0;
}

bool os_has_room(size_t bytes) {
    enum { UNKNOWN, IS_UNMAPPED, STAYS };
    static atomic_int what_was_mapped;
    bool is_mapped;
    // A single page shows it first. Who sees late what another has found out tries once more.
    // order: relaxed, here and below.
    int now = atomic_load_explicit(&what_was_mapped, memory_order_relaxed);
    if (now == UNKNOWN) now = map_and_unmap(4096, &is_mapped) ? IS_UNMAPPED : STAYS;
    bool stays = now == STAYS || !map_and_unmap(bytes, &is_mapped);
    // order: relaxed.
    atomic_store_explicit(&what_was_mapped, stays ? STAYS : IS_UNMAPPED, memory_order_relaxed);
    return stays || is_mapped;
}

void os_advise_huge(void* start, size_t bytes) { madvise(start, bytes, MADV_HUGEPAGE); }

void os_advise_ordinary(void* start, size_t bytes) { madvise(start, bytes, MADV_NOHUGEPAGE); }

// Result: whether the system tells.
static bool count_resident(void* start, size_t bytes, size_t* resident) {
    unsigned char is_there[2 * 1024 * 1024 / 4096];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = (bytes + page - 1) / page;
    *resident = 0;
    if (pages > sizeof is_there || !may_ask(ASK_ALL) || mincore(start, bytes, is_there) != 0) return false;
    for (size_t i = 0; i < pages; i++) *resident += (is_there[i] & 1) * page;
    return true;
}

size_t os_resident(void* start, size_t bytes) {
    size_t resident;
    (void)count_resident(start, bytes, &resident);
    return resident;
}

bool os_is_bare(void* start, size_t bytes, size_t most) {
    size_t resident;
    return count_resident(start, bytes, &resident) && resident <= most;
}

void os_clear(void* start, size_t bytes) {
    enum { PIECE_BYTES = 2 * 1024 * 1024, LEAST_BYTES = 128 * 1024, SPARSE_SHARE = 4 };
    for (size_t at = 0; at < bytes; at += PIECE_BYTES) {
        char* piece = (char*)start + at;
        size_t piece_bytes = bytes - at < PIECE_BYTES ? bytes - at : PIECE_BYTES;
        if (piece_bytes < LEAST_BYTES || os_resident(piece, piece_bytes) >= piece_bytes / SPARSE_SHARE) {
            memset(piece, 0, piece_bytes);
        } else {
            os_purge(piece, piece_bytes);
        }
    }
}

uint64_t os_milliseconds(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
