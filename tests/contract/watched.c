// watched.c: takes, resizes and frees blocks while a tool looks on (valgrind's memcheck, ThreadSanitizer).
//
// Usage: watched-NAME THREADS ROUNDS WORD. First each thread works with blocks of its own. Nothing but the allocator
// orders what the threads do, so that the tool cannot take an order of ours for one of the allocator's. Then blocks go
// from thread to thread, and are resized and freed where they arrive. At last threads come and go: each ends while
// others free blocks that it took, and frees its own last ones in a destructor. The last line repeats WORD, so that
// whoever started this knows that it came to its end.
//
// Exit status: 0 if all went well; 41 with a line on standard error that says what was wrong with a block (1 is what
// tools end with that cannot start); 2 for wrong usage; 3 with a line when there was no memory, which may be the tool's
// fault.

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/contract/closing.h"
#include "xmalloc.h"

enum { MOST_THREADS = 16, LIVE = 40, SLOTS = 16, KIB = 1024 };
enum { LARGE_ONE_IN = 24, LARGE = 20 * KIB, LARGE_DOUBLINGS = 6, END_BYTES = 4 * KIB };
enum { HUGE_ONE_IN = 200, HUGE_DOUBLINGS = 4 };                                // to 20 MiB
enum { LIVES = 40, SWAPS = 256, LAST_ONES = 40, SMALLEST = 16, SMALL = 600 };  // of a thread that comes and goes
enum { WRONG_BLOCK = 41, WRONG_USAGE = 2, NO_MEMORY = 3 };

typedef struct Piece {
    unsigned char* bytes;  // NULL: none is held
    size_t size;
    unsigned char value;  // of every byte
} Piece;

static size_t rounds;

static uint64_t next_random(uint64_t* state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static size_t draw_size(uint64_t* random) {
    static const size_t most[] = {64, 64, 300, 300, 300, 1000, 1000, 3 * KIB, 5 * KIB, 20 * KIB};
    bool is_huge = next_random(random) % HUGE_ONE_IN == 0;
    if (is_huge || next_random(random) % LARGE_ONE_IN == 0) {
        size_t doublings = next_random(random) % (is_huge ? HUGE_DOUBLINGS : LARGE_DOUBLINGS);
        size_t least = (size_t)LARGE << (is_huge ? LARGE_DOUBLINGS + doublings : doublings);
        return least + next_random(random) % least;
    }
    size_t kind = next_random(random) % (sizeof most / sizeof most[0]);
    return 1 + next_random(random) % most[kind];
}

static void need(const Piece* piece, const char* call) {
    if (piece->bytes != NULL) return;
    fprintf(stderr, "%s of %zu bytes returned NULL although there is memory\n", call, piece->size);
    _exit(NO_MEMORY);
}

// Of a large block only the ends are filled, since it takes a tool long to look at all of it.
static void fill(const Piece* piece) {
    size_t end = piece->size < LARGE ? piece->size : END_BYTES;
    memset(piece->bytes, piece->value, end);
    memset(piece->bytes + piece->size - end, piece->value, end);
}

// Each byte is compared with the next: the tool then does the work, and does it fast.
static bool is_filled(const Piece* piece, size_t from, size_t count) {
    const unsigned char* bytes = piece->bytes + from;
    return bytes[0] == piece->value && memcmp(bytes, bytes + 1, count - 1) == 0;
}

// old_size: of the block when it was filled; count: so many of its bytes are still there.
static void check_first(const Piece* piece, size_t old_size, size_t count, const char* when) {
    bool has_end = old_size < LARGE || count == old_size;
    size_t end = old_size < LARGE ? count : count < END_BYTES ? count : END_BYTES;
    if (is_filled(piece, 0, end) && (!has_end || is_filled(piece, count - end, end))) return;
    fprintf(stderr, "the block %p of %zu bytes has lost its content (seen %s)\n", (void*)piece->bytes, piece->size,
            when);
    _exit(WRONG_BLOCK);
}

static void take(Piece* piece, size_t size, uint64_t* random) {
    *piece = (Piece){.bytes = xmalloc(size), .size = size, .value = (unsigned char)next_random(random)};
    need(piece, "xmalloc");
    fill(piece);
}

static void resize(Piece* piece, size_t size) {
    size_t old_size = piece->size;
    check_first(piece, old_size, old_size, "before xrealloc");
    piece->bytes = xrealloc(piece->bytes, size);
    piece->size = size;
    need(piece, "xrealloc");
    check_first(piece, old_size, old_size < size ? old_size : size, "after xrealloc");
    fill(piece);
}

static void give_back(Piece* piece) {
    if (piece->bytes == NULL) return;
    check_first(piece, piece->size, piece->size, "before xfree");
    xfree(piece->bytes);
    piece->bytes = NULL;
}

static void work_alone(uint64_t* random) {
    Piece pieces[LIVE] = {{0}};
    for (size_t i = 0; i < rounds; i++) {
        Piece* piece = &pieces[next_random(random) % LIVE];
        if (piece->bytes != NULL && i % 3 == 0) {
            resize(piece, draw_size(random));
        } else {
            give_back(piece);
            take(piece, draw_size(random), random);
        }
        if (i % 5 == 0) sched_yield();  // the threads shall meet also where there is one processor
    }
    for (size_t i = 0; i < LIVE; i++) give_back(&pieces[i]);
}

static struct {
    pthread_mutex_t lock;
    Piece pieces[SLOTS];
} handed = {.lock = PTHREAD_MUTEX_INITIALIZER};

static Piece exchange(size_t slot, Piece piece) {
    pthread_mutex_lock(&handed.lock);
    Piece other = handed.pieces[slot];
    handed.pieces[slot] = piece;
    pthread_mutex_unlock(&handed.lock);
    return other;
}

static void hand_around(uint64_t* random) {
    for (size_t i = 0; i < rounds / 4; i++) {
        Piece piece;
        take(&piece, draw_size(random), random);
        Piece other = exchange(next_random(random) % SLOTS, piece);
        if (other.bytes != NULL && i % 3 == 0) resize(&other, draw_size(random));
        give_back(&other);
    }
}

static void* work(void* index) {
    uint64_t random = (uintptr_t)index + 1;
    work_alone(&random);
    hand_around(&random);
    return NULL;
}

// ---- Threads that come and go ----

static _Atomic(void*) swaps[SWAPS];
static pthread_key_t last_ones;

static void free_last_ones(void* first) {
    void** blocks = first;
    for (size_t i = 0; i < LAST_ONES; i++) xfree(blocks[i]);
    xfree(blocks);
}

static void* take_small(uint64_t* random) {
    Piece piece = {.size = SMALLEST + next_random(random) % SMALL};
    piece.bytes = xmalloc(piece.size);
    need(&piece, "xmalloc");
    memset(piece.bytes, 1, piece.size);
    return piece.bytes;
}

// Nobody has promised that NULL may be freed.
static void free_other(void* block) {
    if (block != NULL) xfree(block);
}

// Only the exchange lies between the thread that took a block and the one that frees it, and nothing else between two
// threads.
static void* come_and_go(void* index) {
    uint64_t random = (uintptr_t)index + 1;
    Piece own = {.size = LAST_ONES * sizeof(void*)};
    own.bytes = xmalloc(own.size);
    need(&own, "xmalloc");
    void** blocks = (void**)own.bytes;
    for (size_t i = 0; i < LAST_ONES; i++) {
        blocks[i] = take_small(&random);
        free_other(atomic_exchange(&swaps[next_random(&random) % SWAPS], take_small(&random)));
    }
    pthread_setspecific(last_ones, blocks);
    return NULL;
}

static void start(pthread_t* thread, void* (*run)(void*), size_t index) {
    int error = pthread_create(thread, NULL, run, (void*)(uintptr_t)index);
    if (error == 0) return;
    fprintf(stderr, "thread %zu cannot be started: %s\n", index + 1, strerror(error));
    _exit(NO_MEMORY);
}

// One ends and the next one begins, while the others are at work.
static void let_come_and_go(size_t thread_count) {
    pthread_t threads[MOST_THREADS] = {0};
    pthread_key_create(&last_ones, free_last_ones);
    for (size_t i = 0; i < LIVES * thread_count; i++) {
        if (i >= thread_count) pthread_join(threads[i % thread_count], NULL);
        start(&threads[i % thread_count], come_and_go, i);
    }
    for (size_t i = 0; i < thread_count; i++) pthread_join(threads[i], NULL);
    for (size_t i = 0; i < SWAPS; i++) free_other(atomic_exchange(&swaps[i], NULL));
}

static size_t number_of(const char* text, size_t most) {
    size_t number = strtoul(text, NULL, 10);
    return number <= most ? number : 0;
}

int main(int count, char** arguments) {
    size_t thread_count = count == 4 ? number_of(arguments[1], MOST_THREADS) : 0;
    rounds = count == 4 ? number_of(arguments[2], 1000000) : 0;
    if (thread_count == 0 || rounds == 0) {
        fprintf(stderr, "usage: %s THREADS ROUNDS WORD, at most %d threads\n", arguments[0], MOST_THREADS);
        return WRONG_USAGE;
    }

    pthread_t threads[MOST_THREADS] = {0};
    for (size_t i = 0; i < thread_count; i++) start(&threads[i], work, i);
    for (size_t i = 0; i < thread_count; i++) pthread_join(threads[i], NULL);
    for (size_t i = 0; i < SLOTS; i++) give_back(&handed.pieces[i]);
    if (thread_count > 1) let_come_and_go(thread_count);
    printf("watched: %zu threads, %zu rounds each; %s\n", thread_count, rounds, closing_word(arguments[3]));
    return 0;
}
