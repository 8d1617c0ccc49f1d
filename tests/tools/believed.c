// believed.c: a large block that grows and had huge pages gets more of them, for it is believed to be filled as before;
// but not each time, for then nobody would see when it is no longer. And a batch of blocks has as many as were wanted.
//
// Counts, no clocks. Linked with --wrap=os_advise_huge. Exit status: 1 with a line for each count that is not right.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "par/page_map.h"
#include "par/size_class.h"
#include "par/span.h"
#include "xmalloc.h"

enum { SLOTS = 4, GROWTHS = 160, ONE_IN = 8, WANTED = 5 };

static int advised;

void __real_os_advise_huge(void* start, size_t bytes);
void __wrap_os_advise_huge(void* start, size_t bytes);

void __wrap_os_advise_huge(void* start, size_t bytes) {
    advised++;
    __real_os_advise_huge(start, bytes);
}

static int failures;

static void expect(unsigned count, unsigned wanted, const char* what) {
    if (count == wanted) return;
    printf("%s: %u, and not %u\n", what, count, wanted);
    failures++;
}

static void grow(void) {
    char* block = xmalloc(SLOTS * SLOT_BYTES);
    if (block == NULL) _Exit(2);
    memset(block, 1, SLOTS * SLOT_BYTES);
    int with = 0;
    for (int slots = SLOTS; slots < SLOTS + GROWTHS; slots++) {
        int before = advised;
        block = xrealloc(block, (size_t)(slots + 1) * SLOT_BYTES);
        if (block == NULL) _Exit(2);
        memset(block + (size_t)slots * SLOT_BYTES, 1, SLOT_BYTES);
        with += advised > before;
    }
    if (with >= GROWTHS * 3 / 4 && with <= GROWTHS - GROWTHS / ONE_IN / 2) return;
    printf("of %d growths %d got huge pages, and not all but about one in %d\n", GROWTHS, with, ONE_IN);
    failures++;
}

static void take(void) {
    unsigned size_class = size_class_of(256);
    struct span_list list = {0};
    struct span* span = span_make(size_class);
    if (span == NULL) _Exit(2);
    span_list_add(&list, span);
    struct batch fresh = span_list_take(&list, size_class, 3 * WANTED);
    expect(fresh.count, 0, "blocks of a new span that came back");
    expect(fresh.fresh_count, 3 * WANTED, "fresh blocks");
    struct block* keeps = span_list_take(&list, size_class, 1).first;
    (void)keeps;
    span_list_give(&list, size_class, span_cut(&fresh, size_class));
    struct batch some = span_list_take(&list, size_class, WANTED);
    expect(some.count + some.fresh_count, WANTED, "blocks of many that came back");
    struct batch rest = span_list_take(&list, size_class, WANTED);
    expect(rest.count, 2 * WANTED, "blocks of fewer, all of them");
    expect(rest.fresh_count, 0, "fresh ones beside them");
    expect((unsigned)list.outside, 3 * WANTED + 1, "blocks outside");
}

int main(void) {
    take();
    grow();
    return failures > 0;
}
