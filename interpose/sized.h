// sized.h: of the builds that check blocks, for calls that are told a block's size beside its address: the sized forms
// of delete, free_sized, free_aligned_sized.

#ifndef INTERPOSE_SIZED_H
#define INTERPOSE_SIZED_H

#include <stddef.h>

// Ends the process when this is no live block of so many bytes, as they were asked for. call: its name, for the line.
__attribute__((visibility("hidden"))) void sized_expect(const char* call, void* block, size_t bytes);

#endif
