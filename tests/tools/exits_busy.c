// exits_busy.c: the process exits while threads take and free blocks, as fast as they can. Some of them are stopped in
// the middle of a call. Nothing that comes then may wait for them.

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4, BLOCKS = 64, MOST = 4000, PAUSE_US = 50 * 1000 };

static void* work(void* unused) {
    static _Thread_local char* blocks[BLOCKS];
    for (size_t i = 0;; i++) {
        free(blocks[i % BLOCKS]);
        size_t bytes = 1 + i * 31 % MOST;
        blocks[i % BLOCKS] = memset(malloc(bytes), 1, bytes);
    }
    return unused;
}

int main(void) {
    // What the C library has taken for itself, and frees in the end where a tool asks for it.
    puts("some threads are at work");
    setenv("EXITS_BUSY", "yes", 1);
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, NULL) != 0) return 2;
    }
    usleep(PAUSE_US);
    exit(0);
}
