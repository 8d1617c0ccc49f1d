// The bug: a thread that frees another's block takes the two locks in the other order than a thread that finds the
// shelf empty.

#include "tests/broken/owner.h"

enum { LEAST = 4 * 1024, MOST = 12 * 1024, SHELF = 2 };

static pthread_mutex_t shelf_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t stock_lock = PTHREAD_MUTEX_INITIALIZER;
static void* shelf[SHELF];
static size_t shelved;

static bool is_for_shelf(void* block) { return header_of(block)->total == total_for(MOST); }

static void put_on_shelf(void* block) {
    pthread_mutex_lock(&shelf_lock);
    if (shelved < SHELF) {
        shelf[shelved++] = block;
        block = NULL;
    }
    pthread_mutex_unlock(&shelf_lock);
    right_xfree(block);
}

void* xmalloc(size_t bytes) {
    if (bytes < LEAST || bytes > MOST) return own(right_xmalloc(bytes));
    pthread_mutex_lock(&shelf_lock);
    void* block = NULL;
    if (shelved > 0) {
        block = shelf[--shelved];
    } else {
        pthread_mutex_lock(&stock_lock);
        block = right_xmalloc(MOST);
        pthread_mutex_unlock(&stock_lock);
    }
    pthread_mutex_unlock(&shelf_lock);
    return own(block);
}

void xfree(void* block) {
    if (block == NULL || !is_for_shelf(block)) {
        right_xfree(block);
    } else if (is_own(block)) {
        put_on_shelf(block);
    } else {
        pthread_mutex_lock(&stock_lock);
        put_on_shelf(block);
        pthread_mutex_unlock(&stock_lock);
    }
}

void* xrealloc(void* block, size_t bytes) { return own(right_xrealloc(block, bytes)); }
