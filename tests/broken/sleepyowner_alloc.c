// The bug: a block that another thread frees waits for the thread that took it, until that one calls again or ends.

#include <pthread.h>

#include "tests/broken/right.h"

struct owner {
    Header link;  // what the header of a live block points to
    void* box;    // blocks that others have freed
    bool has_key;
};

static pthread_mutex_t box_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct owner* this_thread;

static void empty_box(struct owner* owner) {
    pthread_mutex_lock(&box_lock);
    void* block = owner->box;
    owner->box = NULL;
    pthread_mutex_unlock(&box_lock);
    while (block != NULL) {
        void* next = *(void**)block;
        right_xfree(block);
        block = next;
    }
}

// The record itself stays, for blocks may outlive their thread: then nobody waits for it any more.
static void end(void* owner) {
    pthread_mutex_lock(&box_lock);
    ((struct owner*)owner)->has_key = false;
    pthread_mutex_unlock(&box_lock);
    empty_box(owner);
    this_thread = NULL;
}

static void make_key(void) { pthread_key_create(&at_exit, end); }

static struct owner* me(void) {
    if (this_thread == NULL) {
        pthread_once(&once, make_key);
        this_thread = right_xmalloc(sizeof *this_thread);
        *this_thread = (struct owner){.has_key = true};
        pthread_setspecific(at_exit, this_thread);
    }
    empty_box(this_thread);
    return this_thread;
}

static void* own(void* block) {
    if (block != NULL) header_of(block)->next = &me()->link;
    return block;
}

void* xmalloc(size_t bytes) { return own(right_xmalloc(bytes)); }

void xfree(void* block) {
    if (block == NULL) return;
    struct owner* owner = (struct owner*)header_of(block)->next;
    pthread_mutex_lock(&box_lock);
    bool waits = owner != this_thread && owner->has_key;
    if (waits) {
        *(void**)block = owner->box;
        owner->box = block;
    }
    pthread_mutex_unlock(&box_lock);
    if (!waits) right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) { return own(right_xrealloc(block, bytes)); }
