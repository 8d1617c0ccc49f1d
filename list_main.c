// list_main.c: the longest Collatz sequence below TOP, with every sequence kept in a linked list.
//
// What it asks of an allocator: very many 16-byte blocks, taken and freed one by one, and a large live heap of them.

#include "programs/digest.h"
#include "programs/list.h"
#include "programs/search.h"

static void* start(uint64_t number) {
    struct list* list = list_make();
    list_append(list, number);
    return list;
}

static void* copy(const void* sequence) {
    const struct list* original = sequence;
    struct list* list = list_make();
    for (const struct cell* cell = original->first; cell != NULL; cell = cell->next) list_append(list, cell->number);
    return list;
}

static void append(void* sequence, uint64_t number) { list_append(sequence, number); }

static uint64_t last(const void* sequence) { return ((const struct list*)sequence)->last->number; }

static uint64_t length(const void* sequence) { return ((const struct list*)sequence)->length; }

static uint64_t digest(const void* sequence, uint64_t start) {
    const struct list* list = sequence;
    for (const struct cell* cell = list->first; cell != NULL; cell = cell->next) {
        start = digest_add(start, cell->number);
    }
    return start;
}

static void release(void* sequence) { list_release(sequence); }

static const struct sequence_kind lists = {start, copy, append, last, length, digest, release};

int main(int argc, char** argv) {
    search(&lists, options_or_exit(argc, argv));
    return 0;
}
