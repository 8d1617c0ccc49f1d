
// ---- The variant's calls: aligned blocks. The whole block's address stands right before the aligned one.

#include <errno.h>
#include <stdint.h>
#include <string.h>

void* xaligned(size_t alignment, size_t bytes) {
    size_t more = alignment + sizeof(void*);
    if (bytes > PTRDIFF_MAX - more) {
        errno = ENOMEM;
        return NULL;
    }
    char* whole = xmalloc(bytes + more);
    if (whole == NULL) return NULL;
    uintptr_t first = (uintptr_t)whole + sizeof(void*);
    char* block = whole + sizeof(void*) + (alignment - first % alignment) % alignment;
    memcpy(block - sizeof(void*), &whole, sizeof whole);
    return block;
}

void xaligned_free(void* block) {
    if (block == NULL) return;
    void* whole;
    memcpy(&whole, (char*)block - sizeof(void*), sizeof whole);
    xfree(whole);
}
