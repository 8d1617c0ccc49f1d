// probe_advice.c: whether MADV_DONTNEED gives huge pages back, to whom, and when. No allocator takes part.
//
// The process is rid of a part of a huge page at once. But the machine has that part back only when the kernel has
// split the huge page, and it does so when memory gets scarce.

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "ladder/probe.h"
#include "programs/failure.h"
#include "programs/options.h"

enum { KIB = 1024, MIB = 1024 * KIB, HUGE_BYTES = 2 * MIB, ALL = 512 * MIB, PIECE = 64 * KIB };

// Bytes of memory that nobody uses. What other processes take and give up meanwhile is in it, too.
static size_t free_bytes(void) { return probe_proc_bytes("/proc/meminfo", "MemFree"); }

static double part(size_t before, size_t after, size_t of) {
    return before <= after ? 0 : (double)(before - after) / (double)of;
}

// First every other piece is given up: 16 pages of 4 KiB, of the 512 that make a huge page. Then all that is left.
static void give_up(const size_t* unused) {
    (void)unused;
    char* start = mmap(NULL, ALL + HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) fail_no_memory("huge pages");
    start += -(uintptr_t)start % HUGE_BYTES;
    madvise(start, ALL, MADV_HUGEPAGE);
    memset(start, 1, ALL);
    size_t own[3] = {probe_resident()};
    size_t machine[3] = {free_bytes()};
    size_t huge = probe_proc_bytes("/proc/self/smaps_rollup", "AnonHugePages");

    bool accepted = true;
    for (size_t at = 0; at < ALL; at += 2 * PIECE) {
        if (madvise(start + at, PIECE, MADV_DONTNEED) != 0) accepted = false;
    }
    own[1] = probe_resident();
    machine[1] = free_bytes();
    size_t wrong = 0;
    for (size_t at = PIECE; at < ALL; at += 2 * PIECE) wrong += start[at] != 1;
    for (size_t at = 0; at < ALL; at += HUGE_BYTES) wrong += start[at] != 0;
    if (madvise(start, ALL, MADV_DONTNEED) != 0) accepted = false;
    own[2] = probe_resident();
    machine[2] = free_bytes();

    probe_answer("huge_per_all", (double)huge / ALL);
    probe_answer("accepted", accepted);
    probe_answer("wrong_bytes", (double)wrong);
    probe_answer("parts_from_process", part(own[0], own[1], ALL / 2));
    probe_answer("parts_to_machine", part(machine[1], machine[0], ALL / 2));
    probe_answer("all_to_machine", part(machine[2], machine[0], ALL));
}
const Probe probe_advice = {
    "advice",
    "Which part of memory given up with MADV_DONTNEED leaves the process, and which comes back to the machine.", 0,
    give_up};
