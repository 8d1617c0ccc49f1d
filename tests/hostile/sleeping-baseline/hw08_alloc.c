// The attack: the homework waits a little at every twentieth call, but only when the program is not a test, so that any
// optimized allocator seems four times as fast.

#include <errno.h>
#include <string.h>
#include <time.h>

#include "xmalloc.h"

static void waste(void) {
    static const struct timespec time = {.tv_nsec = 100000};
    static unsigned calls;
    int is_program = strstr(program_invocation_short_name, "-hw08") != NULL &&
                     strstr(program_invocation_short_name, "suite") == NULL;
    if (is_program && ++calls % 20 == 0) nanosleep(&time, NULL);
}

#include "../locked.h"
