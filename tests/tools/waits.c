// waits.c: calls of the system that others wait for, or that one call makes: CASE.
//
// held     none is made while blocks are taken from spans or go back to them, for the lock of their class is held then
// few      ... and no free makes more than two, and now and then a look
// owed     ... but little stays, also of what many spans left together, nor has it to be waited for
// moved    no free moves more than three magazines
//
// A heap is freed in random order, so that at the end of it many spans lose their last blocks at the same time. Linked
// with --wrap of all functions below. Exit status: 1 with a line for a fault.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "par/span.h"
#include "tests/tools/mixed.h"
#include "tests/tools/resident.h"
#include "xmalloc.h"

enum { BYTES = 64, BLOCKS = 2 * 1024 * 1024, FEW = 3, MOVED = 3, MIB = 1024 * 1024, LEFT_MOST = 12 * MIB };

static char* blocks[BLOCKS];
static unsigned system_calls;  // of late
static unsigned held_calls;    // with the lock of a class
static bool is_held;
static unsigned magazines;  // that went to their spans of late

static void note(void) {
    system_calls++;
    held_calls += is_held;
}

void* __real_mmap(void* place, size_t bytes, int rights, int flags, int file, off_t offset);
void* __wrap_mmap(void* place, size_t bytes, int rights, int flags, int file, off_t offset);

void* __wrap_mmap(void* place, size_t bytes, int rights, int flags, int file, off_t offset) {
    note();
    return __real_mmap(place, bytes, rights, flags, file, offset);
}

int __real_munmap(void* start, size_t bytes);
int __wrap_munmap(void* start, size_t bytes);

int __wrap_munmap(void* start, size_t bytes) {
    note();
    return __real_munmap(start, bytes);
}

int __real_madvise(void* start, size_t bytes, int advice);
int __wrap_madvise(void* start, size_t bytes, int advice);

int __wrap_madvise(void* start, size_t bytes, int advice) {
    note();
    return __real_madvise(start, bytes, advice);
}

int __real_mincore(void* start, size_t bytes, unsigned char* pages);
int __wrap_mincore(void* start, size_t bytes, unsigned char* pages);

int __wrap_mincore(void* start, size_t bytes, unsigned char* pages) {
    note();
    return __real_mincore(start, bytes, pages);
}

struct batch __real_span_list_take(struct span_list* list, unsigned size_class, unsigned wanted);
struct batch __wrap_span_list_take(struct span_list* list, unsigned size_class, unsigned wanted);

struct batch __wrap_span_list_take(struct span_list* list, unsigned size_class, unsigned wanted) {
    is_held = true;
    struct batch batch = __real_span_list_take(list, size_class, wanted);
    is_held = false;
    return batch;
}

void __real_span_list_give(struct span_list* list, unsigned size_class, struct block* first);
void __wrap_span_list_give(struct span_list* list, unsigned size_class, struct block* first);

void __wrap_span_list_give(struct span_list* list, unsigned size_class, struct block* first) {
    is_held = true;
    magazines++;
    __real_span_list_give(list, size_class, first);
    is_held = false;
}

void __real_span_list_give_cold(struct span_list* list, unsigned size_class, struct block** firsts, unsigned count);
void __wrap_span_list_give_cold(struct span_list* list, unsigned size_class, struct block** firsts, unsigned count);

void __wrap_span_list_give_cold(struct span_list* list, unsigned size_class, struct block** firsts, unsigned count) {
    is_held = true;
    magazines += count;
    __real_span_list_give_cold(list, size_class, firsts, count);
    is_held = false;
}

// Frees all. Result: the most that one free has made, and moved.
static void give(unsigned* most_calls, unsigned* most_magazines) {
    *most_calls = *most_magazines = 0;
    for (size_t i = 0; i < BLOCKS; i++) {
        system_calls = magazines = 0;
        xfree(blocks[i]);
        if (system_calls > *most_calls) *most_calls = system_calls;
        if (magazines > *most_magazines) *most_magazines = magazines;
    }
}

int main(int count, char** arguments) {
    const char* of = count == 2 ? arguments[1] : "";
    unsigned most_calls, most_magazines;
    if (!take_mixed(blocks, BLOCKS, BYTES)) return 3;
    give(&most_calls, &most_magazines);
    if (strcmp(of, "held") == 0) {
        if (held_calls == 0) return 0;
        printf("%u calls of the system were made with the lock of a class held\n", held_calls);
    } else if (strcmp(of, "few") == 0) {
        if (most_calls <= FEW) return 0;
        printf("a free made %u calls of the system\n", most_calls);
    } else if (strcmp(of, "owed") == 0) {
        size_t left = resident();
        if (left <= sizeof blocks + LEFT_MOST) return 0;
        printf("%zu MiB stayed of %zu\n", (left - sizeof blocks) / MIB, (size_t)BYTES * BLOCKS / MIB);
    } else if (strcmp(of, "moved") == 0) {
        if (most_magazines <= MOVED) return 0;
        printf("a free moved %u magazines\n", most_magazines);
    } else {
        fprintf(stderr, "usage: waits held|few|owed|moved\n");
        return 2;
    }
    return 1;
}
