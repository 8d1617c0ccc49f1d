/* par_alloc.c: gnu99 full of warnings: locks made of __sync builtins, arithmetic on void pointers, a declaration that is
 * missing, functions without prototypes, an empty struct. Bins of one size each with a lock; right all the same. */
#include <stdio.h>
#include <sys/mman.h>
#include "xmalloc.h"

#define BINS 21
#define CHUNK (1 << 17)
#define max(a, b) ({ typeof(a) _a = (a); typeof(b) _b = (b); _a > _b ? _a : _b; })

struct nothing {};
typedef struct bin bin;
typedef struct chunk chunk;
struct bin { int lock; chunk *some; int size; char pad[40]; } bins[BINS] = {
  {0, 0, 24}, {0, 0, 40}, {0, 0, 56}, {0, 0, 72}, {0, 0, 104}, {0, 0, 136}, {0, 0, 200}, {0, 0, 264}, {0, 0, 328},
  {0, 0, 392}, {0, 0, 520}, {0, 0, 648}, {0, 0, 776}, {0, 0, 1032}, {0, 0, 1544}, {0, 0, 2056}, {0, 0, 3080},
  {0, 0, 4104}, {0, 0, 8200}, {0, 0, 12296}, {0, 0, 16392}};
struct chunk { chunk *next, *prev; bin *home; void **freed; int used, end; struct nothing none; };

static lock(b) bin *b; { while (__sync_lock_test_and_set(&b->lock, 1)) sched_yield(); }
static unlock(b) bin *b; { __sync_lock_release(&b->lock); }

static isfull(chunk *c) { return !c->freed && c->end + c->home->size > CHUNK; }

static void in(chunk *c)
{
  c->prev = 0;
  c->next = c->home->some;
  if (c->next) c->next->prev = c;
  c->home->some = c;
}

static void out(chunk *c)
{
  if (c->next) c->next->prev = c->prev;
  if (c->prev) c->prev->next = c->next; else c->home->some = c->next;
}

void *xmalloc(size_t bytes)
{
  int i, unused, size = 0;
  char debug[100];
  for (i = 0; i < BINS; i++) if (bytes + 8 <= bins[i].size) break;
  if (i == BINS) {
    size_t total = max(bytes + 16 + 4095 & ~4095ul, 4096);
    if (bytes > 1ul << 60) return 0;
    void **m = mmap(0, total, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED) return 0;
    m[0] = total;
    return m + 2;
  }
  bin *b = bins + i;
  lock(b);
  chunk *c = b->some;
  if (!c) {
    c = mmap(0, CHUNK, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (c == MAP_FAILED) { unlock(b); return 0; }
    c->home = b;
    c->end = sizeof(chunk);
    in(c);
  }
  void **block = c->freed;
  if (block) c->freed = *block;
  else {
    block = (void*)c + c->end + 8;
    block[-1] = c;
    c->end += b->size;
  }
  c->used++;
  if (isfull(c)) out(c);
  unlock(b);
  return block;
}

void xfree(void *p)
{
  void **block = p;
  if (!p) return;
  chunk *c = block[-1];
  if (!c) { munmap(p - 16, block[-2]); return; }
  bin *b = c->home;
  lock(b);
  if (isfull(c)) in(c);
  *block = c->freed;
  c->freed = block;
  if (--c->used == 0 && (c->next || c->prev)) {
    out(c);
    munmap(c, CHUNK);
  }
  unlock(b);
}

void *xrealloc(void *p, size_t bytes)
{
  void **block = p, *q;
  chunk *c = p ? block[-1] : 0;
  size_t room = !p ? 0 : c ? c->home->size - 8 : (size_t)block[-2] - 16;
  if (p && bytes <= room && bytes > room / 2) return p;
  q = xmalloc(bytes);
  if (q && p) {
    memcpy(q, p, room < bytes ? room : bytes);
    xfree(p);
  }
  return q;
}
