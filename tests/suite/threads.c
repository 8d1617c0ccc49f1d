// threads.c: the calls may be made from any thread at any time, and any thread may resize or free any block.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/marks.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { THREADS = 8 };

// A slow backend with 8 threads is slower still; but if too little is done, a lock that is missing may not be missed.
static size_t rounds_of_a_thread(void) {
    enum { ROUNDS = 150000, FEWEST_OF_COURSE = 15000 };
    size_t rounds = scaled(ROUNDS);
    return backend.course && rounds < FEWEST_OF_COURSE ? FEWEST_OF_COURSE : rounds;
}

// ---- Each thread on its own -----------------------------------------------------------------------------------------

static void work_alone(size_t index) {
    enum { LIVE = 100 };
    Block blocks[LIVE] = {{0}};
    uint64_t random = random_start(index);
    size_t rounds = rounds_of_a_thread();
    for (size_t i = 0; i < rounds; i++) {
        Block* block = &blocks[random_between(&random, 0, LIVE - 1)];
        size_t size = mixed_size(&random);
        if (block->bytes != NULL && size > 0 && i % 4 == 0) {
            resize(block, size);
        } else {
            give_back(block);
            take(block, size);
        }
    }
    give_back_all(blocks, LIVE);
}

START_TEST(threads_with_blocks_of_their_own_do_not_disturb_each_other) { run_threads(THREADS, work_alone); }
END_TEST

// ---- As fast as they can --------------------------------------------------------------------------------------------

// Hardly anything is done between the calls, and all sizes are the same few, so that two threads are often in the same
// few instructions of the allocator. A block that two of them got at the same time has the mark of the later one.
static double hurry_ends_at;

// Few sizes each time, which an allocator may treat alike: small ones, some of about a page, and large ones.
static const size_t hurried_sizes[][4] = {{16, 16, 32, 48},
                                          {1000, 1000, 3000, 9000},
                                          {100000, 100000, 70000, 600000},
                                          {3 * MIB, 4 * MIB, 5 * MIB, 12 * MIB},
                                          {17 * MIB, 17 * MIB, 20 * MIB, 40 * MIB}};

static const size_t* hurried;

static bool time_is_over(size_t pairs) {
    (void)pairs;
    return cpu_now_s() >= hurry_ends_at;
}

// is_over: whether so many pairs of calls are enough. It is asked now and then.
static void hurry_until(bool (*is_over)(size_t pairs), size_t index) {
    enum { LIVE = 32, BETWEEN_LOOKS = 64 };
    Marked live[LIVE] = {{0}};
    size_t most_live = hurried[0] < MIB / LIVE ? LIVE : 2;  // large ones are often kept by the piece
    for (size_t i = 0; i % BETWEEN_LOOKS != 0 || !is_over(i); i++) {
        Marked* block = &live[i % most_live];
        free_marked(block);
        size_t size = hurried[i / LIVE % 4];
        *block = take_marked(size, (uint64_t)(index + 1) << MARK_SHIFT | i);
    }
    for (size_t i = 0; i < LIVE; i++) free_marked(&live[i]);
}

static void take_and_free_in_a_hurry(size_t index) { hurry_until(time_is_over, index); }

START_TEST(threads_in_a_hurry_get_blocks_of_their_own) {
    enum { HURRIED = 4 };
    hurried = hurried_sizes[_i];
    hurry_ends_at = cpu_now_s() + (!backend.course ? 0.4 : _i == 0 ? 2.0 : 0.8);
    run_threads(HURRIED, take_and_free_in_a_hurry);
}
END_TEST

// More threads than a table has room for that somebody made for 64, 128 or 256: all live at the same time, and hold
// blocks.
static pthread_barrier_t all_of_the_crowd_hold_blocks;

static void work_in_a_crowd(size_t index) {
    enum { LIVE = 24 };
    Block blocks[LIVE];
    for (size_t i = 0; i < LIVE; i++) take(&blocks[i], 1 + (index * LIVE + i) * 37 % 1500);
    pthread_barrier_wait(&all_of_the_crowd_hold_blocks);
    give_back_all(blocks, LIVE);
    take_and_free_in_a_hurry(index);
}

START_TEST(hundreds_of_threads_that_live_at_the_same_time_get_blocks_of_their_own) {
    size_t crowd = threads_allowed();
    hurried = hurried_sizes[0];
    hurry_ends_at = cpu_now_s() + (backend.course ? 1.0 : 0.4);
    pthread_barrier_init(&all_of_the_crowd_hold_blocks, NULL, (unsigned)crowd);
    run_threads(crowd, work_in_a_crowd);
    pthread_barrier_destroy(&all_of_the_crowd_hold_blocks);
}
END_TEST

// One thread works on while more threads come and go than any table has places: who finds a cache by the number of its
// thread, or by a part of some address of it, gives the same one to both some day.
enum { COMING = 4400, PAIRS_OF_ONE_THAT_COMES = 1500 };
static atomic_bool all_have_come;

static bool all_others_have_come(size_t pairs) {
    (void)pairs;
    return all_have_come;
}
static bool has_done_its_pairs(size_t pairs) { return pairs >= PAIRS_OF_ONE_THAT_COMES; }

static void* come_and_go(void* unused) {
    (void)unused;
    hurry_until(has_done_its_pairs, 1);
    return NULL;
}

static void stay_or_send_others(size_t index) {
    if (index == 0) {
        hurry_until(all_others_have_come, index);
        return;
    }
    size_t coming = scaled_for_tool(COMING);
    for (size_t i = 0; i < coming && cpu_now_s() < hurry_ends_at; i++) {
        pthread_t thread;
        int error = pthread_create(&thread, NULL, come_and_go, NULL);
        if (error != 0) fail_test("thread %zu of %zu cannot be started: %s", i + 1, coming, strerror(error));
        pthread_join(thread, NULL);
    }
    all_have_come = true;
}

START_TEST(a_thread_that_stays_while_thousands_come_and_go_has_blocks_of_its_own) {
    hurried = hurried_sizes[0];
    hurry_ends_at = cpu_now_s() + 6.0;
    run_threads(2, stay_or_send_others);
}
END_TEST

// Three blocks at a time, which do not come back in the order in which they went: between two steps of one thread the
// first block of a list may be taken, and be the first again with another behind it (the ABA problem). Who only looks
// whether it is the same block gives out one that is in use.
static void free_in_another_order(size_t index) {
    enum { SIZE = 40, BETWEEN_LOOKS = 64 };
    uint64_t mark = (uint64_t)(index + 1) << MARK_SHIFT;
    for (size_t i = 0; i % BETWEEN_LOOKS != 0 || cpu_now_s() < hurry_ends_at; i++) {
        Marked three[3];
        for (size_t k = 0; k < 3; k++) three[k] = take_marked(SIZE, mark++);
        free_marked(&three[1]);
        free_marked(&three[0]);
        free_marked(&three[2]);
    }
}

START_TEST(threads_that_free_in_another_order_get_blocks_of_their_own) {
    enum { HURRIED = 4 };
    hurry_ends_at = cpu_now_s() + (backend.course ? 1.5 : 0.4);
    run_threads(HURRIED, free_in_another_order);
}
END_TEST

// Blocks move between two sizes, up and down at the same time. Who holds the lock of one size when it takes that of the
// other waits forever for a thread that does the same the other way round.
enum { MOVED = 8, MOVING_PAIRS = 5 };
static const size_t moving_sizes[MOVING_PAIRS][2] = {
    {24, 100}, {100, 1500}, {1500, 20000}, {40, 300000}, {2 * MIB, 5 * MIB}};
static const size_t* moving;

static void resize_up_and_down(size_t index) {
    enum { BETWEEN_LOOKS = 64 };
    Marked blocks[MOVED] = {{0}};
    for (size_t i = 0; i % BETWEEN_LOOKS != 0 || cpu_now_s() < hurry_ends_at; i++) {
        Marked* block = &blocks[i % MOVED];
        free_marked(block);
        size_t first = (i / MOVED + index) % 2;
        *block = take_marked(moving[first], (uint64_t)(index + 1) << MARK_SHIFT | i);
        for (size_t k = 1; k <= 2; k++) {
            size_t size = moving[(first + k) % 2];
            block->bytes = call_xrealloc(block->bytes, block->size, size);
            if (block->bytes == NULL) fail_test("%s returned NULL although there is memory", last_call());
            block->size = size;
            check_mark(block, 0);
            write_marks(block);
        }
    }
    for (size_t i = 0; i < MOVED; i++) free_marked(&blocks[i]);
}

START_TEST(threads_that_resize_up_and_down_do_not_wait_for_each_other_forever) {
    enum { MOVING = 4 };
    moving = moving_sizes[_i];
    hurry_ends_at = cpu_now_s() + (backend.course ? 0.6 : 0.2);
    run_threads(MOVING, resize_up_and_down);
}
END_TEST

// Large ones, each of its own thread: what is copied in one call must not get into the copy of another.
static void resize_large(size_t index) {
    enum { ROUNDS = 40, SMALLEST = 200 * KIB, DOUBLINGS = 5 };
    uint64_t random = random_start(index);
    size_t size = SMALLEST;
    unsigned char* bytes = call_xmalloc(size);
    if (bytes == NULL) fail_test("%s returned NULL although there is memory", last_call());
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t least = (size_t)SMALLEST << random_between(&random, 0, DOUBLINGS);
        size_t wanted = random_between(&random, least, 2 * least);
        bytes = resize_sparse(bytes, size, wanted);
        size = wanted;
    }
    call_xfree(bytes, size);
}

START_TEST(large_blocks_that_threads_resize_at_the_same_time_keep_their_content) { run_threads(THREADS, resize_large); }
END_TEST

// ---- All to all -----------------------------------------------------------------------------------------------------

enum { SLOTS = 1000 };

static struct {
    pthread_mutex_t lock;
    Block block;
} slots[SLOTS];

static Block exchange(size_t slot, Block block) {
    pthread_mutex_lock(&slots[slot].lock);
    Block other = slots[slot].block;
    slots[slot].block = block;
    pthread_mutex_unlock(&slots[slot].lock);
    return other;
}

// Puts a block of its own into some slot and gets what another thread left there, to free it or to resize it first.
static void exchange_blocks(size_t index) {
    uint64_t random = random_start(index);
    size_t rounds = rounds_of_a_thread();
    for (size_t i = 0; i < rounds; i++) {
        Block block;
        take(&block, mixed_size(&random));
        Block other = exchange(random_between(&random, 0, SLOTS - 1), block);
        if (other.bytes != NULL && i % 4 == 0) resize(&other, 1 + mixed_size(&random));
        give_back(&other);
    }
}

START_TEST(blocks_resized_and_freed_by_other_threads_all_to_all_keep_their_content) {
    for (size_t i = 0; i < SLOTS; i++) pthread_mutex_init(&slots[i].lock, NULL);
    run_threads(THREADS, exchange_blocks);
    for (size_t i = 0; i < SLOTS; i++) give_back(&slots[i].block);
}
END_TEST

// ---- Producers and consumers ----------------------------------------------------------------------------------------

enum { QUEUE_LENGTH = 256, PRODUCERS = THREADS / 2 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    Block blocks[QUEUE_LENGTH];
    size_t put;  // how many blocks ever went in, and out
    size_t got;
    size_t producing;  // producers that have not ended
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .producing = PRODUCERS};

static void put(Block block) {
    pthread_mutex_lock(&queue.lock);
    while (queue.put - queue.got == QUEUE_LENGTH) pthread_cond_wait(&queue.changed, &queue.lock);
    queue.blocks[queue.put++ % QUEUE_LENGTH] = block;
    pthread_cond_broadcast(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
}

// False when the queue is empty and will stay so.
static bool get(Block* block) {
    pthread_mutex_lock(&queue.lock);
    while (queue.put == queue.got && queue.producing > 0) pthread_cond_wait(&queue.changed, &queue.lock);
    bool found = queue.put > queue.got;
    if (found) *block = queue.blocks[queue.got++ % QUEUE_LENGTH];
    pthread_cond_broadcast(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
    return found;
}

static void produce(size_t index) {
    uint64_t random = random_start(index);
    size_t count = scaled(50000);
    for (size_t i = 0; i < count; i++) {
        Block block;
        take(&block, mixed_size(&random));
        put(block);
    }
    pthread_mutex_lock(&queue.lock);
    queue.producing--;
    pthread_cond_broadcast(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
}

static void produce_or_consume(size_t index) {
    if (index < PRODUCERS) {
        produce(index);
        return;
    }
    Block block;
    while (get(&block)) give_back(&block);
}

START_TEST(blocks_of_producers_are_freed_by_consumers) { run_threads(THREADS, produce_or_consume); }
END_TEST

TCase* threads_case(void) {
    TCase* topic = new_case("threads");
    add_test(topic, threads_with_blocks_of_their_own_do_not_disturb_each_other);
    add_threads_put_aside(topic);
    add_long_test(topic, threads_that_free_in_another_order_get_blocks_of_their_own);
    add_long_loop_test(topic, threads_in_a_hurry_get_blocks_of_their_own, 0,
                       sizeof hurried_sizes / sizeof hurried_sizes[0]);
    add_long_test(topic, hundreds_of_threads_that_live_at_the_same_time_get_blocks_of_their_own);
    add_long_test(topic, a_thread_that_stays_while_thousands_come_and_go_has_blocks_of_its_own);
    add_threads_handing_over(topic);
    add_long_loop_test(topic, threads_that_resize_up_and_down_do_not_wait_for_each_other_forever, 0, MOVING_PAIRS);
    add_long_test(topic, large_blocks_that_threads_resize_at_the_same_time_keep_their_content);
    add_long_test(topic, blocks_resized_and_freed_by_other_threads_all_to_all_keep_their_content);
    add_test(topic, blocks_of_producers_are_freed_by_consumers);
    return topic;
}
