// depot.c: see depot.h.

#include "par/depot.h"

#include <pthread.h>
#include <stddef.h>

#include "par/check.h"
#include "par/page_map.h"
#include "par/size_class.h"

enum { MAGAZINES_MOST = 16 };  // of a class; more than these are surplus

struct depot {
    _Alignas(64) pthread_mutex_t lock;  // guards this and every span of the class
    struct block* magazines;            // linked through next_magazine of their first blocks
    unsigned magazine_count;
    struct span_list spans;
    uint64_t recent_peak;  // of spans.outside; sinks towards it with every magazine that is taken
};

static struct depot depots[CLASS_COUNT] = {[0 ... CLASS_COUNT - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

static struct block* pop_magazine(struct depot* depot) {
    struct block* magazine = depot->magazines;
    depot->magazines = magazine->next_magazine;
    depot->magazine_count--;
    return magazine;
}

static void note_demand(struct depot* depot) {
    uint64_t sunk = depot->recent_peak - depot->recent_peak / 8;
    depot->recent_peak = depot->spans.outside > sunk ? depot->spans.outside : sunk;
}

static bool is_shrinking(const struct depot* depot) { return depot->spans.outside < depot->recent_peak / 2; }

static void empty_into_spans(struct depot* depot) {
    while (depot->magazines != NULL) span_list_give(&depot->spans, pop_magazine(depot));
}

unsigned depot_take(unsigned size_class, struct block** first) {
    struct depot* depot = &depots[size_class];
    unsigned count = size_classes[size_class].magazine_blocks;
    pthread_mutex_lock(&depot->lock);
    if (depot->magazines != NULL) {
        *first = pop_magazine(depot);
    } else {
        count = span_list_take(&depot->spans, size_class, count, first);
    }
    note_demand(depot);
    pthread_mutex_unlock(&depot->lock);
    return count;
}

bool depot_give(unsigned size_class, struct block* magazine) {
    struct depot* depot = &depots[size_class];
    pthread_mutex_lock(&depot->lock);
    bool shrinking = is_shrinking(depot);
    if (shrinking) empty_into_spans(depot);
    if (shrinking || depot->magazine_count == MAGAZINES_MOST) {
        span_list_give(&depot->spans, magazine);
    } else {
        magazine->next_magazine = depot->magazines;
        depot->magazines = magazine;
        depot->magazine_count++;
    }
    pthread_mutex_unlock(&depot->lock);
    return shrinking;
}

bool depot_give_loose(unsigned size_class, struct block* first) {
    struct depot* depot = &depots[size_class];
    pthread_mutex_lock(&depot->lock);
    span_list_give(&depot->spans, first);
    bool shrinking = is_shrinking(depot);
    pthread_mutex_unlock(&depot->lock);
    return shrinking;
}

void depot_flush(void) {
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        struct depot* depot = &depots[size_class];
        pthread_mutex_lock(&depot->lock);
        empty_into_spans(depot);
        pthread_mutex_unlock(&depot->lock);
    }
}

void depot_lock_all(void) {
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) pthread_mutex_lock(&depots[size_class].lock);
}

void depot_unlock_all(void) {
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++)
        pthread_mutex_unlock(&depots[size_class].lock);
}

static void check_one(const struct depot* depot, unsigned size_class) {
    unsigned magazines = 0;
    for (const struct block* magazine = depot->magazines; magazine != NULL; magazine = magazine->next_magazine) {
        unsigned blocks = 0;
        for (const struct block* block = magazine; block != NULL; block = block->next) {
            check_invariant(page_map_class(block) == size_class, "a magazine holds blocks of its class only");
            blocks++;
        }
        check_invariant(blocks == size_classes[size_class].magazine_blocks, "a magazine in the depot is full");
        magazines++;
    }
    check_invariant(magazines == depot->magazine_count && magazines <= MAGAZINES_MOST,
                    "magazines are counted, and few");
    uint64_t in_depot = (uint64_t)magazines * size_classes[size_class].magazine_blocks;
    check_invariant(depot->spans.outside >= in_depot, "blocks in the depot count as outside of their spans");
    span_list_check(&depot->spans, size_class);
}

void depot_check(void) {
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        pthread_mutex_lock(&depots[size_class].lock);
        check_one(&depots[size_class], size_class);
        pthread_mutex_unlock(&depots[size_class].lock);
    }
}
