// hmem.c: bags of items of one size, with a count of those in use.

#include "hmem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BAG_SIZE 65536
#define PAGE_SIZE 4096

typedef struct hm_bag {
    hm_arena* arena;
    struct hm_bag* next;
    struct hm_bag* prev;
    struct hm_item* free;
    int list;
    int item_size;
    int used;
    int end;  // of what was used so far
} hm_bag;

// item->bag is NULL for what was mapped alone; size is its whole size then.
typedef struct hm_item {
    hm_bag* bag;
    union {
        size_t size;
        struct hm_item* next;
    } u;
} hm_item;

static int list_item_size(int list) { return (list % 2 ? 48 : 32) << (list / 2); }

static void* check_map(size_t size) {
    void* pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return NULL;
    }
    return pages;
}

static void bag_insert(hm_bag* bag) {
    hm_bag** first = &bag->arena->bags[bag->list];
    bag->prev = NULL;
    bag->next = *first;
    if (bag->next) {
        bag->next->prev = bag;
    }
    *first = bag;
}

static void bag_remove(hm_bag* bag) {
    assert(bag->used >= 0);
    if (bag->next) {
        bag->next->prev = bag->prev;
    }
    if (bag->prev) {
        bag->prev->next = bag->next;
    } else {
        bag->arena->bags[bag->list] = bag->next;
    }
}

static int bag_full(hm_bag* bag) { return bag->free == NULL && bag->end + bag->item_size > BAG_SIZE; }

static hm_bag* bag_make(hm_arena* arena, int list) {
    hm_bag* bag = check_map(BAG_SIZE);
    if (bag == NULL) {
        return NULL;
    }
    arena->stats.pages_mapped += BAG_SIZE / PAGE_SIZE;
    bag->arena = arena;
    bag->list = list;
    bag->item_size = list_item_size(list);
    bag->end = 64;
    bag_insert(bag);
    return bag;
}

static void* large_make(size_t size) {
    size_t total = (size + sizeof(hm_item) + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    if (total < size) {
        return NULL;
    }
    hm_item* item = check_map(total);
    if (item == NULL) {
        return NULL;
    }
    item->bag = NULL;
    item->u.size = total;
    return item + 1;
}

void* hmalloc(hm_arena* arena, size_t size) {
    int list = 0;
    while (list < 17 && size + sizeof(hm_item) > (size_t)list_item_size(list)) {
        list++;
    }
    if (list == 17) {
        return large_make(size);
    }
    hm_bag* bag = arena->bags[list];
    if (bag == NULL && (bag = bag_make(arena, list)) == NULL) {
        return NULL;
    }
    hm_item* item = bag->free;
    if (item) {
        bag->free = item->u.next;
    } else {
        item = (hm_item*)((char*)bag + bag->end);
        item->bag = bag;
        bag->end += bag->item_size;
    }
    bag->used++;
    arena->stats.chunks_allocated++;
    if (bag_full(bag)) {
        bag_remove(bag);
    }
    return item + 1;
}

void hfree(void* block) {
    hm_item* item = (hm_item*)block - 1;
    hm_bag* bag = item->bag;
    if (bag == NULL) {
        int rv = munmap(item, item->u.size);
        if (rv == -1) {
            perror("munmap");
            exit(1);
        }
        return;
    }
    if (bag_full(bag)) {
        bag_insert(bag);
    }
    item->u.next = bag->free;
    bag->free = item;
    bag->used--;
    bag->arena->stats.chunks_freed++;
    if (bag->used == 0 && (bag->next || bag->prev)) {
        bag->arena->stats.pages_unmapped += BAG_SIZE / PAGE_SIZE;
        bag_remove(bag);
        munmap(bag, BAG_SIZE);
    }
}

hm_arena* harena(void* block) {
    hm_bag* bag = ((hm_item*)block - 1)->bag;
    return bag ? bag->arena : NULL;
}

size_t hroom(void* block) {
    hm_item* item = (hm_item*)block - 1;
    return (item->bag ? (size_t)item->bag->item_size : item->u.size) - sizeof(hm_item);
}

// For the debugger.
void hprintstats(hm_arena* arena) {
    fprintf(stderr, "arena %p\n", (void*)arena);
    fprintf(stderr, "pages taken %ld", arena->stats.pages_mapped);
    fprintf(stderr, ", given back %ld", arena->stats.pages_unmapped);
    fprintf(stderr, "; items taken %ld", arena->stats.chunks_allocated);
    fprintf(stderr, ", given back %ld\n", arena->stats.chunks_freed);
}
