// known.c: a program of which it is known what it asks of malloc, for tests/trace/trace.t to record.
//
// Usage: known WAY. Built without optimization and without the compiler's own idea of malloc.
//
//   kinds    every call of the family, one after another, with and without effect
//   threads  four threads, each with blocks of a size of its own, which the main thread frees
//   reuse    four threads that take, resize and free blocks of one heap as fast as they can
//   handover one thread gives a block up, another is given its memory at once; once by free, once by realloc. For this
//   alone
//            handover.c must be preloaded
//   fork     a child by fork and one by clone, which take blocks of 4242 bytes
//   exec     takes 1111 bytes and becomes `known kinds`
//   far      closes all files, leaves its folder, makes 100,000 events and ends by SIGKILL
//   _exit    takes 17 bytes and leaves by _exit with status 3
//   count    takes as many blocks as the next argument says, and writes a line after each
//   late     takes 10 bytes; then threads that take 11, 12 and 13 begin and end, one after another
//   handler  takes 50 and 51 bytes and writes `main` after each; SIGUSR1 takes 77 and writes `handler`

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tools/handover.h"

enum { THREADS = 4, BLOCKS = 500, REUSES = 10000, LARGE = 2000, FAR_EVENTS = 100000 };

// The compiler must not know that these are too little or too much.
static volatile size_t nothing = 0;
static volatile size_t too_many = SIZE_MAX;
static volatile size_t too_large = PTRDIFF_MAX;

static void use_every_kind(void) {
    char* a = malloc(40);
    char* b = calloc(3, 7);
    char* c = realloc(NULL, 10);
    c = realloc(c, 1000);
    errno = 0;
    if (realloc(c, too_large) != NULL || errno != ENOMEM) _exit(9);
    errno = 0;
    if (calloc(too_many, 2) != NULL || reallocarray(c, too_many, 2) != NULL || malloc(too_large) != NULL) _exit(9);
    if (errno != ENOMEM) _exit(9);
    free(a);
    free(NULL);
    char* d = aligned_alloc(64, 128);
    void* e = NULL;
    if (posix_memalign(&e, 32, 77) != 0 || posix_memalign(&e, 3, 77) != EINVAL) _exit(9);
    char* f = memalign(256, 5);
    char* g = valloc(1);
    char* h = pvalloc(4097);
    char* i = malloc(nothing);
    b = reallocarray(b, 30, 5);
    errno = 5;
    free(d);
    if (errno != 5) _exit(9);
    if (realloc(c, nothing) != NULL) _exit(9);
    free(e);
    free(f);
    free(g);
    free(h);
    free(i);
    b[0] = 1;  // and stays
}

static void* blocks[THREADS][BLOCKS];

static void* take_own(void* argument) {
    size_t which = (size_t)(uintptr_t)argument;
    for (size_t i = 0; i < BLOCKS; i++) blocks[which][i] = malloc(1000 + which);
    return NULL;
}

static void* reuse(void* argument) {
    (void)argument;
    void* kept[8] = {0};
    for (size_t i = 0; i < REUSES; i++) {
        void** one = &kept[i * 7 % 8];
        if (i % 3 == 0) {
            *one = realloc(*one, LARGE + i % 100);
        } else {
            free(*one);
            *one = malloc(LARGE + i % 100);
        }
    }
    for (size_t i = 0; i < 8; i++) free(kept[i]);
    return NULL;
}

static void run_threads(void* (*work)(void* argument)) {
    pthread_t threads[THREADS];
    for (uintptr_t t = 0; t < THREADS; t++) {
        if (pthread_create(&threads[t], NULL, work, (void*)t) != 0) _exit(9);
    }
    for (size_t t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
}

static void* take_over(void* argument) {
    (void)argument;
    blocks[0][0] = malloc(HANDED_THEN);
    blocks[0][1] = malloc(HANDED_DONE);
    return NULL;
}

static void hand_over(bool by_free) {
    char* block = malloc(HANDED_FIRST);
    pthread_t thread;
    if (pthread_create(&thread, NULL, take_over, NULL) != 0) _exit(9);
    if (by_free) {
        free(block);
    } else {
        blocks[1][0] = realloc(block, HANDED_MOVED);
    }
    pthread_join(thread, NULL);
}

static void be_child(void) {
    for (int i = 0; i < 5; i++) free(malloc(4242));
    _exit(0);
}

static void have_children(void) {
    char* before = malloc(50);
    pid_t child = fork();
    if (child == 0) be_child();
    if (waitpid(child, NULL, 0) != child) _exit(9);
    child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);  // no handler of fork runs
    if (child == 0) be_child();
    if (waitpid(child, NULL, 0) != child) _exit(9);
    free(before);
    blocks[0][0] = malloc(60);
}

static void go_far(void) {
    if (chdir("/") != 0) _exit(9);
    for (int fd = 0; fd < 100; fd++) close(fd);
    for (int i = 0; i < FAR_EVENTS / 2; i++) free(malloc(33));
    raise(SIGKILL);
}

static void say(const char* line) {
    if (write(STDOUT_FILENO, line, strlen(line)) < 0) _exit(9);
}

static void count_to(int most) {
    for (int i = 0; i < most; i++) {
        blocks[0][i % BLOCKS] = malloc(20);
        say("taken\n");
    }
}

static void* take_one(void* argument) {
    blocks[0][0] = malloc((size_t)(uintptr_t)argument);
    return NULL;
}

static void begin_late(void) {
    take_one((void*)(uintptr_t)10);
    for (uintptr_t bytes = 11; bytes < 14; bytes++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, take_one, (void*)bytes) != 0) _exit(9);
        pthread_join(thread, NULL);
    }
}

static void handle(int number) {
    (void)number;
    blocks[0][2] = malloc(77);  // NOLINT(bugprone-signal-handler): the subject
    say("handler\n");
}

static void be_interrupted(void) {
    signal(SIGUSR1, handle);
    for (size_t i = 0; i < 2; i++) {
        blocks[0][i] = malloc(50 + i);
        say("main\n");
    }
}

int main(int argc, char** argv) {
    const char* way = argc < 2 ? "" : argv[1];
    if (strcmp(way, "kinds") == 0) {
        use_every_kind();
    } else if (strcmp(way, "threads") == 0) {
        run_threads(take_own);
        for (size_t t = 0; t < THREADS; t++) {
            for (size_t i = 0; i < BLOCKS; i++) free(blocks[t][i]);
        }
    } else if (strcmp(way, "reuse") == 0) {
        // Threads that had arenas of their own, or small blocks, would never get each other's memory.
        mallopt(M_ARENA_MAX, 1);
        run_threads(reuse);
    } else if (strcmp(way, "handover") == 0) {
        hand_over(true);
        hand_over(false);
    } else if (strcmp(way, "fork") == 0) {
        have_children();
    } else if (strcmp(way, "exec") == 0) {
        blocks[0][0] = malloc(1111);
        execl(argv[0], argv[0], "kinds", (char*)NULL);
        return 9;
    } else if (strcmp(way, "far") == 0) {
        go_far();
    } else if (strcmp(way, "_exit") == 0) {
        blocks[0][0] = malloc(17);
        _exit(3);
    } else if (strcmp(way, "count") == 0 && argc == 3) {
        count_to(atoi(argv[2]));
    } else if (strcmp(way, "late") == 0) {
        begin_late();
    } else if (strcmp(way, "handler") == 0) {
        be_interrupted();
    } else {
        return 2;
    }
    return 0;
}
