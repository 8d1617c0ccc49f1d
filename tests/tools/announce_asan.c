// announce_asan.c: announcements to AddressSanitizer, by poisoning memory.
//
// AddressSanitizer's own account of blocks is closed to others: it sees that poisoned memory is touched, but neither
// whose memory that was nor whether a block was forgotten. So the account is kept here: all live blocks are in one
// doubly linked list: the report of leaks at exit is what is left in it, and it helps to explain an error.

#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/tools/announce.h"

enum { EXIT_FAULT = 99, LEAKS_SHOWN_MOST = 10 };

// The blocks' notes are in poisoned memory, which only functions that are not checked may read.
#define READS_NOTES __attribute__((no_sanitize("address"), noinline))

static struct {
    pthread_mutex_t lock;
    Block* first;
} live = {.lock = PTHREAD_MUTEX_INITIALIZER};

void tool_show(void* start, size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(start, bytes); }
void tool_reset(void* start, size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(start, bytes); }
void tool_hide(void* start, size_t bytes) { ASAN_POISON_MEMORY_REGION(start, bytes); }

READS_NOTES void tool_block_taken(Block* block, size_t kept) {
    (void)kept;
    pthread_mutex_lock(&live.lock);
    block->previous = NULL;
    block->next = live.first;
    if (live.first != NULL) live.first->previous = block;
    live.first = block;
    pthread_mutex_unlock(&live.lock);
    tool_hide(bytes_of(block) + block->bytes, BACK_REDZONE_BYTES);
    tool_hide(block, sizeof *block);
}

READS_NOTES void tool_block_freed(Block* block) {
    pthread_mutex_lock(&live.lock);
    if (block->previous != NULL) {
        block->previous->next = block->next;
    } else {
        live.first = block->next;
    }
    if (block->next != NULL) block->next->previous = block->previous;
    pthread_mutex_unlock(&live.lock);
    tool_hide(block, whole_size(block->bytes));
}

// "function file:line" of a return address.
static const char* place_name(const void* place, char* buffer, size_t buffer_bytes) {
    __sanitizer_symbolize_pc((char*)place - 1, "%f %s:%l", buffer, buffer_bytes);
    return buffer;
}

READS_NOTES void tool_report_bad_free(Block* block, const void* culprit) {
    char place[200];
    fprintf(stderr, "ERROR: %p is given to xfree or xrealloc, but it is no live block\n", (void*)bytes_of(block));
    fprintf(stderr, "    by %s\n", place_name(culprit, place, sizeof place));
    if (block->state == FREED) {
        fprintf(stderr, "    taken by %s\n", place_name(block->taker, place, sizeof place));
        fprintf(stderr, "    freed by %s\n", place_name(block->freer, place, sizeof place));
    }
    __sanitizer_print_stack_trace();
    _exit(EXIT_FAULT);
}

READS_NOTES static void explain(const char* bad, Block* block) {
    char place[200];
    fprintf(stderr, "%p is %td bytes from the start of a block of %zu bytes\n", (const void*)bad, bad - bytes_of(block),
            block->bytes);
    fprintf(stderr, "    taken by %s\n", place_name(block->taker, place, sizeof place));
    if (block->state == FREED) fprintf(stderr, "    freed by %s\n", place_name(block->freer, place, sizeof place));
}

// AddressSanitizer calls this before it reports an error: says which block was meant, if a known one is there.
READS_NOTES void __asan_on_error(void) {
    const char* bad = __asan_get_report_address();
    if (bad == NULL || pthread_mutex_trylock(&live.lock) != 0) return;
    for (Block* block = live.first; block != NULL; block = block->next) {
        if (is_at(block, block->bytes, bad)) explain(bad, block);
    }
    pthread_mutex_unlock(&live.lock);
    Block* waiting = waiting_block_at(bad);
    if (waiting != NULL) explain(bad, waiting);
}

// Runs at exit, after everything that the program does there.
__attribute__((destructor)) READS_NOTES static void report_leaks(void) {
    size_t leaks = 0, leaked_bytes = 0;
    for (Block* block = live.first; block != NULL; block = block->next) {
        char place[200];
        leaks++;
        leaked_bytes += block->bytes;
        if (leaks > LEAKS_SHOWN_MOST) continue;
        fprintf(stderr, "ERROR: leak of a block of %zu bytes, taken by %s\n", block->bytes,
                place_name(block->taker, place, sizeof place));
    }
    if (leaks == 0) return;
    fprintf(stderr, "ERROR: %zu blocks, %zu bytes in all, were never freed\n", leaks, leaked_bytes);
    fflush(NULL);
    _exit(EXIT_FAULT);
}
