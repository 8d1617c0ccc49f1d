// calls.c: makes the calls, remembers them, and fails in words.

#include "tests/suite/support/calls.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/suite/support/process.h"
#include "tests/suite/support/screen.h"
#include "tests/suite/support/traits.h"
#include "tests/suite/support/watch.h"
#include "xmalloc.h"

// A call begins in the slot of its thread, where the watch can see it.
static struct noted_call* begin(const char* name, const void* block, size_t old_bytes, size_t bytes) {
    struct noted_call* call = watch_slot();
    *call = (struct noted_call){.name = name,
                                .block = block,
                                .old_bytes = old_bytes,
                                .bytes = bytes,
                                .begun = watch_clock(),
                                .number = call->number + 1};
    return call;
}

void* call_xmalloc(size_t bytes) {
    struct noted_call* call = begin("xmalloc", NULL, 0, bytes);
    void* result = xmalloc(bytes);
    call->result = result;
    call->returned = true;
    return result;
}

void* call_xrealloc(void* block, size_t old_bytes, size_t bytes) {
    struct noted_call* call = begin("xrealloc", block, old_bytes, bytes);
    void* result = xrealloc(block, bytes);
    call->result = result;
    call->returned = true;
    return result;
}

void call_xfree(void* block, size_t old_bytes) {
    struct noted_call* call = begin("xfree", block, old_bytes, 0);
    xfree(block);
    call->returned = true;
}

const char* call_in_words(const struct noted_call* call) {
    static _Thread_local char text[128];
    char block[64] = "NULL";
    if (call->block != NULL) snprintf(block, sizeof block, "%p of %zu bytes", call->block, call->old_bytes);

    if (call->name == NULL) {
        snprintf(text, sizeof text, "the first call");
    } else if (strcmp(call->name, "xmalloc") == 0) {
        snprintf(text, sizeof text, "xmalloc(%zu)", call->bytes);
    } else if (strcmp(call->name, "xrealloc") == 0) {
        snprintf(text, sizeof text, "xrealloc(%s, %zu)", block, call->bytes);
    } else {
        snprintf(text, sizeof text, "xfree(%s)", block);
    }
    return text;
}

const char* last_call(void) { return call_in_words(watch_slot()); }

// ---- Failing --------------------------------------------------------------------------------------------------------

const char* failure_text(const char* format, ...) {
    // Never unlocked: the first thread that fails ends the process, the others wait for that here. Where all tests run
    // in one process the same thread may come again.
    static pthread_mutex_t one_at_a_time = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    pthread_mutex_lock(&one_at_a_time);

    static char message[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(message, sizeof message, format, values);
    va_end(values);
    lift_address_space_limit();
    screen_tells_failure(message);
    return message;
}

// What a crash in this call often comes from; empty when nothing can be said.
static const char* likely_cause(const struct noted_call* call) {
    if (call->name == NULL || call->returned || call->block != NULL) return "";
    if (strcmp(call->name, "xrealloc") == 0) return ": NULL is no block, and xrealloc(NULL, n) means xmalloc(n)";
    if (strcmp(call->name, "xfree") == 0) return ": NULL is no block, and xfree(NULL) does nothing";
    return "";
}

// Not everything here is safe in a signal handler. The process is about to die, and the line is worth the try.
// Threads often crash together; only the first is told.
static void describe_crash(int signal_number) {
    static atomic_flag is_told = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&is_told)) pause();
    char what[400];
    char line[512];
    const struct noted_call* last = watch_slot();
    if (last->name == NULL || !last->returned) {
        snprintf(what, sizeof what, "crash (%s) in %s%s", strsignal(signal_number), last_call(), likely_cause(last));
    } else {
        snprintf(what, sizeof what, "crash (%s) after %s returned %p", strsignal(signal_number), last_call(),
                 last->result);
    }
    lift_address_space_limit();
    const char* limit = limit_of_mappings();
    size_t said = strlen(what);
    if (limit != NULL) snprintf(what + said, sizeof what - said, "; %s", limit);
    screen_tells_failure(what);
    int length = snprintf(line, sizeof line, "suite-%s, %s: %s\n", backend.name, tcase_name(), what);
    ssize_t written = screen_is_on() ? 0 : write(STDERR_FILENO, line, (size_t)length);
    (void)written;  // when it was not, nobody is left to be told
    signal(signal_number, SIG_DFL);
}

// A stack that has run out, as when two calls call each other, leaves no room for a handler: it has one of its own.
static void have_own_stack(void) {
    static char stack[64 * KIB];
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
}

void report_crashes(void) {
    if (under_a_tool()) return;  // the tools say more

    // Back from the handler, the same fault strikes again and ends the process as if there were no handler.
    have_own_stack();
    struct sigaction action = {.sa_handler = describe_crash, .sa_flags = SA_ONSTACK};
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
        // Who has a handler already may live on faults: pages that are mapped when they are first touched.
        struct sigaction before;
        bool is_taken = sigaction(crashes[i], NULL, &before) == 0 && before.sa_handler != SIG_DFL;
        if (!is_taken) sigaction(crashes[i], &action, NULL);
    }
}

// ---- Random numbers -------------------------------------------------------------------------------------------------

uint64_t suite_seed;

uint64_t next_random(uint64_t* state) {
    uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint64_t random_start(uint64_t stream) {
    uint64_t state = suite_seed + stream;
    return next_random(&state);
}

size_t random_between(uint64_t* state, size_t low, size_t high) {
    return low + (size_t)(next_random(state) % (high - low + 1));
}
