// Says how many bytes of a block its owner may use. Any thread may ask.
//
// block: as for xfree. With NULL the result is 0.
// Result: at least what was asked for; for a block of xmalloc at most twice that and 128 bytes. All of these bytes are
//         the owner's, as if they had been asked for: no other call changes them, and xrealloc keeps them as far as the
//         new size reaches. The number stays the same until the block is resized or freed.
size_t xusable(void* block);
