// right.h: the calls of hw08_alloc.c as right_xmalloc, right_xfree and right_xrealloc, with all that is inside.
//
// Each file of this folder is a backend with one bug, made of this one (courseonly has none, and is of its own).
// tests/allocator/suites.t and tests/grader/contract.t ask that the bug is found and told in words that name the broken
// promise.

#ifndef TESTS_BROKEN_RIGHT_H
#define TESTS_BROKEN_RIGHT_H

#define xmalloc right_xmalloc
#define xfree right_xfree
#define xrealloc right_xrealloc
#include "hw08_alloc.c"
#undef xmalloc
#undef xfree
#undef xrealloc

void* xmalloc(size_t bytes);
void xfree(void* block);
void* xrealloc(void* block, size_t bytes);

#endif
