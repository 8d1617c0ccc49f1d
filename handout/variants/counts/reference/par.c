
// ---- Classes: those of small blocks

enum { CLASSES = CLASS_COUNT };

// Only asked for sizes of small blocks. Before the first block there are no classes, and nothing was counted.
static size_t class_of(size_t bytes) { return size_class_of(bytes); }
static size_t class_of_block(void* block) { return page_map_class(block); }
static size_t request_for(size_t bytes) { return bytes; }
