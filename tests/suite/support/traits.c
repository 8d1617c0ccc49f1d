// traits.c: the table of the backends that the suite knows.

#include "tests/suite/support/traits.h"

#include <stdio.h>
#include <stdlib.h>
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
    {.name = "sys",
     .slowness = 1,
     .shares_sizes = true,
     .small_kinds = 6,
     .alignment = 16,
     .null = true,
     .is_the_tools = true},
    {.name = "hw08", .slowness = 10, .small_kinds = 299, .alignment = 16, .null = true},
    {.name = "par",
     .slowness = 1,
     .shares_sizes = true,
     .returns_memory = true,
     .small_kinds = 299,
     .alignment = 16,
     .null = true},
    {.name = "buddy", .slowness = 4, .returns_memory = true, .small_kinds = 299, .alignment = 16, .null = true},
    {.name = "bucket",
     .slowness = 4,
     .shares_sizes = true,
     .returns_memory = true,
     .small_kinds = 299,
     .alignment = 16,
     .null = true},
    {.name = "cache", .slowness = 4, .small_kinds = 299, .alignment = 16, .null = true},
    {.name = "arena",
     .slowness = 4,
     .shares_sizes = true,
     .returns_memory = true,
     .small_kinds = 299,
     .alignment = 16,
     .null = true},
    {.name = "course-hw08", .slowness = 30, .small_kinds = 299, .alignment = 8, .course = true},
    {.name = "course", .slowness = 10, .shares_sizes = true, .small_kinds = 299, .alignment = 8, .course = true},
};

Traits backend;

// Par locks all of its locks around a fork, as Check makes one for each test; ThreadSanitizer's search for deadlocks
// can follow no more than 64 locks held at once. This is where it looks for its options.
const char* __tsan_default_options(void) { return "detect_deadlocks=0"; }

enum { MOST_TIMES = 3, NAME_MOST = 64 };

// One promise, as "alignment=16".
static void know_promise(const char* word) {
    const char* value = strchr(word, '=');
    size_t number = value == NULL ? 0 : strtoul(value + 1, NULL, 10);
    size_t length = value == NULL ? 0 : (size_t)(value - word);
    if (length == 9 && strncmp(word, "alignment", length) == 0 && number > 0) {
        backend.alignment = number;
    } else if (length == 4 && strncmp(word, "null", length) == 0) {
        backend.null = number != 0;
    } else if (length == 4 && strncmp(word, "zero", length) == 0) {
        backend.zero = number != 0;
    } else if (length == 12 && strncmp(word, "memory_times", length) == 0 && number > 0) {
        backend.memory_times = number;
    } else {
        fprintf(stderr,
                "the suite knows no promise \"%s\": alignment=BYTES, null=0 or 1, zero=0 or 1, memory_times=NUMBER\n",
                word);
        exit(2);
    }
}

void know_backend(const char* traits) {
    static char name[NAME_MOST];
    size_t length = strcspn(traits, ",");
    if (length >= NAME_MOST) length = NAME_MOST - 1;
    memcpy(name, traits, length);
    // A backend of one's own is asked for what will be asked for when it is handed in as par.
    backend =
        (Traits){.name = name, .slowness = 10, .shares_sizes = true, .small_kinds = 299, .alignment = 16, .null = true};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0) backend = known[i];
    }
    backend.memory_times = MOST_TIMES;
    for (const char* comma = strchr(traits, ','); comma != NULL; comma = strchr(comma + 1, ',')) {
        char word[NAME_MOST];
        snprintf(word, sizeof word, "%.*s", (int)strcspn(comma + 1, ","), comma + 1);
        know_promise(word);
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
