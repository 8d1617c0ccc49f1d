// The bug: a block of 500 bytes or more has pages of its own. They go back to the system when it is freed, so no memory
// is lost, but blocks of half a page or less take too much.
//
// Smaller ones are cut from pieces, one after another, and a piece goes back when all of its blocks are free.

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

enum { PAGE = 4096, PIECE = 16 * PAGE, UNIT = 16, MOST_CUT = 500 };

typedef struct Piece {
    size_t live;  // blocks
    size_t used;  // bytes
} Piece;

typedef struct Head {
    size_t bytes;
    Piece* piece;  // NULL: the block has pages of its own
} Head;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Piece* current;

static size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

static void* map(size_t bytes) {
    void* start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

// The lock is held.
static Head* cut(size_t bytes) {
    if (current == NULL || current->used + bytes > PIECE) {
        Piece* fresh = map(PIECE);
        if (fresh == NULL) return NULL;
        fresh->used = sizeof(Piece);
        current = fresh;
    }
    Head* head = (Head*)((char*)current + current->used);
    head->piece = current;
    current->used += bytes;
    current->live++;
    return head;
}

void* xmalloc(size_t bytes) {
    Head* head = NULL;
    if (bytes < MOST_CUT) {
        pthread_mutex_lock(&lock);
        head = cut(sizeof(Head) + round_up(bytes, UNIT));
        pthread_mutex_unlock(&lock);
    } else if (bytes < PTRDIFF_MAX / 2) {
        head = map(round_up(sizeof(Head) + bytes, PAGE));
    }
    if (head == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    head->bytes = bytes;
    return head + 1;
}

static void free_cut(Piece* piece) {
    pthread_mutex_lock(&lock);
    piece->live--;
    if (piece->live == 0 && piece == current) piece->used = sizeof(Piece);
    if (piece->live == 0 && piece != current) munmap(piece, PIECE);
    pthread_mutex_unlock(&lock);
}

void xfree(void* block) {
    if (block == NULL) return;
    Head* head = (Head*)block - 1;
    if (head->piece != NULL)
        free_cut(head->piece);
    else
        munmap(head, round_up(sizeof(Head) + head->bytes, PAGE));
}

void* xrealloc(void* block, size_t bytes) {
    void* moved = xmalloc(bytes);
    if (block == NULL || moved == NULL) return moved;
    size_t old = ((Head*)block - 1)->bytes;
    memcpy(moved, block, old < bytes ? old : bytes);
    xfree(block);
    return moved;
}
