// resolver.c: takes and frees blocks where others hardly do: in a resolver (IFUNC), while the dynamic linker is still
// at work; before the constructors; in the first of them; and behind the last destructor.
//
// Exit status: 1 with a line.

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZES = 6, SECRET = 7 };

static char* kept[SIZES];

// What is kept from one call to the next holds what was written.
static bool use_heap(void) {
    static const size_t sizes[SIZES] = {1, 100, 3000, 70 * 1000, 300 * 1000, 3000 * 1000};
    bool holds = true;
    for (size_t i = 0; i < SIZES; i++) {
        char* block = calloc(1, sizes[i]);
        if (block == NULL || block[sizes[i] - 1] != 0) return false;
        if (kept[i] != NULL) holds = holds && kept[i][0] == 'x' && kept[i][sizes[i] - 1] == 'x';
        free(kept[i]);
        kept[i] = memset(block, 'x', sizes[i]);
        free(realloc(malloc(sizes[i]), 2 * sizes[i]));
    }
    return holds;
}

static bool all_held = true;

static int answer(void) { return SECRET; }

typedef int (*answers)(void);

static __attribute__((used)) answers resolve(void) {
    all_held = use_heap();
    return answer;
}

int resolved(void) __attribute__((ifunc("resolve")));

static void before_constructors(void) { all_held = use_heap() && all_held; }
__attribute__((section(".preinit_array"), used)) static void (*first)(void) = before_constructors;

__attribute__((constructor(101))) static void construct(void) { all_held = use_heap() && all_held; }

__attribute__((destructor(101))) static void destruct(void) {
    if (!use_heap()) _Exit(1);
}

int main(void) {
    if (resolved() != SECRET || !use_heap() || !all_held) return puts("a block lost its content") > 0;
    return 0;
}
