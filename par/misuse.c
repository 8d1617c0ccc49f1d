// misuse.c: see misuse.h.

#include "par/misuse.h"

#include <stdio.h>
#include <stdlib.h>

#include "par/last_words.h"

void misuse(const char* call, const void* block, const char* what) {
    char line[200];
    int length = snprintf(line, sizeof line, "%s(%p): %s\n", call, block, what);
    last_words(line, (size_t)length);
    abort();
}

void overrun_block(const char* call, const void* block, size_t bytes) {
    char what[120];
    (void)snprintf(what, sizeof what,
                   "this block was written behind its %zu bytes, or the next one in front of its own", bytes);
    misuse(call, block, what);
}

void broken_block(const void* block) {
    misuse("par", block, "this block was written after it had been freed, or an overrun of another reached it");
}
