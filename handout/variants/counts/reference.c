
// ---- The variant's call: counts

// Threads count in different rows, so that they seldom wait for each other's cache lines. Only the sum of all rows
// means something: a block may be taken in one and freed in another. What a thread has counted stays when it ends.
enum { ROWS = 16 };
static struct row { _Alignas(64) atomic_size_t blocks[CLASSES]; } rows[ROWS];

static struct row* own_row(void) {
    static atomic_size_t threads;
    static _Thread_local struct row* row;
    // order: relaxed, here and below. A number leads to no memory, and who asks has waited for the calls to be over.
    if (row == NULL) row = &rows[atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) % ROWS];
    return row;
}

// The class of a block that is counted. 0: it is NULL, or longer than anybody asks about.
static size_t counted_class(void* block) {
    size_t class = block == NULL ? 0 : class_of_block(block);
    return class < CLASSES ? class : 0;
}

static void count(size_t class, size_t blocks) {
    // order: relaxed.
    if (class != 0) atomic_fetch_add_explicit(&own_row()->blocks[class], blocks, memory_order_relaxed);
}

#pragma pop_macro("xmalloc")
#pragma pop_macro("xfree")
#pragma pop_macro("xrealloc")

void* xmalloc(size_t bytes) {
    void* block = uncounted_xmalloc(request_for(bytes));
    count(counted_class(block), 1);
    return block;
}

void xfree(void* block) {
    count(counted_class(block), (size_t)-1);
    uncounted_xfree(block);
}

void* xrealloc(void* block, size_t bytes) {
    size_t old_class = counted_class(block);
    void* resized = uncounted_xrealloc(block, request_for(bytes));
    if (resized == NULL && (block == NULL || bytes > 0)) return NULL;  // it has failed, and the old block stays
    count(old_class, (size_t)-1);
    count(counted_class(resized), 1);
    return resized;
}

size_t xcount(size_t bytes) {
    size_t class = class_of(bytes);
    size_t sum = 0;
    // order: relaxed.
    for (size_t i = 0; i < ROWS; i++) sum += atomic_load_explicit(&rows[i].blocks[class], memory_order_relaxed);
    return sum;
}
