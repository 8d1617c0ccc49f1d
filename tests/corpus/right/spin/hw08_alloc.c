// hw08_alloc.c: one free list in the order of addresses, first fit, under one spin lock.
//
// The head of a block is its size alone, 8 bytes, so blocks are aligned to 8 bytes. Sizes of a page and more are mapped
// and unmapped on their own.

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

typedef struct node {
    size_t size;  // of the whole block
    struct node* next;
} node;

#define PAGE_SIZE ((size_t)4096)
#define SIZE_WORD sizeof(size_t)

static pthread_spinlock_t lock;
static node* first;

__attribute__((constructor)) static void start(void) { pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE); }

static node* map(size_t size) {
    node* n = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (n == MAP_FAILED) return NULL;
    n->size = size;
    return n;
}

static void insert(node* n) {
    node* left = NULL;
    node* right = first;
    while (right != NULL && right < n) {
        left = right;
        right = right->next;
    }
    n->next = right;
    if (right != NULL && (char*)n + n->size == (char*)right) {
        n->size += right->size;
        n->next = right->next;
    }
    if (left == NULL) {
        first = n;
    } else if ((char*)left + left->size == (char*)n) {
        left->size += n->size;
        left->next = n->next;
    } else {
        left->next = n;
    }
}

static node* search(size_t size) {
    for (node** place = &first; *place != NULL; place = &(*place)->next) {
        node* n = *place;
        if (n->size < size) continue;
        if (n->size - size < sizeof(node)) {
            *place = n->next;
            return n;
        }
        n->size -= size;
        node* tail = (node*)((char*)n + n->size);
        tail->size = size;
        return tail;
    }
    return NULL;
}

void* xmalloc(size_t bytes) {
    if (bytes > PTRDIFF_MAX / 2) return NULL;
    size_t size = (bytes + SIZE_WORD + 7) / 8 * 8;
    if (size < sizeof(node)) size = sizeof(node);
    node* n;
    if (size + sizeof(node) > PAGE_SIZE) {
        n = map((size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE);
    } else {
        pthread_spin_lock(&lock);
        n = search(size);
        if (n == NULL && (n = map(PAGE_SIZE)) != NULL) {
            insert(n);
            n = search(size);
        }
        pthread_spin_unlock(&lock);
    }
    return n == NULL ? NULL : (char*)n + SIZE_WORD;
}

void xfree(void* block) {
    if (block == NULL) return;
    node* n = (node*)((char*)block - SIZE_WORD);
    if (n->size >= PAGE_SIZE) {
        munmap(n, n->size);
        return;
    }
    pthread_spin_lock(&lock);
    insert(n);
    pthread_spin_unlock(&lock);
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL) return xmalloc(bytes);
    size_t room = ((node*)((char*)block - SIZE_WORD))->size - SIZE_WORD;
    if (bytes <= room && bytes > room / 2) return block;
    void* moved = xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, bytes < room ? bytes : room);
    xfree(block);
    return moved;
}
