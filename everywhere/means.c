// means.c: what the suite of the backends needs of the system, done once without any backend.
//
// An emulator of user mode plays the system for the program, and plays some of it badly: memory that was given back
// stays, each mapping costs the emulator memory that counts as the program's, limits do not hold. There a right backend
// fails. Each line of output is a means that is missing: its name, a blank, and a sentence.

#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1024 * 1024)

enum { THREADS = 64, MAPPINGS = 3000, BLOCKS = 64 };

static size_t resident_bytes(void) {
    unsigned long pages = 0;
    FILE* statm = fopen("/proc/self/statm", "r");
    if (statm == NULL || fscanf(statm, "%*u %lu", &pages) != 1) {
        puts("memory /proc does not say how much memory a process has");
        exit(0);
    }
    fclose(statm);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static char* map(size_t bytes) {
    char* mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mapped == MAP_FAILED ? NULL : mapped;
}

static void ask_giving_back(void) {
    char* memory = map(BLOCKS * MIB);
    if (memory == NULL) return;
    memset(memory, 1, BLOCKS * MIB);
    size_t before = resident_bytes();
    if (madvise(memory, BLOCKS * MIB, MADV_DONTNEED) != 0 || resident_bytes() + BLOCKS / 2 * MIB > before) {
        puts("giving_back madvise(MADV_DONTNEED) does not give memory back here");
    }
    munmap(memory, BLOCKS * MIB);
}

static void ask_mappings(void) {
    size_t before = resident_bytes();
    for (int i = 0; i < MAPPINGS; i++) {
        size_t bytes = (size_t)(i % 7 + 1) * MIB;
        char* memory = map(bytes);
        if (memory == NULL) break;
        memory[0] = 1;
        munmap(memory, bytes);
    }
    size_t after = resident_bytes();
    if (after > before + MIB) {
        printf("mappings %d mappings that came and went leave %zu KiB\n", MAPPINGS, (after - before) / 1024);
    }
}

static void* come_and_go(void* nothing) { return nothing; }

static void ask_threads(void) {
    size_t before = 0;
    for (int i = 0; i < 2 * THREADS; i++) {
        if (i == THREADS) before = resident_bytes();
        pthread_t thread;
        if (pthread_create(&thread, NULL, come_and_go, NULL) == 0) pthread_join(thread, NULL);
    }
    size_t after = resident_bytes();
    if (after > before + MIB) {
        printf("threads %d threads that came and went leave %zu KiB\n", THREADS, (after - before) / 1024);
    }
}

static void ask_start(char* own) {
    char* arguments[] = {own, "started", NULL};
    pid_t child = 0;
    int status = 0;
    int error = posix_spawn(&child, own, NULL, NULL, arguments, environ);
    if (error != 0) {
        printf("start a program cannot start one of its kind here: %s\n", strerror(error));
        return;
    }
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        puts("start a program that another one starts does not end as it should here");
    }
}

// The last question, for the limit stays.
static void ask_limits(void) {
    struct rlimit limit = {512 * MIB, 512 * MIB};
    if (setrlimit(RLIMIT_AS, &limit) != 0 || map(1024 * MIB) != NULL) {
        puts("limits a limit of the address space does not hold here");
    }
}

int main(int argc, char** argv) {
    if (argc > 1) return 0;
    ask_giving_back();
    ask_mappings();
    ask_threads();
    ask_start(argv[0]);
    ask_limits();
    return 0;
}
