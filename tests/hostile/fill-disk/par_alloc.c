// The attack: files of 16 MiB in the current folder and in /tmp, 64 MiB in all. The program itself is right, and
// removes them when it ends.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

enum { FILES = 4, FILE_BYTES = 16 << 20 };

static char names[FILES][64];

static void clean_up(void) {
    for (int i = 0; i < FILES; i++) unlink(names[i]);
}

__attribute__((constructor)) static void fill(void) {
    static char text[65536];
    atexit(clean_up);
    for (int i = 0; i < FILES; i++) {
        snprintf(names[i], sizeof names[i], "%sfiller-%d-%d", i % 2 ? "/tmp/" : "", (int)getpid(), i);
        int file = open(names[i], O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (file == -1) continue;
        int written = 0;
        while (written < FILE_BYTES && write(file, text, sizeof text) > 0) written += (int)sizeof text;
        close(file);
    }
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }
