
// ---- The variant's call counts around the three calls, which have other names up to the end of this file.

#include <stdatomic.h>
#include <stddef.h>

static void* uncounted_xmalloc(size_t bytes);
static void uncounted_xfree(void* block);
static void* uncounted_xrealloc(void* block, size_t bytes);

#pragma push_macro("xmalloc")
#pragma push_macro("xfree")
#pragma push_macro("xrealloc")
#undef xmalloc
#undef xfree
#undef xrealloc
#define xmalloc uncounted_xmalloc
#define xfree uncounted_xfree
#define xrealloc uncounted_xrealloc

enum { MOST_COUNTED = 32768 };  // bytes that xcount may be asked for
