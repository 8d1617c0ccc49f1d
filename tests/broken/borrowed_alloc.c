// The bug: every block comes from the C library's allocator, under the name of a table for searching.

#include <search.h>
#include <stddef.h>
#include <string.h>

#include "xmalloc.h"

// A block begins in the table behind its head; an entry of a table has so many bytes.
enum { HEAD_BYTES = 64, ENTRY_BYTES = 24 };

struct head {
    struct hsearch_data table;
    size_t bytes;
};
_Static_assert(sizeof(struct head) <= HEAD_BYTES, "the head has room");

static struct head* head_of(void* block) { return (struct head*)((char*)block - HEAD_BYTES); }

void* xmalloc(size_t bytes) {
    struct head head = {.bytes = bytes};
    if (hcreate_r((HEAD_BYTES + bytes) / ENTRY_BYTES + 1, &head.table) == 0) return NULL;
    memcpy(head.table.table, &head, sizeof head);
    return (char*)head.table.table + HEAD_BYTES;
}

void xfree(void* block) {
    if (block == NULL) return;
    struct head head = *head_of(block);
    hdestroy_r(&head.table);
}

void* xrealloc(void* block, size_t bytes) {
    void* moved = xmalloc(bytes);
    if (moved == NULL || block == NULL) return moved;
    size_t old = head_of(block)->bytes;
    memcpy(moved, block, old < bytes ? old : bytes);
    xfree(block);
    return moved;
}
