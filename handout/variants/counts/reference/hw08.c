
// ---- Classes: each total of less than a page, each number of pages

enum {
    SMALL_TOTALS = PAGE_BYTES / ALIGNMENT,
    CLASSES = SMALL_TOTALS + (MOST_COUNTED + sizeof(Header)) / PAGE_BYTES + 2
};

static size_t class_of_total(size_t total) {
    return is_mapped(total) ? SMALL_TOTALS + total / PAGE_BYTES : total / ALIGNMENT;
}
static size_t class_of(size_t bytes) { return class_of_total(total_for(bytes)); }
static size_t class_of_block(void* block) { return class_of_total(header_of(block)->total); }
static size_t request_for(size_t bytes) { return bytes; }
