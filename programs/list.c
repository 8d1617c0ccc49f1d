// list.c: see list.h.

#include "programs/list.h"

#include <stddef.h>

#include "programs/failure.h"
#include "xmalloc.h"

struct list* list_make(void) {
    struct list* list = xmalloc(sizeof(struct list));
    if (list == NULL) fail_no_memory("a list");
    *list = (struct list){0};
    return list;
}

void list_append(struct list* list, uint64_t number) {
    struct cell* cell = xmalloc(sizeof(struct cell));
    if (cell == NULL) fail_no_memory("a cell");
    *cell = (struct cell){.number = number};
    if (list->last == NULL) {
        list->first = cell;
    } else {
        list->last->next = cell;
    }
    list->last = cell;
    list->length++;
}

void list_release(struct list* list) {
    for (struct cell* cell = list->first; cell != NULL;) {
        struct cell* next = cell->next;
        xfree(cell);
        cell = next;
    }
    xfree(list);
}
