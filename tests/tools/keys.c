// keys.c: a program uses up all keys of thread-specific data before it frees anything, so that no allocator is told of
// a thread's end by a key of its own that it takes later. What the program keeps by its keys stays its own, and threads
// that end leave nothing behind.
//
// Exit status: 1 with a line.

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { KEYS_MOST = 4096, THREADS = 600, BLOCKS = 60, SHORT = 900, LONG = 15000, GROWTH_MOST_KIB = 12 * 1024 };

static pthread_key_t keys[KEYS_MOST];
static int count;

static void* free_some(void* unused) {
    char* blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        size_t bytes = i % 6 == 0 ? LONG : SHORT;
        blocks[i] = memset(malloc(bytes), 'x', bytes);
    }
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    for (int i = 0; i < count; i++) {
        if (pthread_getspecific(keys[i]) != NULL) return "a thread found what it had not left there";
    }
    return unused;
}

static long peak_kib(void) {
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

int main(void) {
    while (count < KEYS_MOST && pthread_key_create(&keys[count], NULL) == 0) count++;
    if (count == KEYS_MOST) return puts("the keys have no end, so this shows nothing") > 0;
    long before_kib = peak_kib();
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        void* said = NULL;
        if (pthread_create(&thread, NULL, free_some, NULL) != 0 || pthread_join(thread, &said) != 0) return 2;
        if (said != NULL) return puts(said) > 0;
    }
    long grown_kib = peak_kib() - before_kib;
    return grown_kib > GROWTH_MOST_KIB && printf("%d threads left %ld KiB behind\n", THREADS, grown_kib) > 0;
}
