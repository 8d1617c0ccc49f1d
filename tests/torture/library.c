// library.c: a shared library that allocates when it is loaded, when it is asked, and when it goes; for limits.c.

#include <stdlib.h>
#include <string.h>

static char* kept[100];

__attribute__((constructor)) static void begin(void) {
    for (size_t i = 0; i < 100; i++) kept[i] = malloc(1 + i * 37);
}

__attribute__((destructor)) static void end(void) {
    for (size_t i = 0; i < 100; i++) free(kept[i]);
}

char* library_take(size_t bytes);

__attribute__((visibility("default"))) char* library_take(size_t bytes) {
    char* block = malloc(bytes);
    return block == NULL ? NULL : memset(block, 1, bytes);
}
