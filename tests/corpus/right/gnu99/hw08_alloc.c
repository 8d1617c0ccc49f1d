/* hw08_alloc.c: gnu99 with a warning on every other line, and right all the same. One list, one lock. */
#include <stdio.h>
#include <pthread.h>
#include <sys/mman.h>
#include "xmalloc.h"

typedef struct Node { long Size; struct Node *Next; } Node;

Node *List;
pthread_mutex_t Lock = PTHREAD_MUTEX_INITIALIZER;
static int never_used = 3;
char* unused_text = "debug";

static void unused_function(int x, int y) { int z = x; }

void coalesce()
{
  Node *n; int count, i;
  for (n = List; n; )
    if (n->Next && (void*)n + n->Size == n->Next) {
      n->Size += n->Next->Size;
      n->Next = n->Next->Next;
    } else n = n->Next;
}

void insert(n) Node *n;
{
  Node **p = &List;
  while (*p && *p < n) p = &(*p)->Next;
  n->Next = *p;
  *p = n;
  coalesce();
}

void *xmalloc(size_t bytes)
{
  long Need = bytes + sizeof(long) + 7 & ~7;
  unsigned i;
  if (bytes > 1ul << 60) return 0;
  if (Need < sizeof(Node)) Need = sizeof(Node);
  if (Need > 2048) {
    Need = Need + 4095 & ~4095;
    Node *n = mmap(0, Need, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
    if (n == -1) return 0;
    n->Size = Need;
    return (void*)n + sizeof(long);
  }
  pthread_mutex_lock(&Lock);
again:;
  Node **p = &List, *n;
  for (; n = *p; p = &n->Next)
    if (n->Size >= Need) {
      if (n->Size - Need >= (int)sizeof(Node)) {
        Node *rest = (void*)n + Need;
        rest->Size = n->Size - Need;
        rest->Next = n->Next;
        n->Size = Need;
        *p = rest;
      } else
        *p = n->Next;
      pthread_mutex_unlock(&Lock);
      return (void*)n + sizeof(long);
    }
  n = mmap(0, 16384, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
  if (n != MAP_FAILED) {
    n->Size = 16384;
    insert(n);
    goto again;
  }
  pthread_mutex_unlock(&Lock);
  return 0;
}

void xfree(void *ptr)
{
  Node *n = ptr - sizeof(long);
  if (ptr == 0) return;
  if (n->Size > 2048 + 16) { munmap(n, n->Size); return; }
  pthread_mutex_lock(&Lock);
  insert(n);
  pthread_mutex_unlock(&Lock);
}

void *xrealloc(void *old, size_t bytes)
{
  void *new; long n;
  if (!old) return xmalloc(bytes);
  n = ((Node*)(old - sizeof(long)))->Size - sizeof(long);
  if (n > bytes) n = bytes;
  new = xmalloc(bytes);
  if (new) memcpy(new, old, n);
  if (new) xfree(old);
  return new;
}
