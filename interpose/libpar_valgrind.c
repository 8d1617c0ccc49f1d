// libpar_valgrind.c: par as lib/libpar-valgrind.so, which announces each block to memcheck. So memcheck finds overruns,
// late uses, bad frees and leaks in any program that runs on par:
//
//     LD_PRELOAD=$PWD/lib/libpar-valgrind.so valgrind --soname-synonyms=somalloc=nouserintercepts PROGRAM
//
// The option keeps memcheck from putting its own malloc in the place of this one.
//
//     | the caller's bytes | forbidden, 8 bytes or more | how many bytes are the caller's, also forbidden |
//
// A freed block waits, forbidden as a whole, before par gets it back. Without valgrind a request costs a few
// instructions.

#include "par_alloc.c"

#include <dlfcn.h>
#include <pthread.h>
#include <valgrind/memcheck.h>

#include "interpose/beyond.h"
#include "interpose/fork_lock.h"

enum { MORE_BYTES = 16, WAITING_MOST = 2048, WAITING_BYTES_MOST = 8 << 20 };

// Memcheck's macros leave a result that nobody needs.
static void show(const void* start, size_t bytes) { (void)VALGRIND_MAKE_MEM_DEFINED(start, bytes); }
static void hide(const void* start, size_t bytes) { (void)VALGRIND_MAKE_MEM_NOACCESS(start, bytes); }
static void reset(const void* start, size_t bytes) { (void)VALGRIND_MAKE_MEM_UNDEFINED(start, bytes); }

static size_t* bytes_place(char* block) { return (size_t*)(block + usable_bytes("realloc", block) - sizeof(size_t)); }

static size_t bytes_of(char* block) {
    size_t* place = bytes_place(block);
    show(place, sizeof *place);
    size_t bytes = *place;
    hide(place, sizeof *place);
    return bytes;
}

// What par gave for a caller who wants so many bytes becomes a block. NULL stays NULL.
static void* begin(char* block, size_t bytes, bool zeros) {
    if (block == NULL) return NULL;
    size_t* place = bytes_place(block);
    reset(block, (size_t)((char*)(place + 1) - block));
    *place = bytes;
    if (zeros) memset(block, 0, bytes);
    hide(block + bytes, (size_t)((char*)(place + 1) - (block + bytes)));
    VALGRIND_MALLOCLIKE_BLOCK(block, bytes, 0, zeros);
    return block;
}

static size_t with_more(size_t bytes) { return bytes > SIZE_MAX - MORE_BYTES ? SIZE_MAX : bytes + MORE_BYTES; }

static struct {
    pthread_mutex_t lock;
    char* ring[WAITING_MOST];
    size_t oldest, count, bytes;
} waiting = {.lock = PTHREAD_MUTEX_INITIALIZER};

// The oldest block leaves when there is no room for one more. Result: it, or NULL.
static char* leave(size_t bytes_more) {
    bool full = waiting.count == WAITING_MOST || (waiting.count > 0 && waiting.bytes + bytes_more > WAITING_BYTES_MOST);
    if (!full) return NULL;
    char* block = waiting.ring[waiting.oldest];
    waiting.oldest = (waiting.oldest + 1) % WAITING_MOST;
    waiting.count--;
    waiting.bytes -= usable_bytes("free", block);
    return block;
}

static void let_wait(char* block) {
    size_t whole = usable_bytes("free", block);
    pthread_mutex_lock(&waiting.lock);
    for (char* left = leave(whole); left != NULL; left = leave(whole)) {
        reset(left, usable_bytes("free", left));
        memset(left, 0, ALIGNMENT);  // par looks at it
        xfree(left);
    }
    waiting.ring[(waiting.oldest + waiting.count++) % WAITING_MOST] = block;
    waiting.bytes += whole;
    pthread_mutex_unlock(&waiting.lock);
}

// Memcheck knows which blocks live. Result: whether this is none, which memcheck has told the user then.
static bool is_refused(void* block) {
    unsigned errors = VALGRIND_COUNT_ERRORS;
    VALGRIND_FREELIKE_BLOCK(block, 0);
    return VALGRIND_COUNT_ERRORS > errors;
}

// ---- The end ----

// When the process has ended, valgrind has the libraries of C and C++ free what they have for themselves. There are no
// other threads by then, and one that was stopped in the middle of a call holds a lock for ever. So memcheck is told,
// and no lock taken.
static bool is_over;
static void (*c_frees)(void);
static void (*cxx_frees)(void);

static __attribute__((constructor(101))) void find_end(void) {
    *(void**)&c_frees = dlsym(RTLD_NEXT, "__libc_freeres");
    *(void**)&cxx_frees = dlsym(RTLD_NEXT, "_ZN9__gnu_cxx9__freeresEv");
}

static void end(void (*frees)(void)) {
    is_over = true;
    if (frees != NULL) frees();
}

// By these names valgrind calls them; here it finds ours first. __gnu_cxx::__freeres() is the second.
__attribute__((visibility("default"))) void __libc_freeres(void);
__attribute__((visibility("default"))) void _ZN9__gnu_cxx9__freeresEv(void);
void __libc_freeres(void) { end(c_frees); }
void _ZN9__gnu_cxx9__freeresEv(void) { end(cxx_frees); }

// ---- What the family stands on ----

static void* watched_malloc(size_t bytes) { return begin(xmalloc(with_more(bytes)), bytes, false); }

static void watched_free(void* block) {
    if (block == NULL || is_refused(block) || is_over) return;
    int kept_errno = errno;
    let_wait(block);
    errno = kept_errno;
}

// A block always moves, so that a late use through the old pointer is seen.
static void* watched_realloc(void* block, size_t bytes) {
    if (block == NULL) return watched_malloc(bytes);
    if (bytes == 0) {
        watched_free(block);
        return NULL;
    }
    char* moved = watched_malloc(bytes);
    if (moved == NULL) return NULL;
    if (page_map_class(block) == NO_CLASS && page_map_mapping(block) == NULL) {
        (void)is_refused(block);  // no block of ours at all: memcheck says so
        watched_free(moved);
        return NULL;
    }
    size_t old_bytes = bytes_of(block);
    memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
    watched_free(block);
    return moved;
}

#define xmalloc watched_malloc
#define xfree watched_free
#define xrealloc watched_realloc
#include "interpose/family.h"

static void* family_aligned(size_t alignment, size_t bytes) {
    if (alignment <= ALIGNMENT) return watched_malloc(bytes);
    return begin(take_aligned(alignment, with_more(bytes)), bytes, false);
}

static void* family_zeros(size_t bytes) {
#undef xmalloc
    return begin(xmalloc(with_more(bytes)), bytes, true);
}

// Memcheck tells when the block was freed.
static size_t family_usable(void* block) {
    size_t bytes = bytes_of(block);
    if (bytes > 0) (void)VALGRIND_CHECK_MEM_IS_ADDRESSABLE(block, 1);
    return bytes;
}

static void family_expect(const char* call, void* block, size_t bytes) { (void)call, (void)block, (void)bytes; }

static void before_fork(void) { fork_takes(&waiting.lock); }
static void after_fork(void) { fork_gives(&waiting.lock); }
static __attribute__((constructor(101))) void fork_set_up(void) { pthread_atfork(before_fork, after_fork, after_fork); }
