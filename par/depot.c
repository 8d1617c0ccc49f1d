// depot.c: see depot.h.

#include "par/depot.h"

#include <pthread.h>
#include <stddef.h>

#include "par/size_class.h"

enum { MAGAZINES_MOST = 16 };  // of a class; more than these are surplus

struct depot {
    _Alignas(64) pthread_mutex_t lock;  // guards this and every span of the class
    struct block* magazines;            // linked through next_magazine of their first blocks
    unsigned magazine_count;
    struct span_list spans;
};

static struct depot depots[CLASS_COUNT] = {[0 ... CLASS_COUNT - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

static struct block* pop_magazine(struct depot* depot) {
    struct block* magazine = depot->magazines;
    depot->magazines = magazine->next_magazine;
    depot->magazine_count--;
    return magazine;
}

unsigned depot_take(unsigned class, struct block** first) {
    struct depot* depot = &depots[class];
    unsigned count = size_classes[class].magazine_blocks;
    pthread_mutex_lock(&depot->lock);
    if (depot->magazines != NULL) {
        *first = pop_magazine(depot);
    } else {
        count = span_list_take(&depot->spans, class, count, first);
    }
    pthread_mutex_unlock(&depot->lock);
    return count;
}

void depot_give(unsigned class, struct block* magazine) {
    struct depot* depot = &depots[class];
    pthread_mutex_lock(&depot->lock);
    if (depot->magazine_count == MAGAZINES_MOST) {
        span_list_give(&depot->spans, magazine);
    } else {
        magazine->next_magazine = depot->magazines;
        depot->magazines = magazine;
        depot->magazine_count++;
    }
    pthread_mutex_unlock(&depot->lock);
}

void depot_give_loose(unsigned class, struct block* first) {
    struct depot* depot = &depots[class];
    pthread_mutex_lock(&depot->lock);
    span_list_give(&depot->spans, first);
    pthread_mutex_unlock(&depot->lock);
}

void depot_flush(void) {
    for (unsigned class = 1; class < CLASS_COUNT; class ++) {
        struct depot* depot = &depots[class];
        pthread_mutex_lock(&depot->lock);
        while (depot->magazines != NULL) span_list_give(&depot->spans, pop_magazine(depot));
        pthread_mutex_unlock(&depot->lock);
    }
}

void depot_lock_all(void) {
    for (unsigned class = 1; class < CLASS_COUNT; class ++) pthread_mutex_lock(&depots[class].lock);
}

void depot_unlock_all(void) {
    for (unsigned class = 1; class < CLASS_COUNT; class ++) pthread_mutex_unlock(&depots[class].lock);
}
