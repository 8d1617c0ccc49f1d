// overflow.c: bytes are written behind a block (CWE-122) or in front of it (CWE-124), or more of them because a size
// was computed wrongly (CWE-131, CWE-190). The block is freed next, as a program does that is done with it; then its
// neighbours are used.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "misuse/programs/wrong.h"

static void write_bytes(char* from, size_t count, char byte) {
    act_by_touch();
    for (size_t i = 0; i < count; i++) ((volatile char*)from)[i] = byte;
    acted();
}

static void behind(size_t bytes, size_t by) {
    char* block = victim(bytes);
    write_bytes(block + bytes, by, 'x');
    give(block);
}

// The usual off by one: the end of a string.
static void end_of_string(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    write_bytes(block + bytes, 1, 0);
    give(block);
}

// A buffer that is cleared with the size of another.
static void cleared_behind(size_t bytes, size_t by) {
    char* block = victim(bytes);
    write_bytes(block + bytes, by, 0);
    give(block);
}

// One block is copied into another of the same size, and both ends are missed: what is behind the one comes behind the
// other.
static void copied_behind(size_t bytes, size_t by) {
    char* source = victim(bytes);
    char* block = victim(bytes);
    act_by_touch();
    for (size_t i = 0; i < bytes + by; i++) ((volatile char*)block)[i] = source[i];
    acted();
    give(block);
}

static void behind_then_resized(size_t bytes, size_t by) {
    char* block = victim(bytes);
    write_bytes(block + bytes, by, 'x');
    char* resized = resize(block, 3 * bytes);
    watch(resized, 3 * bytes);
}

// Far behind, and nothing between is touched.
static void far_behind(size_t bytes, size_t by) {
    char* block = victim(bytes);
    write_bytes(block + bytes + by, 8, 'x');
    give(block);
}

static void in_front(size_t bytes, size_t by) {
    char* block = victim(bytes);
    write_bytes(block - by, by, 'x');
    give(block);
}

// Behind a block that was resized in its place, or not.
static void behind_shrunk(size_t bytes, size_t by) {
    char* block = resize(victim(bytes), bytes - bytes / 8);
    write_bytes(block + bytes - bytes / 8, by, 'x');
    give(block);
}

static void behind_grown(size_t bytes, size_t by) {
    size_t grown = bytes + bytes / 8;
    char* block = resize(victim(bytes), grown);
    write_bytes(block + grown, by, 'x');
    give(block);
}

static void behind_zeros(size_t bytes, size_t by) {
    (void)victim(bytes);
    char* block = calloc(bytes / 8, 8);
    write_bytes(block + bytes / 8 * 8, by, 'x');
    give(block);
}

static void behind_aligned(size_t bytes, size_t by) {
    void* block = NULL;
    (void)victim(bytes);
    if (posix_memalign(&block, 256, bytes) != 0) exit(3);
    write_bytes((char*)block + bytes, by, 'x');
    give(block);
}

// count * 16 wraps to a few bytes.
static void wrapped_size(size_t bytes, size_t by) {
    (void)by;
    volatile size_t count = SIZE_MAX / 16 + 1 + bytes / 16;
    char* block = victim(count * 16);
    write_bytes(block, 2 * bytes, 'x');
    give(block);
}

// The size of the pointer, not of what it points to.
static void size_of_pointer(size_t bytes, size_t by) {
    (void)by;
    (void)victim(sizeof(char*));
    char* block = victim(sizeof(char*));
    write_bytes(block, bytes, 'x');
    give(block);
}

// A request that cannot be met must be refused: what comes back would be too short.
static void must_be_refused(char* block) {
    acted();
    if (block == NULL) return;
    damage("a request that cannot be met was met");
}

static void calloc_wraps(size_t bytes, size_t by) {
    (void)by;
    volatile size_t count = SIZE_MAX / bytes + 2;
    act_by_call();
    must_be_refused(calloc(count, bytes));
}

static void reallocarray_wraps(size_t bytes, size_t by) {
    (void)by;
    volatile size_t count = SIZE_MAX / bytes + 2;
    char* block = victim(bytes);
    act_by_call();
    must_be_refused(reallocarray(block, count, bytes));
}

static void negative_size(size_t bytes, size_t by) {
    volatile long size = -(long)by;
    (void)victim(bytes);
    act_by_call();
    must_be_refused(take((size_t)size));
}

static void aligned_wraps(size_t bytes, size_t by) {
    volatile size_t size = SIZE_MAX - by;
    void* block = NULL;
    (void)victim(bytes);
    act_by_call();
    must_be_refused(posix_memalign(&block, 4096, size) == 0 ? block : NULL);
}

static const size_t by_most[] = {1, 8, 64, 4096, 0};
static const size_t by_few[] = {1, 8, 0};
static const size_t by_one[] = {1, 0};
static const size_t by_eight[] = {8, 0};
static const size_t by_front[] = {1, 8, 16, 0};
static const size_t by_clear[] = {8, 64, 0};
static const size_t by_far[] = {16, 4096, 0};

const struct kind overflow_kinds[] = {
    {122, "behind", behind, all_sizes, by_most},
    {122, "end-of-string", end_of_string, usual_sizes, NULL},
    {122, "cleared-behind", cleared_behind, all_sizes, by_clear},
    {122, "copied-behind", copied_behind, usual_sizes, by_eight},
    {122, "behind-then-resized", behind_then_resized, usual_sizes, by_eight},
    {122, "far-behind", far_behind, usual_sizes, by_far},
    {122, "behind-shrunk", behind_shrunk, usual_sizes, by_eight},
    {122, "behind-grown", behind_grown, usual_sizes, by_eight},
    {122, "behind-zeros", behind_zeros, little_sizes, by_few},
    {122, "behind-aligned", behind_aligned, little_sizes, by_few},
    {124, "in-front", in_front, all_sizes, by_front},
    {131, "size-of-pointer", size_of_pointer, NULL, NULL},
    {190, "wrapped-size", wrapped_size, little_sizes, NULL},
    {190, "calloc-wraps", calloc_wraps, NULL, NULL},
    {190, "reallocarray-wraps", reallocarray_wraps, NULL, NULL},
    {195, "negative-size", negative_size, NULL, by_one},
    {190, "aligned-wraps", aligned_wraps, NULL, by_eight},
    {0},
};
