// self_report.c: what malloc says about itself when a program asks: mallinfo2, malloc_trim, malloc_info,
// malloc_usable_size.
//
// For LD_PRELOAD=lib/libpar.so. Ends with status 0, or with 1 after a line for each answer that is wrong.

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    KIB = 1024,
    MIB = 1024 * 1024,
    SMALL = 40000,
    SMALL_BYTES = 500,
    MEDIUM = 20,
    LARGE_BYTES = 10 * MIB,
    TINY = 16
};

// Headers before glibc 2.33 do not have it.
#if !__GLIBC_PREREQ(2, 33)
struct mallinfo2 {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
struct mallinfo2 mallinfo2(void) __attribute__((weak));
#endif

static int wrong;

#define EXPECT(condition, ...)   \
    do {                         \
        if (!(condition)) {      \
            wrong++;             \
            printf(__VA_ARGS__); \
            putchar('\n');       \
        }                        \
    } while (0)

static size_t resident_bytes(void) {
    unsigned long all, resident = 0;
    FILE* file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu %lu", &all, &resident) != 2) exit(2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void* filled(size_t bytes) {
    void* block = malloc(bytes);
    if (block == NULL) exit(2);
    return memset(block, 1, bytes);
}

static bool is_between(size_t least, size_t number, size_t most) { return least <= number && number <= most; }

static void* small[SMALL];
static void* medium[MEDIUM];

// The content of malloc_info, up to its end.
static void check_info(void) {
    char text[4096] = "";
    FILE* stream = fmemopen(text, sizeof text, "w");
    EXPECT(malloc_info(0, stream) == 0, "malloc_info(0, ...) did not return 0");
    fclose(stream);
    EXPECT(strncmp(text, "<malloc version=", 16) == 0 && strstr(text, "</malloc>") != NULL,
           "malloc_info printed no element <malloc>: %s", text);
    errno = 0;
    EXPECT(malloc_info(1, stdout) == -1 && errno == EINVAL, "malloc_info(1, ...) is an error, EINVAL");
}

// Of the smallest class, too; and of whole blocks, which are all multiples of 16. What the thread keeps for its next
// calls counts as used, so a magazine that was full before makes it a little less.
static void check_tiny(void) {
    size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < SMALL; i++) small[i] = filled(TINY);
    size_t after = mallinfo2().uordblks;
    size_t taken = SMALL * TINY;
    EXPECT(is_between(taken - taken / 128, after - before, taken + taken / 8),
           "uordblks rose by %zu for %zu bytes in blocks of %d", after - before, taken, TINY);
    EXPECT(after % TINY == 0, "uordblks is %zu, which no blocks together can have", after);
    for (size_t i = 0; i < SMALL; i++) free(small[i]);
}

int main(void) {
    free(malloc(1));
    check_tiny();
    struct mallinfo2 before = mallinfo2();
    for (size_t i = 0; i < SMALL; i++) small[i] = filled(SMALL_BYTES);
    for (size_t i = 0; i < MEDIUM; i++) medium[i] = filled(MIB);
    void* large = filled(LARGE_BYTES);

    struct mallinfo2 info = mallinfo2();
    size_t taken = SMALL * SMALL_BYTES + MEDIUM * MIB;
    size_t used = info.uordblks - before.uordblks;
    EXPECT(is_between(taken, used, taken + taken / 8), "uordblks rose by %zu for %zu bytes", used, taken);
    EXPECT(info.hblks == before.hblks + 1, "hblks rose by %zu for one large block", info.hblks - before.hblks);
    EXPECT(is_between(LARGE_BYTES, info.hblkhd - before.hblkhd, LARGE_BYTES + 64 * KIB),
           "hblkhd rose by %zu for a block of %d bytes", info.hblkhd - before.hblkhd, LARGE_BYTES);
    EXPECT(info.arena >= info.uordblks, "arena is %zu, less than uordblks, %zu", info.arena, info.uordblks);
    EXPECT(info.arena == info.uordblks + info.fordblks, "arena is not uordblks + fordblks");
    check_info();

    for (size_t i = 0; i < SMALL; i++) free(small[i]);
    for (size_t i = 0; i < MEDIUM; i++) free(medium[i]);
    free(large);
    size_t idle = resident_bytes();
    int trimmed = malloc_trim(0);
    int again = malloc_trim(0);
    EXPECT(trimmed == 1, "malloc_trim gave nothing back after %zu bytes were freed", taken);
    EXPECT(resident_bytes() < idle, "malloc_trim said that it gave memory back, but %zu bytes stayed resident", idle);
    EXPECT(again == 0, "malloc_trim said twice that it gave memory back");
    info = mallinfo2();
    size_t left = info.uordblks > before.uordblks ? info.uordblks - before.uordblks : 0;
    EXPECT(left < 64 * KIB, "uordblks is %zu higher than before, and all is freed", left);
    EXPECT(info.hblks == before.hblks, "hblks is %zu, and no large block is left", info.hblks);
    EXPECT(mallopt(M_MMAP_THRESHOLD, 64 * KIB) == 0, "mallopt says that it set something, and nothing can be set");
    return wrong > 0;
}
