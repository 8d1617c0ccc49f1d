// cancelled.c: a thread that is to be cancelled frees a block twice. The process must end all the same: what an
// allocator says of it is no place where the thread alone ends.
//
// Exit status: 1 when the process went on.

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void* free_twice(void* start) {
    void* volatile block = start;  // or the compiler says what is wrong here
    pthread_cancel(pthread_self());
    free(block);
    free(block);  // NOLINT(clang-analyzer-unix.Malloc): the subject
    return NULL;
}

int main(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, free_twice, malloc(100)) != 0) return 3;
    pthread_join(thread, NULL);
    puts("a block was freed twice, and the process went on");
    return 1;
}
