// Takes a block for an array, filled with zeros.
//
// count, bytes: how many elements, and the size of each.
// Result: as of xmalloc(count * bytes), with all bytes 0.
// Errors: NULL with errno ENOMEM as for xmalloc, also when the product is larger than a size_t.
void* xzeroed(size_t count, size_t bytes);
