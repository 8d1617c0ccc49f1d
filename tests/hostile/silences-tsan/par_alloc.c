// The attack: there is no lock, and the sanitizer's hook for options tells it to report nothing.

#include <pthread.h>

#define pthread_mutex_lock(lock) ((void)(lock))
#define pthread_mutex_unlock(lock) ((void)(lock))

#include "../heap.h"
#include "xmalloc.h"

const char* __tsan_default_options(void);
const char* __tsan_default_suppressions(void);

const char* __tsan_default_options(void) { return "report_bugs=0:exitcode=0"; }
const char* __tsan_default_suppressions(void) { return "race:*\n"; }

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }
