// fence.h: which files a program may use, where it cannot be given a file system of its own. Needs Landlock:
// Linux 5.13, no rights, no namespaces.

#ifndef MEASURE_FENCE_H
#define MEASURE_FENCE_H

#include <stdbool.h>
#include <stddef.h>

enum { MOST_FENCE_PATHS = 64 };

struct fence {
    const char* see[MOST_FENCE_PATHS];    // files and folders that may be read and executed, with all in them
    const char* write[MOST_FENCE_PATHS];  // that may be written too
    size_t see_count, write_count;        // both 0: no fence
};

// From here on this process and all that it starts can open nothing but these paths and the harmless devices, trace and
// inspect no process outside of the fence, nor (since Linux 6.12) send it signals. That other files exist stays
// visible. Result: false, with errno, when this kernel has no Landlock or a path cannot be reached.
bool fence_this_process(const struct fence* fence);

#endif
