// aftermath.h: how a wrong program goes on after the act. See wrong.h.

#ifndef MISUSE_AFTERMATH_H
#define MISUSE_AFTERMATH_H

#include <stddef.h>

// Uses all blocks that are watched, takes and fills many more of that size, uses all again, frees all, and ends the
// process: with status 0 when there was no damage to be seen.
_Noreturn void aftermath(size_t bytes);

#endif
