// Takes a block at a multiple of `alignment`, and gives such a block back.
//
// alignment: a power of two, 1 to 1 MiB.
// Result: as of xmalloc(bytes), at an address that is a multiple of alignment. Only xaligned_free frees it, from any
//         thread; xaligned_free(NULL) does nothing.
// Errors: NULL with errno ENOMEM as for xmalloc.
void* xaligned(size_t alignment, size_t bytes);
void xaligned_free(void* block);
