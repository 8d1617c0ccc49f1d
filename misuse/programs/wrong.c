// wrong.c: starts one of the small wrong programs. See wrong.h.
//
// Usage: wrong NAME; wrong --list prints all names, one a line.

#include "misuse/programs/wrong.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "misuse/programs/aftermath.h"

const size_t all_sizes[] = {40, 1024, 100 * 1000, 3 * 1000 * 1000, 0};
const size_t usual_sizes[] = {40, 1024, 100 * 1000, 0};
const size_t little_sizes[] = {40, 1024, 0};

static const struct kind* const files[] = {double_free_kinds, invalid_free_kinds, overflow_kinds,
                                           after_free_kinds,  secret_kinds,       context_kinds};

static const size_t no_size[] = {40, 0};

typedef void visit(const struct kind* kind, size_t bytes, size_t by, const char* name);

static void visit_kind(const struct kind* kind, visit* each) {
    const size_t* sizes = kind->sizes == NULL ? no_size : kind->sizes;
    for (; *sizes != 0; sizes++) {
        const size_t* by = kind->bys;
        do {
            char name[120];
            int length = snprintf(name, sizeof name, "CWE-%d-%s", kind->cwe, kind->name);
            if (kind->sizes != NULL) length += snprintf(name + length, sizeof name - (size_t)length, "-%zu", *sizes);
            if (by != NULL) snprintf(name + length, sizeof name - (size_t)length, "-by-%zu", *by);
            each(kind, *sizes, by == NULL ? 0 : *by, name);
        } while (by != NULL && *++by != 0);
    }
}

static void visit_all(visit* each) {
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        for (const struct kind* kind = files[i]; kind->name != NULL; kind++) visit_kind(kind, each);
    }
}

static void print_name(const struct kind* kind, size_t bytes, size_t by, const char* name) {
    (void)kind, (void)bytes, (void)by;
    puts(name);
}

static const char* wanted;

static void run_if_wanted(const struct kind* kind, size_t bytes, size_t by, const char* name) {
    if (strcmp(name, wanted) != 0) return;
    kind->run(bytes, by);
    aftermath(bytes);
}

int main(int argc, char** argv) {
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        visit_all(print_name);
        return 0;
    }
    if (argc == 2) {
        wanted = argv[1];
        visit_all(run_if_wanted);
    }
    fprintf(stderr, "wrong: NAME must be one of those that --list prints\n");
    return 2;
}
