/* par_alloc: a static pool of 2 MB first, after that mmap.  Size classes (functions made by a macro), spin locks. */
#include "xmalloc.h"
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define POOL_BYTES (2u << 20)
static _Alignas(65536) char pool[POOL_BYTES];
static char *pool_at = pool;
static atomic_flag pool_lock = ATOMIC_FLAG_INIT;

#define LOCK(l) do { int spins_ = 0; while (atomic_flag_test_and_set_explicit(&(l), memory_order_acquire)) if (++spins_ % 64 == 0) sched_yield(); } while (0)
#define UNLOCK(l) atomic_flag_clear_explicit(&(l), memory_order_release)

typedef struct blk { struct blk *next; } blk;
typedef struct seg { uint32_t cls; uint32_t used; size_t len; blk *free; struct seg *next, **back; uint32_t carved, cap; } seg;
static seg *free_segs;

static void *os_seg(size_t len)
{
	char *p = mmap(NULL, len + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) return NULL;
	char *a = (char *)(((uintptr_t)p + 65535) & ~65535ul);
	if (a != p) munmap(p, (size_t)(a - p));
	if (p + 65536 != a) munmap(a + len, (size_t)(p + 65536 - a));
	return a;
}
static int from_pool(void *s) { return (char *)s >= pool && (char *)s < pool + POOL_BYTES; }

static seg *get_seg(void)
{
	LOCK(pool_lock);
	seg *s = free_segs;
	if (s) free_segs = s->next;
	else if (pool_at < pool + POOL_BYTES) { s = (seg *)pool_at; pool_at += 65536; }
	UNLOCK(pool_lock);
	return s ? s : os_seg(65536);
}
static void put_seg(seg *s)
{
	if (!from_pool(s)) { munmap(s, 65536); return; }
	LOCK(pool_lock);
	s->next = free_segs; free_segs = s;
	UNLOCK(pool_lock);
}

#define SIZES(X) X(0,16) X(1,32) X(2,48) X(3,64) X(4,96) X(5,128) X(6,192) X(7,256) X(8,384) X(9,512) X(10,768) X(11,1024) X(12,1536) X(13,2048) X(14,4096) X(15,8064)
#define BIG 99

static struct list { atomic_flag lock; seg *room; char pad[48]; } lists[16];

#define DEFINE(i, size)                                                                       \
	static void *take_##size(void)                                                        \
	{                                                                                     \
		struct list *l = &lists[i];                                                   \
		LOCK(l->lock);                                                                \
		seg *s = l->room;                                                             \
		if (!s) {                                                                     \
			s = get_seg();                                                        \
			if (!s) { UNLOCK(l->lock); return NULL; }                             \
			s->cls = i; s->used = 0; s->free = NULL; s->carved = 0; s->len = size; \
			s->cap = (65536 - 64) / size; s->next = NULL; s->back = &l->room;     \
			l->room = s;                                                          \
		}                                                                             \
		blk *b = s->free;                                                             \
		if (b) s->free = b->next;                                                     \
		else b = (blk *)((char *)s + 64 + (size_t)s->carved++ * size);                \
		if (++s->used == s->cap) { l->room = s->next; if (s->next) s->next->back = &l->room; } \
		UNLOCK(l->lock);                                                              \
		return b;                                                                     \
	}
SIZES(DEFINE)
#define ENTRY(i, size) {size, take_##size},
static const struct { size_t size; void *(*take)(void); } table[] = { SIZES(ENTRY) };

void *xmalloc(size_t n)
{
	void *r = NULL;
	if (n > PTRDIFF_MAX) { errno = ENOMEM; return NULL; }
	for (int i = 0; i < 16; i++)
		if (n <= table[i].size) {
			r = table[i].take();
			if (!r) errno = ENOMEM;
			return r;
		}
	size_t len = (n + 64 + 4095) & ~4095ul;
	seg *s = os_seg(len);
	if (!s) { errno = ENOMEM; return NULL; }
	s->cls = BIG; s->len = len;
	return (char *)s + 64;
}
void xfree(void *p)
{
	if (!p) return;
	int keep = errno;
	seg *s = (seg *)((uintptr_t)p & ~65535ul);
	if (s->cls == BIG) munmap(s, s->len);
	else {
		struct list *l = &lists[s->cls];
		LOCK(l->lock);
		if (s->used == s->cap) {
			s->next = l->room; s->back = &l->room;
			if (s->next) s->next->back = &s->next;
			l->room = s;
		}
		((blk *)p)->next = s->free; s->free = p;
		int gone = --s->used == 0;
		if (gone) { *s->back = s->next; if (s->next) s->next->back = s->back; }
		UNLOCK(l->lock);
		if (gone) put_seg(s);
	}
	errno = keep;
}
void *xrealloc(void *p, size_t n)
{
	if (!p) return xmalloc(n);
	if (!n) { xfree(p); return NULL; }
	seg *s = (seg *)((uintptr_t)p & ~65535ul);
	size_t have = s->cls == BIG ? s->len - 64 : s->len;
	if (n <= have && n >= have / 2) return p;
	void *q = xmalloc(n);
	if (!q) return NULL;
	memcpy(q, p, have < n ? have : n);
	xfree(p);
	return q;
}
