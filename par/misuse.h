// misuse.h: the last words of a program that broke its heap. Each is one line on standard error, without taking memory;
// then the process ends by abort().

#ifndef PAR_MISUSE_H
#define PAR_MISUSE_H

#include <stddef.h>

// call: what was called, as "xfree". what: what is wrong with the pointer.
_Noreturn void misuse(const char* call, const void* block, const char* what);

// What lies behind the bytes of this block, up to the end of their page, was written to. call: as above.
_Noreturn void overrun_block(const char* call, const void* block, size_t bytes);

// What par noted in this free block is no longer there.
_Noreturn void broken_block(const void* block);

#endif
