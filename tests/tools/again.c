// again.c: one size is taken many times, all of it is freed, and it begins again, CASE.
//
// 100     from the fourth round on hardly a block of so many bytes goes to its span; likewise 1000 and 9000
// once    a class that is freed whole for the first time does not stay
// little  ... nor does one of many megabytes, however often it comes
// goes    what stayed goes when the program goes on with another size, and then a third may stay
//
// Linked with --wrap=span_list_give,--wrap=span_list_give_cold. Exit status: 1 with a line for a fault.

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "par/span_record.h"
#include "xmalloc.h"

enum { MOST = 120000, ROUNDS = 6, STAYS_FROM = 3, OTHER_BYTES = 40, OTHER_COUNT = 3000, OTHER_ROUNDS = 1000 };

static char* blocks[MOST];
static size_t given;  // blocks, to spans

struct span_list;

void __real_span_list_give(struct span_list* list, unsigned size_class, struct block* first);
void __wrap_span_list_give(struct span_list* list, unsigned size_class, struct block* first);
void __real_span_list_give_cold(struct span_list* list, unsigned size_class, struct block** firsts, unsigned count);
void __wrap_span_list_give_cold(struct span_list* list, unsigned size_class, struct block** firsts, unsigned count);

static void count(const struct block* first) {
    for (; first != NULL; first = first->next) given++;
}

void __wrap_span_list_give(struct span_list* list, unsigned size_class, struct block* first) {
    count(first);
    __real_span_list_give(list, size_class, first);
}

void __wrap_span_list_give_cold(struct span_list* list, unsigned size_class, struct block** firsts, unsigned lists) {
    for (unsigned i = 0; i < lists; i++) count(firsts[i]);
    __real_span_list_give_cold(list, size_class, firsts, lists);
}

// Result: how many blocks went to their spans.
static size_t round_of(size_t bytes, size_t length) {
    given = 0;
    for (size_t i = 0; i < length; i++) {
        blocks[i] = xmalloc(bytes);
        if (blocks[i] != NULL) blocks[i][0] = 1;
    }
    for (size_t i = 0; i < length; i++) xfree(blocks[i]);
    return given;
}

static bool is_expected(bool is, const char* what, size_t bytes, size_t length, int round, size_t went) {
    if (!is) printf("%s: %zu blocks of %zu bytes, round %d: %zu went to spans\n", what, length, bytes, round, went);
    return is;
}

static int stays_of(size_t bytes, size_t length) {
    bool is_right = true;
    for (int round = 1; round <= ROUNDS; round++) {
        size_t went = round_of(bytes, length);
        if (round > STAYS_FROM)
            is_right &=
                is_expected(went <= length / 16, "what comes back again and again stays", bytes, length, round, went);
    }
    return is_right ? 0 : 1;
}

static int once(void) {
    size_t went = round_of(100, 10000);
    return is_expected(went >= 10000 / 2, "what is freed for the first time goes", 100, 10000, 1, went) ? 0 : 1;
}

static int little(void) {
    bool is_right = true;
    for (int round = 1; round <= ROUNDS; round++) {
        size_t went = round_of(100, MOST);
        is_right &= is_expected(went >= MOST / 2, "what is much goes each time", 100, MOST, round, went);
    }
    return is_right ? 0 : 1;
}

// The other size has had its memory before, so what stayed goes without need.
static int goes(void) {
    (void)round_of(OTHER_BYTES, OTHER_COUNT);
    for (int round = 1; round <= ROUNDS; round++) (void)round_of(1000, 1900);
    size_t went = 0;
    for (int round = 1; round <= OTHER_ROUNDS; round++) went += round_of(OTHER_BYTES, OTHER_COUNT);
    bool is_right =
        is_expected(went >= 1900 / 2, "what stayed goes when nobody comes for it", 1000, 1900, ROUNDS, went);
    return is_right ? stays_of(100, 10000) : 1;
}

int main(int argument_count, char** arguments) {
    const char* name = argument_count == 2 ? arguments[1] : "";
    if (strcmp(name, "100") == 0) return stays_of(100, 10000);
    if (strcmp(name, "1000") == 0) return stays_of(1000, 1900);
    if (strcmp(name, "9000") == 0) return stays_of(9000, 200);
    if (strcmp(name, "once") == 0) return once();
    if (strcmp(name, "little") == 0) return little();
    if (strcmp(name, "goes") == 0) return goes();
    fprintf(stderr, "usage: again 100|1000|9000|once|little|goes\n");
    return 2;
}
