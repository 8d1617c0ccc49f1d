// pages.h: memory for the tests themselves, by system calls of their own. It comes neither from the allocator under
// test nor through the functions of the C library that the libraries of this folder replace.

#ifndef TORTURE_PAGES_H
#define TORTURE_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// Zeros, which a child shares with its parent or copies. Ends the process when there are none.
static inline void* pages_take(size_t bytes, int flags) {
    long start =
        syscall(SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, (off_t)0);
    if (start == -1) {
        perror("torture: no memory for the test's own records");
        _exit(2);
    }
    return (void*)(uintptr_t)start;
}

static inline void pages_give(void* start, size_t bytes) { syscall(SYS_munmap, start, bytes); }

#endif
