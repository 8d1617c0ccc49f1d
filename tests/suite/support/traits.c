// traits.c: the table of the backends that the suite knows.

#include "tests/suite/support/traits.h"

#include <string.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND 0
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BUILT_WITH_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BUILT_WITH_SANITIZER 1
#endif
#ifndef BUILT_WITH_SANITIZER
#define BUILT_WITH_SANITIZER 0
#endif

// In the checking build (interpose/checking.c) every call is checked, and every so often the whole heap.
#ifdef CHECKING_BUILD
enum { BUILT_FOR_CHECKING = 1 };
#else
enum { BUILT_FOR_CHECKING = 0 };
#endif

// The C library keeps some freed blocks of each small size where they are (glibc: 7), and they lie in the way of a
// large one: it needs a program with few sizes to live in a small space. The list of hw08 serves small blocks only.
//
// Of the ladder: threads that wait for each other are slow, too. The blocks of buddy are up to twice as large as asked
// for, which is more than the test of sizes that share memory accepts; cache keeps its pages, as hw08 does.
//
// A submission may be slower than hw08 and still be right.
static const Traits known[] = {
    {.name = "sys", .slowness = 1, .shares_sizes = true, .small_kinds = 6, .alignment = 16, .is_the_tools = true},
    {.name = "hw08", .slowness = 10, .small_kinds = 299, .alignment = 16},
    {.name = "par", .slowness = 1, .shares_sizes = true, .returns_memory = true, .small_kinds = 299, .alignment = 16},
    {.name = "buddy", .slowness = 4, .returns_memory = true, .small_kinds = 299, .alignment = 16},
    {.name = "bucket",
     .slowness = 4,
     .shares_sizes = true,
     .returns_memory = true,
     .small_kinds = 299,
     .alignment = 16},
    {.name = "cache", .slowness = 4, .small_kinds = 299, .alignment = 16},
    {.name = "arena", .slowness = 4, .shares_sizes = true, .returns_memory = true, .small_kinds = 299, .alignment = 16},
    {.name = "course-hw08", .slowness = 30, .small_kinds = 299, .alignment = 8, .course = true},
    {.name = "course", .slowness = 10, .shares_sizes = true, .small_kinds = 299, .alignment = 8, .course = true},
    {.name = "course16", .slowness = 20, .small_kinds = 299, .alignment = 16, .course = true},
};

Traits backend;

// Par locks all of its locks around a fork, as Check makes one for each test; ThreadSanitizer's search for deadlocks
// can follow no more than 64 locks held at once. This is where it looks for its options.
const char* __tsan_default_options(void) { return "detect_deadlocks=0"; }

void know_backend(const char* name) {
    backend = (Traits){.name = name, .slowness = 10, .alignment = 16};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0) backend = known[i];
    }
}

bool under_a_tool(void) { return BUILT_WITH_SANITIZER || BUILT_FOR_CHECKING || RUNNING_ON_VALGRIND; }

// The checking build makes the calls slower, but nothing else; its heap shall be under load.
size_t scaled_for_tool(size_t count) {
    size_t divisor = under_a_tool() && !BUILT_FOR_CHECKING ? 25 : 1;
    return count < divisor ? 1 : count / divisor;
}

size_t scaled(size_t count) {
    size_t fewer = scaled_for_tool(count);
    return fewer < backend.slowness ? 1 : fewer / backend.slowness;
}
