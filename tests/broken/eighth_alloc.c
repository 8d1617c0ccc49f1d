// No bug: small blocks come from a reserve that is taken before main. It is an eighth of the address space that the
// process may have, or 64 GiB where there is no limit; so the limit must be there by then.

#include <stdbool.h>
#include <sys/resource.h>

#include "tests/broken/reserve.h"

__attribute__((constructor)) static void reserve_an_eighth(void) {
    struct rlimit limit;
    bool is_limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    make_reserve(is_limited ? limit.rlim_cur / 8 : (size_t)64 << 30);
}

static void* map_small_reserved(size_t bytes) {
    enum { PAGE = 4096 };
    void* piece = bytes == PAGE ? map_reserved(bytes) : MAP_FAILED;
    return piece == MAP_FAILED ? map_bare(bytes) : piece;
}

#define mmap(hint, bytes, protection, flags, file, offset) map_small_reserved(bytes)
#include "tests/broken/right.h"
#undef mmap

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }
