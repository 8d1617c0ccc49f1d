// named.c: says in which call of the allocator a program crashed, with the call's arguments.
//
// It stands between a program and its backend, by the linker's --wrap, in build/release/tests/named-PROGRAM-BACKEND,
// which is run again with the arguments of a crash. One line on standard error, and then the crash takes its course.

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xmalloc.h"

void* __real_xmalloc(size_t bytes);
void* __real_xrealloc(void* block, size_t bytes);
void __real_xfree(void* block);
void* __wrap_xmalloc(size_t bytes);
void* __wrap_xrealloc(void* block, size_t bytes);
void __wrap_xfree(void* block);

enum { STACK_BYTES = 64 * 1024 };

static _Thread_local struct Call {
    char name;  // 'm', 'r' or 'f'; 0: none yet
    bool returned;
    const void* block;
    size_t bytes;
} call;

static _Thread_local bool has_stack;

// A stack that has run out leaves no room for a handler, so each thread has one of its own for that.
static void begin(struct Call begun) {
    call = begun;
    if (has_stack) return;
    has_stack = true;
    void* memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) sigaltstack(&(stack_t){.ss_sp = memory, .ss_size = STACK_BYTES}, NULL);
}

void* __wrap_xmalloc(size_t bytes) {
    begin((struct Call){.name = 'm', .bytes = bytes});
    void* block = __real_xmalloc(bytes);
    call.returned = true;
    return block;
}

void* __wrap_xrealloc(void* block, size_t bytes) {
    begin((struct Call){.name = 'r', .block = block, .bytes = bytes});
    void* moved = __real_xrealloc(block, bytes);
    call.returned = true;
    return moved;
}

void __wrap_xfree(void* block) {
    begin((struct Call){.name = 'f', .block = block});
    __real_xfree(block);
    call.returned = true;
}

// snprintf is not promised to be safe in a handler; the process is about to die, and the line is worth the try.
// Threads often crash together; only the first is told.
static void describe(int signal_number) {
    static atomic_flag is_told = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&is_told)) pause();
    char block[32] = "NULL";
    char made[96] = "no call yet";
    char line[256];
    if (call.block != NULL) snprintf(block, sizeof block, "%p", call.block);
    if (call.name == 'm') snprintf(made, sizeof made, "xmalloc(%zu)", call.bytes);
    if (call.name == 'r') snprintf(made, sizeof made, "xrealloc(%s, %zu)", block, call.bytes);
    if (call.name == 'f') snprintf(made, sizeof made, "xfree(%s)", block);
    int length = snprintf(line, sizeof line, "crash (%s) %s %s\n", strsignal(signal_number),
                          call.returned ? "in the program itself, after" : "in", made);
    ssize_t written = write(STDERR_FILENO, line, (size_t)length);
    (void)written;  // when it was not, nobody is left to be told
    signal(signal_number, SIG_DFL);
}

__attribute__((constructor)) static void report_crashes(void) {
    struct sigaction action = {.sa_handler = describe, .sa_flags = SA_ONSTACK};
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) sigaction(crashes[i], &action, NULL);
}
