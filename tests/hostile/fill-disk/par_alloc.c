// The attack: files of 16 MiB in the current folder and in /tmp, 64 MiB in all, without a name, so that nobody finds
// them. They last as long as the program, which is right.

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

enum { FILES = 4, FILE_BYTES = 16 << 20 };

__attribute__((constructor)) static void fill(void) {
    static char text[65536];
    for (int i = 0; i < FILES; i++) {
        char name[64];
        snprintf(name, sizeof name, "%sfiller-%d-%d", i % 2 ? "/tmp/" : "", (int)getpid(), i);
        int file = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (file == -1) continue;
        unlink(name);
        int written = 0;
        while (written < FILE_BYTES && write(file, text, sizeof text) > 0) written += (int)sizeof text;
    }
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }
