
// ---- The variant's call: all but the header

size_t xusable(void* block) { return block == NULL ? 0 : header_of(block)->total - sizeof(Header); }
