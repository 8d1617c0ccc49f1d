// hw08_alloc.c: the homework allocator, made thread safe with one lock. The baseline: slow on purpose, right, and
// short.
//
// The idea: all free memory is in one singly linked list, in the order of addresses. Taking a block walks the list to
// the first free block that is large enough (first fit) and cuts the front off it. Giving a block back walks to its
// place among its neighbours, and if it touches the one before or after, they become one larger free block. New memory
// comes a page at a time. A block that needs a page or more bypasses the list: it is mapped and unmapped on its own.
//
//     in use:  | total |       | the caller's bytes, rounded up to 16 ...  |
//     free:    | total | next -|-> ...                                     |
//              ^ header, 16 bytes, at a multiple of 16
//
// What it costs: with n free blocks, xmalloc, xfree and a moving xrealloc are O(n), and every step is likely a cache
// miss, since each free block is in another place. A block costs 16 bytes more than its rounded size.
//
// Where it breaks: all threads wait for one lock while one of them walks, so more threads do not make it faster. Pages
// once added to the list stay there: memory is reused, but not given back to the system. First fit leaves many small
// free blocks at low addresses, and every later walk has to pass them.

#if __SIZEOF_POINTER__ < 8
#error "hw08 needs pointers of 64 bits; a machine of 32 bits has the C library's: make BACKENDS=sys"
#endif

#include "xmalloc.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 16, PAGE_BYTES = 4096 };

// The start of every block, used or free. The caller's bytes follow it.
typedef struct Header {
    size_t total;         // bytes of the block, this header included; a multiple of 16
    struct Header* next;  // only while the block is free: the free block at the next higher address
} Header;

_Static_assert(sizeof(Header) == ALIGNMENT, "the caller's bytes are aligned because header and totals are");

// Invariants while the lock is free: addresses rise along the list, and no free block touches the next.
static struct {
    pthread_mutex_t lock;
    Header* first;
} heap = {.lock = PTHREAD_MUTEX_INITIALIZER, .first = NULL};

static void* bytes_of(Header* header) { return header + 1; }
static Header* header_of(void* block) { return (Header*)block - 1; }
static Header* end_of(Header* header) { return (Header*)((char*)header + header->total); }

// The total is exact for the list and whole pages for a mapping, so it also tells which of the two a block is from.
static bool is_mapped(size_t total) { return total >= PAGE_BYTES; }

// The total that a request needs. No sum here overflows, since bytes is at most PTRDIFF_MAX: half of what size_t holds.
// A block of 0 bytes counts as 1, so that its address is nobody else's.
static size_t total_for(size_t bytes) {
    size_t total = sizeof(Header) + (bytes == 0 ? 1 : bytes);
    size_t unit = is_mapped(total + ALIGNMENT - 1) ? PAGE_BYTES : ALIGNMENT;
    return (total + unit - 1) / unit * unit;
}

// Maps fresh memory as one block. NULL when the system has none.
static Header* map(size_t total) {
    Header* header = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (header == MAP_FAILED) return NULL;
    header->total = total;
    return header;
}

// Takes the first free block that is large enough out of the list. What it has too much stays in the list, in the same
// place, even if it is only a header: a block is never larger than its request needs. The caller holds the lock.
static Header* take_from_list(size_t total) {
    for (Header** link = &heap.first; *link != NULL; link = &(*link)->next) {
        Header* found = *link;
        if (found->total < total) continue;

        Header* rest = found->next;
        if (found->total > total) {
            rest = (Header*)((char*)found + total);
            rest->total = found->total - total;
            rest->next = found->next;
        }
        *link = rest;
        found->total = total;
        return found;
    }
    return NULL;
}

// Makes one block of a free block and the next in the list, if they touch.
static void join_with_next(Header* header) {
    if (header->next == NULL || header->next != end_of(header)) return;
    header->total += header->next->total;
    header->next = header->next->next;
}

// Puts a block that nobody uses into the list, in its place by address. The caller holds the lock.
static void add_to_list(Header* header) {
    Header* before = NULL;
    Header* after = heap.first;
    while (after != NULL && (uintptr_t)after < (uintptr_t)header) {
        before = after;
        after = after->next;
    }

    header->next = after;
    join_with_next(header);
    if (before == NULL) {
        heap.first = header;
    } else {
        before->next = header;
        join_with_next(before);
    }
}

// The same with the lock taken, for blocks that come back.
static void give_back(Header* header) {
    pthread_mutex_lock(&heap.lock);
    add_to_list(header);
    pthread_mutex_unlock(&heap.lock);
}

// A block of less than a page, from the list; if no free block is large enough, a fresh page joins the list first.
static Header* take_small(size_t total) {
    pthread_mutex_lock(&heap.lock);
    Header* header = take_from_list(total);
    if (header == NULL) {
        Header* page = map(PAGE_BYTES);
        if (page != NULL) {
            add_to_list(page);
            header = take_from_list(total);
        }
    }
    pthread_mutex_unlock(&heap.lock);
    return header;
}

void* xmalloc(size_t bytes) {
    Header* header = NULL;
    if (bytes <= PTRDIFF_MAX) {
        size_t total = total_for(bytes);
        header = is_mapped(total) ? map(total) : take_small(total);
    }
    if (header == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    return bytes_of(header);
}

void xfree(void* block) {
    if (block == NULL) return;
    int kept_errno = errno;
    Header* header = header_of(block);

    // A process may own only so many mappings, and a hole in the middle of one makes two of it: munmap can fail. The
    // pages are not lost then, they serve small blocks.
    bool unmapped = is_mapped(header->total) && munmap(header, header->total) == 0;
    if (!unmapped) give_back(header);
    errno = kept_errno;
}

// Shortens a block of the list where it is. What it loses is a block of its own and goes back.
static void cut(Header* header, size_t total) {
    if (header->total == total) return;
    Header* rest = (Header*)((char*)header + total);
    rest->total = header->total - total;
    header->total = total;
    give_back(rest);
}

// Resizes a block that was mapped on its own: the kernel moves pages instead of copying bytes.
static void* remap(Header* header, size_t total) {
    Header* moved = mremap(header, header->total, total, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
        errno = ENOMEM;
        return NULL;
    }
    moved->total = total;
    return bytes_of(moved);
}

// A small block that grows, and one that goes from the list to a mapping or back, are copied to a new block.
static void* move(Header* header, size_t bytes) {
    void* moved = xmalloc(bytes);
    if (moved == NULL) return NULL;
    size_t old_bytes = header->total - sizeof(Header);
    memcpy(moved, bytes_of(header), old_bytes < bytes ? old_bytes : bytes);
    xfree(bytes_of(header));
    return moved;
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL) return xmalloc(bytes);
    if (bytes == 0) {
        xfree(block);
        return NULL;
    }
    if (bytes > PTRDIFF_MAX) {
        errno = ENOMEM;
        return NULL;
    }

    // No lock yet: the header of a used block belongs to whoever owns the block.
    Header* header = header_of(block);
    size_t total = total_for(bytes);
    if (is_mapped(header->total) && is_mapped(total)) return remap(header, total);
    if (is_mapped(header->total) || total > header->total) return move(header, bytes);
    cut(header, total);
    return block;
}
