// aftermath.c: see wrong.h and aftermath.h. What a wrong program says goes by write(2): stdio would allocate.

#include "misuse/programs/aftermath.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "misuse/programs/wrong.h"

enum { WATCHED_MOST = 1000, OTHERS = 1000, DAMAGE_STATUS = 9, SECRET_BYTES = 8 };

static struct {
    char* start;
    size_t bytes;
} watched[WATCHED_MOST];
static size_t watched_count;

static void say(const char* words) {
    if (write(STDOUT_FILENO, words, strlen(words)) < 0) _exit(3);
}

char* take(size_t bytes) {
    char* block = malloc(bytes);
    __asm__ volatile("" : "+r"(block)::"memory");
    return block;  // NOLINT(clang-analyzer-unix.Malloc): the subject
}

void give(char* block) {
    __asm__ volatile("" : "+r"(block)::"memory");
    free(block);
}

char* resize(char* block, size_t bytes) {
    __asm__ volatile("" : "+r"(block)::"memory");
    char* resized = realloc(block, bytes);
    __asm__ volatile("" : "+r"(resized)::"memory");
    return resized;
}

void act_by_call(void) { say("call\n"); }
void act_by_touch(void) { say("touch\n"); }
void acted(void) { say("acted\n"); }

void damage(const char* what) {
    say("wrong: ");
    say(what);
    say("\n");
    _exit(DAMAGE_STATUS);
}

// Large blocks are filled and looked at in part.
static size_t stride(size_t bytes) { return bytes > 10000 ? 509 : 1; }

static char byte_of(size_t number, size_t position) { return (char)(number * 31 + position % 251 + 1); }

static void fill(char* block, size_t bytes, size_t number) {
    for (size_t i = 0; i < bytes; i += stride(bytes)) block[i] = byte_of(number, i);
    // Neighbours would be hit here first.
    for (size_t i = 0; i < 64 && i < bytes; i++) {
        block[i] = byte_of(number, i);
        block[bytes - 1 - i] = byte_of(number, bytes - 1 - i);
    }
}

static int is_as_filled(const char* block, size_t bytes, size_t number) {
    for (size_t i = 0; i < bytes; i += stride(bytes)) {
        if (block[i] != byte_of(number, i)) return 0;
    }
    for (size_t i = 0; i < 64 && i < bytes; i++) {
        if (block[i] != byte_of(number, i) || block[bytes - 1 - i] != byte_of(number, bytes - 1 - i)) return 0;
    }
    return 1;
}

// One place that has two owners. Seen when it is handed out, before anybody writes there.
static void look_for_overlap(const char* start, size_t bytes) {
    for (size_t i = 0; i < watched_count; i++) {
        if (start < watched[i].start + watched[i].bytes && watched[i].start < start + bytes) {
            damage("a block was handed out that overlaps another");
        }
    }
}

void watch(char* block, size_t bytes) {
    if (block == NULL || watched_count == WATCHED_MOST) return;
    if ((uintptr_t)block % 16 != 0) damage("a block was handed out that is not aligned");
    look_for_overlap(block, bytes);
    fill(block, bytes, watched_count);
    watched[watched_count].start = block;
    watched[watched_count++].bytes = bytes;
}

void look_at_watched(void) {
    for (size_t i = 0; i < watched_count; i++) {
        if (!is_as_filled(watched[i].start, watched[i].bytes, i)) damage("the content of another block has changed");
    }
}

char* victim(size_t bytes) {
    size_t around = bytes < 10000 ? 20 : 3;
    for (size_t i = 0; i < around; i++) watch(take(bytes), bytes);
    char* block = take(bytes);
    for (size_t i = 0; i < around; i++) watch(take(bytes), bytes);
    fill(block, bytes, WATCHED_MOST);
    return block;
}

void others_come_and_go(void) {
    static char* others[OTHERS];
    for (size_t i = 0; i < OTHERS; i++) others[i] = take(200 + i % 8 * 100);
    for (size_t i = 0; i < OTHERS; i++) give(others[i]);
}

static const char secret[SECRET_BYTES] = {'p', 'a', 's', 's', 'w', 'o', 'r', 'd'};

void write_secret(char* block, size_t bytes) {
    for (size_t i = 0; i + SECRET_BYTES <= bytes; i += SECRET_BYTES) memcpy(block + i, secret, SECRET_BYTES);
}

int tells_secret(const char* block, size_t bytes) {
    for (size_t i = 0; i + SECRET_BYTES <= bytes; i++) {
        if (((const volatile char*)block)[i] == secret[0] && memcmp(block + i, secret, SECRET_BYTES) == 0) return 1;
    }
    return 0;
}

void aftermath(size_t bytes) {
    look_at_watched();
    size_t before = watched_count;
    size_t more = bytes < 10000 ? 300 : bytes < 1000000 ? 40 : 8;
    for (size_t i = 0; i < more; i++) {
        watch(take(bytes), bytes);
    }
    look_at_watched();
    // What came last goes first, and then the neighbours.
    while (watched_count > before) give(watched[--watched_count].start);
    look_at_watched();
    while (watched_count > 0) give(watched[--watched_count].start);
    others_come_and_go();
    for (size_t i = 0; i < 100; i++) watch(take(bytes < 10000 ? bytes : 40), bytes < 10000 ? bytes : 40);
    look_at_watched();
    say("harmless\n");
    _exit(0);
}
