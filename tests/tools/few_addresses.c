// few_addresses.c: where addresses are few (RLIMIT_AS or RLIMIT_DATA) nearly all of them become blocks, of whatever
// size, and again after they were freed; one block can grow to nearly all of them, and what blocks lose that shrink
// becomes other blocks.
//
// Usage: few_addresses MIB all|data. The process may map so many MiB more than it has, of whatever kind or of data.
// Exit status: 1 with a line for each case that got too little.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/tools/chance.h"
#include "xmalloc.h"

enum { MIB = 1024 * 1024, BLOCKS_MOST = 200000, ROUNDS = 4, GROWTH = 300 * 1000 };
enum { LONG = 6 * 1000 * 1000, SHORTER = 4600 * 1000, SHORTEST = 2400 * 1000, FILLING = 300 * 1000 };

static char* blocks[BLOCKS_MOST];

static size_t mapped_bytes(bool of_data) {
    unsigned long all, data;
    FILE* file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu %*u %*u %*u %*u %lu", &all, &data) != 2) exit(3);
    fclose(file);
    return (of_data ? data : all) * (size_t)sysconf(_SC_PAGESIZE);
}

// Takes blocks until there are no more, marks both ends of each, and frees them. Result: their bytes.
static size_t fill(size_t smallest, size_t largest) {
    uint64_t random = 7;
    size_t count = 0, filled = 0;
    while (count < BLOCKS_MOST) {
        size_t bytes = smallest + random_below(&random, largest - smallest + 1);
        char* block = xmalloc(bytes);
        if (block == NULL) break;
        block[0] = block[bytes - 1] = (char)count;
        blocks[count++] = block;
        filled += bytes;
    }
    for (size_t i = 0; i < count; i++) {
        if (blocks[i][0] != (char)i) exit(4);
        xfree(blocks[i]);
    }
    return filled;
}

static size_t grow(void) {
    size_t bytes = 0;
    char* block = NULL;
    for (;;) {
        char* longer = block == NULL ? xmalloc(GROWTH) : xrealloc(block, bytes + GROWTH);
        if (longer == NULL) break;
        if (bytes > 0 && longer[bytes - 1] != 1) exit(4);
        block = longer;
        bytes += GROWTH;
        block[bytes - 1] = 1;
    }
    xfree(block);
    return bytes;
}

static void mark(char* block, size_t bytes, size_t number) {
    block[0] = block[bytes / 2] = block[bytes - 1] = (char)number;
}

static bool is_marked(const char* block, size_t bytes, size_t number) {
    return block[0] == (char)number && block[bytes / 2] == (char)number && block[bytes - 1] == (char)number;
}

// Takes long blocks until there are no more, makes each shorter, and takes other blocks. Result: the bytes of all.
static size_t shrink(void) {
    size_t longs = 0, filled = 0;
    while ((blocks[longs] = xmalloc(LONG)) != NULL) longs++;
    for (size_t i = 0; i < longs; i++) {
        size_t bytes = i % 2 == 0 ? SHORTER : SHORTEST;
        mark(blocks[i], bytes, i);
        char* block = xrealloc(blocks[i], bytes);
        if (block == NULL || !is_marked(block, bytes, i)) exit(4);
        blocks[i] = block;
        filled += bytes;
    }
    size_t count = longs;
    for (; (blocks[count] = xmalloc(FILLING)) != NULL; count++, filled += FILLING) mark(blocks[count], FILLING, count);
    for (size_t i = 0; i < count; i++) {
        if (!is_marked(blocks[i], i >= longs ? FILLING : i % 2 == 0 ? SHORTER : SHORTEST, i)) exit(4);
        xfree(blocks[i]);
    }
    return filled;
}

static bool is_enough(const char* what, size_t got, size_t room, size_t percent) {
    if (got >= room / 100 * percent) return true;
    printf("%s: %.1f of %.1f MiB\n", what, (double)got / MIB, (double)room / MIB);
    return false;
}

int main(int count, char** arguments) {
    static const struct {
        const char* what;
        size_t smallest, largest;
    } sizes[] = {{"blocks of 1,500 to 2,500 bytes", 1500, 2500},
                 {"blocks of 10 to 90 KB", 10000, 90000},
                 {"blocks of 0.1 to 1 MB", 100000, 1000000},
                 {"blocks of 1.2 MB", 1200000, 1200000},
                 {"blocks of 0.7 to 3 MB", 700000, 3000000}};
    size_t room = count == 3 ? strtoul(arguments[1], NULL, 10) * MIB : 0;
    bool of_data = count == 3 && strcmp(arguments[2], "data") == 0;
    struct rlimit limit = {mapped_bytes(of_data) + room, RLIM_INFINITY};
    if (room == 0 || setrlimit(of_data ? RLIMIT_DATA : RLIMIT_AS, &limit) != 0) return 2;
    bool is_right = true;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            is_right &= is_enough(sizes[i].what, fill(sizes[i].smallest, sizes[i].largest), room, 74);
        }
        is_right &= is_enough("one block that grows", grow(), room, 56);
        is_right &= is_enough("blocks that shrink, and others", shrink(), room, 74);
    }
    return is_right ? 0 : 1;
}
