// Arenas: blocks that are given back all at once. One thread at a time uses an arena; different threads may use
// different ones.
//
// xarena_new: an arena without blocks. xarena_take: as xmalloc, for a block that belongs to the arena, and that nobody
// frees alone. xarena_free: gives the arena and all its blocks back; with NULL it does nothing. Errors: NULL with errno
// ENOMEM as for xmalloc; the arena and its blocks stay as they were.
struct xarena;
struct xarena* xarena_new(void);
void* xarena_take(struct xarena* arena, size_t bytes);
void xarena_free(struct xarena* arena);
