// probe_locality.c: where the blocks lie that are used together, and what it costs to visit them.

#include <pthread.h>
#include <stdbool.h>

#include "ladder/probe.h"
#include "programs/crew.h"
#include "programs/options.h"
#include "xmalloc.h"

enum { PAGE_BYTES = 4096, LINE_BYTES = 64, VISIT_ROUNDS = 10 };

// ---- Which places were used: a bit for each page or line, by its number modulo the bits

enum { PLACES = 1 << 24 };
typedef struct Places {
    unsigned char used[PLACES];  // by whom: a bit for each user
} Places;
static Places places;

static void note(const void* block, size_t unit, unsigned user) {
    places.used[(uintptr_t)block / unit % PLACES] |= (unsigned char)(1U << user);
}

static bool has_several_bits(unsigned bits) { return (bits & (bits - 1)) != 0; }

// Which part of the places that were used at all were used by two or more.
static double shared_part(void) {
    size_t used = 0;
    size_t shared = 0;
    for (size_t i = 0; i < PLACES; i++) {
        used += places.used[i] != 0;
        shared += has_several_bits(places.used[i]);
    }
    return used == 0 ? 0 : (double)shared / (double)used;
}

static size_t places_used(void) {
    size_t used = 0;
    for (size_t i = 0; i < PLACES; i++) used += places.used[i] != 0;
    return used;
}

// ---- Objects of one size, made among others

typedef struct Node {
    struct Node* next;
    char rest[40];
} Node;

static void visit_row(const size_t* unused) {
    enum { NODES = 60000 };
    (void)unused;
    uint64_t random = 1;
    Node* first = NULL;
    Node** end = &first;
    for (size_t i = 0; i < NODES; i++) {
        Node* node = probe_take(sizeof *node);
        *end = node;
        end = &node->next;
        note(node, PAGE_BYTES, 0);
        probe_take(probe_random(&random, 64, 600));
    }
    *end = NULL;

    size_t visited = 0;
    double start = probe_now_ns();
    for (size_t round = 0; round < VISIT_ROUNDS; round++) {
        for (const Node* node = first; node != NULL; node = node->next) visited++;
    }
    probe_answer("ns", (probe_now_ns() - start) / (double)visited);
    probe_answer("nodes_per_page", (double)NODES / (double)places_used());
}
const Probe probe_row = {"row", "What it costs to visit nodes of one size that were taken among blocks of other sizes.",
                         0, visit_row};

// ---- Objects of two sizes that belong together

typedef struct Object {
    unsigned char* text;
    char rest[40];
} Object;

static void visit_pairs(const size_t* unused) {
    enum { OBJECTS = 60000, TEXT_BYTES = 200 };
    (void)unused;
    static Object* objects[OBJECTS];
    uint64_t random = 1;
    size_t one_page = 0;
    for (size_t i = 0; i < OBJECTS; i++) {
        objects[i] = probe_take(sizeof *objects[i]);
        objects[i]->text = probe_take(TEXT_BYTES);
        one_page += (uintptr_t)objects[i] / PAGE_BYTES == (uintptr_t)objects[i]->text / PAGE_BYTES;
    }
    for (size_t i = OBJECTS; i > 1; i--) {
        size_t other = probe_random(&random, 0, i - 1);
        Object* kept = objects[i - 1];
        objects[i - 1] = objects[other];
        objects[other] = kept;
    }

    size_t sum = 0;
    double start = probe_now_ns();
    for (size_t round = 0; round < VISIT_ROUNDS; round++) {
        for (size_t i = 0; i < OBJECTS; i++) sum += objects[i]->text[0];
    }
    probe_answer("ns", (probe_now_ns() - start) / (double)sum);
    probe_answer("on_one_page", (double)one_page / OBJECTS);
}
const Probe probe_pair = {
    "pair", "What it costs to visit, in random order, objects of 48 bytes and the text of 200 bytes that each has.", 0,
    visit_pairs};

// ---- Threads that use the same lines

enum { PAIR_OF_THREADS = 2, REPLACED = 100000, LIVE = 64 };
static pthread_mutex_t noting = PTHREAD_MUTEX_INITIALIZER;

static void replace_and_note(void* unused, unsigned which) {
    (void)unused;
    enum { NOTED = 4096 };
    void* live[LIVE] = {NULL};
    const void* seen[NOTED];
    uint64_t random = which;
    for (size_t i = 0; i < REPLACED; i++) {
        void** block = &live[probe_random(&random, 0, LIVE - 1)];
        xfree(*block);
        *block = probe_take(probe_random(&random, 16, 256));
        seen[i % NOTED] = *block;
        if (i % NOTED != NOTED - 1) continue;
        pthread_mutex_lock(&noting);
        for (size_t k = 0; k < NOTED; k++) note(seen[k], LINE_BYTES, which);
        pthread_mutex_unlock(&noting);
    }
}

static void look_for_shared_lines(const size_t* unused) {
    (void)unused;
    crew_run(PAIR_OF_THREADS, replace_and_note, NULL);
    probe_answer("shared", shared_part());
}
const Probe probe_shared_lines = {
    "lines", "Which part of the cache lines in which blocks began were used by both of two threads.", 0,
    look_for_shared_lines};

// ---- Whose blocks are neighbours

enum { CROWD = 4, OWN_BLOCKS = 1000, OWN_BYTES = 48 };
static void* owned[CROWD][OWN_BLOCKS];

static pthread_barrier_t turn;

// In step, as threads do that are fed from one queue.
static void take_own(void* unused, unsigned which) {
    (void)unused;
    for (size_t i = 0; i < OWN_BLOCKS; i++) {
        pthread_barrier_wait(&turn);
        owned[which][i] = probe_take(OWN_BYTES);
    }
}

static void look_for_mixed_places(const size_t* arguments) {
    pthread_barrier_init(&turn, NULL, CROWD);
    crew_run(CROWD, take_own, NULL);
    for (unsigned k = 0; k < CROWD; k++) {
        for (size_t i = 0; i < OWN_BLOCKS; i++) note(owned[k][i], arguments[0], k);
    }
    probe_answer("mixed", shared_part());
}
const Probe probe_neighbours = {
    "neighbours", "BYTES: which part of the aligned stretches of so many bytes holds blocks of more threads than one.",
    1, look_for_mixed_places};
