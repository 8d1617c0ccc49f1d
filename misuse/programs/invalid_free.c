// invalid_free.c: what was never handed out is given back or resized: not on the heap (CWE-590), a pointer that is not
// the beginning of a block (CWE-761), one of another allocator (CWE-762, CWE-763).

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "misuse/programs/wrong.h"

static void wrongly_give(void* pointer) {
    act_by_call();
    give(pointer);
    acted();
}

static void wrongly_resize(void* pointer, size_t bytes) {
    act_by_call();
    char* resized = resize(pointer, bytes);
    acted();
    if (resized != NULL) watch(resized, bytes);
}

static void inside(size_t bytes, size_t by) {
    char* block = victim(bytes);
    watch(block, bytes);
    wrongly_give(block + by);
}

static void at_half(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    watch(block, bytes);
    wrongly_give(block + bytes / 2 / 4096 * 4096);
}

static void in_front(size_t bytes, size_t by) {
    char* block = victim(bytes);
    watch(block, bytes);
    wrongly_give(block - by);
}

static void inside_resized(size_t bytes, size_t by) {
    char* block = victim(bytes);
    watch(block, bytes);
    wrongly_resize(block + by, 2 * bytes);
}

// A program can make a pointer into its block look like a chunk of the C library's, with a size in front of it.
static void forged_inside(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    size_t forged[] = {0, 0x21, 0, 0, 0, 0x21};
    memcpy(block, forged, bytes < sizeof forged ? bytes : sizeof forged);
    wrongly_give(block + 16);
    if (tells_secret(block, bytes)) damage("the block tells what is not its own");
    watch(block, bytes);
}

static char no_block[4096];

static void of_static(size_t bytes, size_t by) {
    (void)by;
    watch(take(bytes), bytes);
    wrongly_give(no_block + 64);
}

static void of_static_resized(size_t bytes, size_t by) {
    (void)by;
    wrongly_resize(no_block + 64, bytes);
}

static void of_stack(size_t bytes, size_t by) {
    _Alignas(64) char local[512];
    (void)by;
    memset(local, 1, sizeof local);
    watch(take(bytes), bytes);
    wrongly_give(local + 64);
}

static void of_stack_resized(size_t bytes, size_t by) {
    _Alignas(64) char local[512];
    (void)by;
    memset(local, 1, sizeof local);
    wrongly_resize(local + 64, bytes);
}

static void of_string(size_t bytes, size_t by) {
    (void)by;
    watch(take(bytes), bytes);
    wrongly_give((char*)(uintptr_t) "a string that nobody took from the heap");
}

static void of_code(size_t bytes, size_t by) {
    (void)by;
    watch(take(bytes), bytes);
    wrongly_give((void*)(uintptr_t)of_code);
}

static void of_null_and_more(size_t bytes, size_t by) {
    watch(take(bytes), bytes);
    wrongly_give((void*)by);
}

static void of_wild(size_t bytes, size_t by) {
    (void)by;
    watch(take(bytes), bytes);
    wrongly_give((void*)(uintptr_t)0x123456789abcd0);
}

static char* mapped(size_t bytes) {
    char* start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) exit(3);
    return start;
}

static void of_own_mapping(size_t bytes, size_t by) {
    (void)by;
    watch(take(bytes), bytes);
    char* start = mapped(65536);
    wrongly_give(start + 4096);
    watch(start, 65536);
}

static void of_unmapped(size_t bytes, size_t by) {
    (void)by;
    watch(take(bytes), bytes);
    char* start = mapped(1 << 20);
    munmap(start, 1 << 20);
    wrongly_give(start + 4096);
}

// The end of a block is where another begins, or none.
static void behind_the_last(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    watch(block, bytes);
    wrongly_give(block + (bytes + 15) / 16 * 16);
}

static void in_front_of_aligned(size_t bytes, size_t by) {
    void* block = NULL;
    if (posix_memalign(&block, 4096, bytes) != 0) exit(3);
    watch(block, bytes);
    wrongly_give((char*)block - by);
}

static const size_t by_1_8[] = {1, 8, 0};
static const size_t by_16[] = {16, 0};
static const size_t by_8_4096[] = {8, 4096, 0};
static const size_t large_sizes[] = {100 * 1000, 3 * 1000 * 1000, 0};

const struct kind invalid_free_kinds[] = {
    {761, "inside", inside, all_sizes, by_16},
    {761, "inside-unaligned", inside, little_sizes, by_1_8},
    {761, "inside-at-half", at_half, large_sizes, NULL},
    {761, "in-front", in_front, usual_sizes, by_16},
    {761, "inside-resized", inside_resized, usual_sizes, by_16},
    {761, "forged-inside", forged_inside, little_sizes, NULL},
    {761, "behind", behind_the_last, little_sizes, NULL},
    {590, "static", of_static, NULL, NULL},
    {590, "static-resized", of_static_resized, NULL, NULL},
    {590, "stack", of_stack, NULL, NULL},
    {590, "stack-resized", of_stack_resized, NULL, NULL},
    {590, "string", of_string, NULL, NULL},
    {590, "code", of_code, NULL, NULL},
    {590, "null-and-more", of_null_and_more, NULL, by_8_4096},
    {590, "wild", of_wild, NULL, NULL},
    {762, "own-mapping", of_own_mapping, NULL, NULL},
    {763, "unmapped", of_unmapped, NULL, NULL},
    {762, "in-front-of-aligned", in_front_of_aligned, little_sizes, by_16},
    {0},
};
