
// ---- Classes of 32 bytes
//
// The C library sometimes gives 16 bytes more than it must, when what is left over would be too short for a block. So a
// request is rounded up to all but 8 bytes of a class (before each block is a word of the C library), and a block that
// is longer by 16 is still of that class.

#include <malloc.h>
#include <stdbool.h>

enum { CLASS_BYTES = 32, WORD_BYTES = 8, CLASSES = (MOST_COUNTED + WORD_BYTES) / CLASS_BYTES + 2 };

static size_t class_of(size_t bytes) { return (bytes + WORD_BYTES + CLASS_BYTES - 1) / CLASS_BYTES; }
static size_t class_of_block(void* block) { return (malloc_usable_size(block) + WORD_BYTES) / CLASS_BYTES; }
static size_t request_for(size_t bytes) {
    bool stays = bytes == 0 || bytes > PTRDIFF_MAX - CLASS_BYTES;  // xrealloc frees, or it is too much anyway
    return stays ? bytes : class_of(bytes) * CLASS_BYTES - WORD_BYTES;
}
