// double_free.c: a block is given back twice (CWE-415), in every order.

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "misuse/programs/wrong.h"

static void again(char* block) {
    act_by_call();
    give(block);
    acted();
}

static void in_a_row(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    give(block);
    again(block);
}

static void another_between(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    char* other = take(bytes);
    give(block);
    give(other);
    again(block);
}

static void many_between(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    give(block);
    others_come_and_go();
    again(block);
}

static void same_size_between(size_t bytes, size_t by) {
    (void)by;
    enum { MANY = 30 };
    char* others[MANY];
    for (size_t i = 0; i < MANY; i++) others[i] = take(bytes);
    char* block = victim(bytes);
    give(block);
    for (size_t i = 0; i < MANY; i++) give(others[i]);
    again(block);
}

// The second free may hit the block's next owner, who goes on with it.
static void taken_between(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    give(block);
    char* next = take(bytes);
    watch(next, bytes);
    again(block);
}

static void moved_by_realloc(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    char* moved = resize(block, 10 * bytes);
    watch(moved, 10 * bytes);
    if (moved != block) again(block);
}

static void realloc_to_nothing(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    if (resize(block, 0) != block) again(block);
}

static void* give_in_thread(void* block) {
    give(block);
    return NULL;
}

static void in_a_thread(char* block) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, give_in_thread, block) != 0) exit(3);
    pthread_join(thread, NULL);
}

static void other_thread_first(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    in_a_thread(block);
    again(block);
}

static void other_thread_second(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    give(block);
    act_by_call();
    in_a_thread(block);
    acted();
}

// The program's own late write hides what the allocator noted in the block.
static void overwritten_between(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    give(block);
    act_by_touch();
    memset(block, 0, 16);
    act_by_call();
    give(block);
    acted();
}

static void of_zeros(size_t bytes, size_t by) {
    (void)by;
    char* block = calloc(1, bytes);
    watch(take(bytes), bytes);
    give(block);
    again(block);
}

static void of_aligned(size_t bytes, size_t by) {
    (void)by;
    void* block = NULL;
    if (posix_memalign(&block, 256, bytes) != 0) exit(3);
    give(block);
    again(block);
}

const struct kind double_free_kinds[] = {
    {415, "in-a-row", in_a_row, all_sizes, NULL},
    {415, "another-between", another_between, all_sizes, NULL},
    {415, "many-between", many_between, all_sizes, NULL},
    {415, "same-size-between", same_size_between, usual_sizes, NULL},
    {415, "taken-between", taken_between, usual_sizes, NULL},
    {415, "moved-by-realloc", moved_by_realloc, all_sizes, NULL},
    {415, "realloc-to-nothing", realloc_to_nothing, usual_sizes, NULL},
    {415, "other-thread-first", other_thread_first, usual_sizes, NULL},
    {415, "other-thread-second", other_thread_second, usual_sizes, NULL},
    {415, "overwritten-between", overwritten_between, usual_sizes, NULL},
    {415, "of-zeros", of_zeros, little_sizes, NULL},
    {415, "of-aligned", of_aligned, little_sizes, NULL},
    {0},
};
