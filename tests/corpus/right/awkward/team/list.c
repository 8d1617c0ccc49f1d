// list.c: first fit in the order of addresses. All of it is made by one macro, for any number of lists.

#include "awkward.h"

#define JOIN(a, b) a##b

#define DEFINE_LIST(name)                                               \
    cell *name;                                                         \
    static void JOIN(name, _link)(cell *left, cell *right) {            \
        if (left != NULL) left->next = right; else name = right;        \
        if (right != NULL) right->before = left;                        \
    }                                                                   \
    void JOIN(name, _put)(cell *c) {                                    \
        cell *left = NULL, *right = name;                               \
        while (right != NULL && right < c) {                            \
            left = right;                                               \
            right = right->next;                                        \
        }                                                               \
        if (right != NULL && (char *)c + c->size == (char *)right) {    \
            c->size += right->size;                                     \
            right = right->next;                                        \
        }                                                               \
        if (left != NULL && (char *)left + left->size == (char *)c) {   \
            left->size += c->size;                                      \
            c = left;                                                   \
        } else {                                                        \
            JOIN(name, _link)(left, c);                                 \
        }                                                               \
        c->next = NULL;                                                 \
        JOIN(name, _link)(c, right);                                    \
    }                                                                   \
    cell *JOIN(name, _take)(size_t size) {                              \
        cell *c = name;                                                 \
        while (c != NULL && c->size < size) c = c->next;                \
        if (c == NULL) return NULL;                                     \
        if (c->size - size >= sizeof(cell)) {                           \
            c->size -= size;                                            \
            c = (cell *)((char *)c + c->size);                          \
            c->size = size;                                             \
        } else {                                                        \
            JOIN(name, _link)(c->before, c->next);                      \
        }                                                               \
        return c;                                                       \
    }

DEFINE_LIST(unused)
