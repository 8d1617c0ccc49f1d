// The bug: xrealloc subtracts the header twice from what it copies, so that the last 16 bytes are lost.

#include <string.h>

#define memcpy(to, from, bytes) memcpy(to, from, (bytes) - sizeof(Header))

#include "hw08_alloc.c"
