// list.h: a singly linked list of numbers, one 16-byte cell each.

#ifndef LIST_H
#define LIST_H

#include <stdint.h>

struct cell {
    uint64_t number;
    struct cell* next;  // NULL in the last cell
};

struct list {
    struct cell* first;
    struct cell* last;
    uint64_t length;
};

// Makes an empty list. Out of memory ends the process (fail_no_memory), here and in list_append.
struct list* list_make(void);

// Appends one number, in O(1).
void list_append(struct list* list, uint64_t number);

// Frees the list with all its cells.
void list_release(struct list* list);

#endif
