
// ---- The variant's call: what xrealloc goes by

size_t xusable(void* block) { return block == NULL ? 0 : usable_bytes("xusable", block); }
