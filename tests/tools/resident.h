// resident.h: how much memory a process has, for programs that look at their own heap.

#ifndef TESTS_TOOLS_RESIDENT_H
#define TESTS_TOOLS_RESIDENT_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// Bytes in memory, of /proc/self/statm. Ends the process with status 3 where that cannot be read. What stdio takes for
// it comes from whatever malloc the program has.
static inline size_t resident(void) {
    size_t all, pages = 0;
    FILE* file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%zu %zu", &all, &pages) != 2) exit(3);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

#endif
