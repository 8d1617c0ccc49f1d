// par_alloc.c: your optimized allocator (task 2 of ASSIGNMENT.md). So far it is a stub: each call ends the program with
// a line that says what to do.
//
// Write the three calls of xmalloc.h here; more files may go into a folder par/. A copy of your hw08_alloc.c is a good
// start: it is right, and `make try BACKEND=par` tells after each change whether it became faster.

#include "xmalloc.h"

#include <stdio.h>
#include <unistd.h>

// The tests know this exit status: it says that there is nothing to test.
enum { NOT_WRITTEN = 77 };

static _Noreturn void not_written(const char* call) {
    fprintf(stderr, "par_alloc.c: %s is not written yet: it is task 2 of ASSIGNMENT.md; then: make test BACKEND=par\n",
            call);
    _exit(NOT_WRITTEN);
}

void* xmalloc(size_t bytes) {
    (void)bytes;
    not_written("xmalloc");
}

void xfree(void* block) {
    (void)block;
    not_written("xfree");
}

void* xrealloc(void* block, size_t bytes) {
    (void)block;
    (void)bytes;
    not_written("xrealloc");
}
