// after_free.c: a block is used after it was given back (CWE-416, CWE-825): written at its beginning, where allocators
// keep their links, in its middle and at its end; read; resized.

#include <string.h>

#include "misuse/programs/wrong.h"

// A block is freed after some others of its size: what allocators note in it leads to them.
static char* freed(size_t bytes) {
    char* others[3];
    for (size_t i = 0; i < 3; i++) others[i] = take(bytes);
    char* block = victim(bytes);
    for (size_t i = 0; i < 3; i++) give(others[i]);
    give(block);
    return block;
}

static void write_8(char* to) {
    act_by_touch();
    memset(to, 'x', 8);
    acted();
}

static void written_at(size_t bytes, size_t by) {
    char* block = freed(bytes);
    write_8(block + by);
}

static void written_in_the_middle(size_t bytes, size_t by) {
    (void)by;
    char* block = freed(bytes);
    write_8(block + bytes / 2 / 8 * 8);
}

static void written_at_the_end(size_t bytes, size_t by) {
    (void)by;
    char* block = freed(bytes);
    write_8(block + bytes - 8);
}

// A flag or a pointer is reset in an object that is gone.
static void zeros_at_start(size_t bytes, size_t by) {
    (void)by;
    char* block = freed(bytes);
    act_by_touch();
    memset(block, 0, 8);
    acted();
}

static void written_all(size_t bytes, size_t by) {
    (void)by;
    char* block = freed(bytes);
    act_by_touch();
    for (size_t i = 0; i < bytes; i++) ((volatile char*)block)[i] = 'x';
    acted();
}

// A pointer of the program's own, where a link was: the next but one block would lie there.
static void link_forged(size_t bytes, size_t by) {
    (void)by;
    static char target[4096];
    char* block = freed(bytes);
    char* place = target + 1024;
    act_by_touch();
    memcpy(block, &place, sizeof place);
    acted();
    for (size_t i = 0; i < 40; i++) {
        char* taken = take(bytes);
        if (taken >= target && taken < target + sizeof target) damage("a block was handed out that is no heap");
    }
}

static void written_later(size_t bytes, size_t by) {
    (void)by;
    char* block = freed(bytes);
    others_come_and_go();
    write_8(block);
}

static void written_through_moved(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    char* moved = resize(block, 10 * bytes);
    watch(moved, 10 * bytes);
    if (moved != block) write_8(block + 8);
}

// The next owner's content changes under its hands.
static void written_when_taken(size_t bytes, size_t by) {
    (void)by;
    char* block = freed(bytes);
    for (size_t i = 0; i < 3; i++) watch(take(bytes), bytes);
    write_8(block + 16);
}

static void read_at_once(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    write_secret(block, bytes);
    give(block);
    act_by_touch();
    int told = tells_secret(block, bytes);
    acted();
    if (told) damage("a freed block still tells its content");
}

static void read_when_taken(size_t bytes, size_t by) {
    (void)by;
    char* block = freed(bytes);
    for (size_t i = 0; i < 3; i++) write_secret(take(bytes), bytes);
    act_by_touch();
    int told = tells_secret(block, bytes);
    acted();
    if (told) damage("a freed block tells its next owner's content");
}

static void resized(size_t bytes, size_t by) {
    char* block = freed(bytes);
    act_by_call();
    char* again = resize(block, by == 0 ? bytes * 2 : bytes - bytes / 4);
    acted();
    if (again != NULL) watch(again, bytes / 2);
}

static const size_t by_words[] = {8, 16, 0};

const struct kind after_free_kinds[] = {
    {416, "written-at-start", written_at, all_sizes, NULL},
    {416, "written-at", written_at, little_sizes, by_words},
    {416, "written-in-the-middle", written_in_the_middle, usual_sizes, NULL},
    {416, "written-at-the-end", written_at_the_end, usual_sizes, NULL},
    {416, "zeros-at-start", zeros_at_start, all_sizes, NULL},
    {416, "written-all", written_all, all_sizes, NULL},
    {416, "link-forged", link_forged, little_sizes, NULL},
    {416, "written-later", written_later, usual_sizes, NULL},
    {416, "written-through-moved", written_through_moved, usual_sizes, NULL},
    {416, "written-when-taken", written_when_taken, little_sizes, NULL},
    {416, "read-at-once", read_at_once, all_sizes, NULL},
    {416, "read-when-taken", read_when_taken, usual_sizes, NULL},
    {825, "resized", resized, all_sizes, NULL},
    {0},
};
