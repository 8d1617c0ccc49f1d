// secrets.c: what somebody else left in memory is read: through a fresh block that was never written (CWE-908), or from
// behind one's own (CWE-126).

#include <stdlib.h>

#include "misuse/programs/wrong.h"

static void leave_secrets(size_t bytes) {
    enum { MANY = 20 };
    char* blocks[MANY];
    for (size_t i = 0; i < MANY; i++) {
        blocks[i] = take(bytes);
        write_secret(blocks[i], bytes);
    }
    for (size_t i = 0; i < MANY; i++) give(blocks[i]);
}

static void fresh_block(size_t bytes, size_t by) {
    (void)by;
    leave_secrets(bytes);
    act_by_touch();
    int told = 0;
    for (size_t i = 0; i < 20; i++) told |= tells_secret(take(bytes), bytes);
    acted();
    if (told) damage("a fresh block tells what another one held");
}

static void grown_block(size_t bytes, size_t by) {
    (void)by;
    leave_secrets(4 * bytes);
    char* block = resize(take(bytes), 4 * bytes);
    act_by_touch();
    int told = tells_secret(block + bytes, 3 * bytes);
    acted();
    if (told) damage("the new part of a block tells what another one held");
}

static void over_read(size_t bytes, size_t by) {
    char* block = victim(bytes);
    for (size_t i = 0; i < 20; i++) write_secret(take(bytes), bytes);
    act_by_touch();
    int told = tells_secret(block + bytes, by) || tells_secret(block + bytes, 10 * by);
    acted();
    if (told) damage("behind the block lies what another one holds");
}

// Zeros were promised; a late write comes between.
static void zeros_written_after_free(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    give(block);
    act_by_touch();
    write_secret(block + 16, bytes - 16);
    acted();
    for (size_t i = 0; i < 40; i++) {
        if (tells_secret(calloc(1, bytes), bytes)) damage("a block of zeros holds something else");
    }
}

static const size_t by_4096[] = {4096, 0};

const struct kind secret_kinds[] = {
    {908, "fresh-block", fresh_block, usual_sizes, NULL},
    {908, "grown-block", grown_block, little_sizes, NULL},
    {126, "over-read", over_read, usual_sizes, by_4096},
    {416, "zeros-written-after-free", zeros_written_after_free, little_sizes, NULL},
    {0},
};
