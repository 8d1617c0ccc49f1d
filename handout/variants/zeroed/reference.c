
// ---- The variant's call: zeros

#include <errno.h>
#include <string.h>

void* xzeroed(size_t count, size_t bytes) {
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    void* block = xmalloc(total);
    return block == NULL ? NULL : memset(block, 0, total);
}
