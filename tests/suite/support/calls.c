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

// The block that this thread of a test touched last.
static _Thread_local struct {
    const void* block;
    size_t bytes;
} touched;

void note_touch(const void* block, size_t bytes) {
    touched.block = block;
    touched.bytes = bytes;
}

// How many bytes of a block lie before an address; more than any block has when it is none of it.
static size_t bytes_before(uintptr_t address, const void* block, size_t bytes) {
    size_t past = address - (uintptr_t)block;
    return block != NULL && past < bytes ? past : SIZE_MAX;
}

// What a test touched when a call had returned. Empty when it is not known.
static void describe_touch(char* text, size_t size, uintptr_t address, const struct noted_call* call) {
    size_t in_result = bytes_before(address, call->result, call->bytes);
    size_t in_touched = bytes_before(address, touched.block, touched.bytes);
    if (in_result != SIZE_MAX) {
        snprintf(text, size, ": byte %zu of it cannot be used", in_result);
    } else if (in_touched != SIZE_MAX) {
        snprintf(text, size, ": byte %zu of the live block %p of %zu bytes cannot be used", in_touched, touched.block,
                 touched.bytes);
    }
}

// What a call touched. Empty when that was not near its block.
static void describe_fault_inside(char* text, size_t size, uintptr_t address, const struct noted_call* call) {
    enum { NEAR_NULL = 4096, HEADER = 64 };
    size_t most = call->bytes > call->old_bytes ? call->bytes : call->old_bytes;
    size_t in_block = bytes_before(address, call->block, most);
    size_t before_block = (uintptr_t)call->block - address;
    if (address < NEAR_NULL || -address < NEAR_NULL) {
        snprintf(text, size, ": it used a pointer that was NULL or MAP_FAILED");
    } else if (in_block != SIZE_MAX) {
        snprintf(text, size, ", at byte %zu of that block, which has %zu", in_block, call->old_bytes);
    } else if (call->block != NULL && before_block <= HEADER) {
        snprintf(text, size, ", %zu bytes before that block", before_block);
    }
}

// What was touched, as seen from a block: a number of bytes tells more than an address does. Empty when the kernel does
// not say, as of addresses that nobody can have.
static const char* place_of(const siginfo_t* fault, const struct noted_call* call) {
    static char text[128];
    bool has_address = (fault->si_signo == SIGSEGV || fault->si_signo == SIGBUS) && fault->si_code > 0;
    if (!has_address || fault->si_code == SI_KERNEL || call->name == NULL) return "";
    (call->returned ? describe_touch : describe_fault_inside)(text, sizeof text, (uintptr_t)fault->si_addr, call);
    return text;
}

// Not everything here is safe in a signal handler. The process is about to die, and the line is worth the try.
// Threads often crash together; only the first is told.
static void describe_crash(int signal_number, siginfo_t* fault, void* unused) {
    (void)unused;
    static atomic_flag is_told = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&is_told)) pause();
    char what[400];
    char line[512];
    const struct noted_call* last = watch_slot();
    if (last->name == NULL || !last->returned) {
        const char* cause = likely_cause(last);
        snprintf(what, sizeof what, "crash (%s) in %s%s", strsignal(signal_number), last_call(),
                 cause[0] != '\0' ? cause : place_of(fault, last));
    } else {
        char result[32] = "";
        if (strcmp(last->name, "xfree") != 0) snprintf(result, sizeof result, " returned %p", last->result);
        snprintf(what, sizeof what, "crash (%s) after %s%s%s", strsignal(signal_number), last_call(), result,
                 place_of(fault, last));
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
    struct sigaction action = {.sa_sigaction = describe_crash, .sa_flags = SA_ONSTACK | SA_SIGINFO};
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
