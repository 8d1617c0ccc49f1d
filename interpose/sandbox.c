// sandbox.c: a program that closes itself in a filter of system calls (seccomp(2)) has foreseen those of the C
// library's malloc. Before that it gives up privileges for good, or sets the filter, by prctl(2), also where a library
// does it. So this call is watched, and par asks the system no more questions from then on (par/os.h).

#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "par/os.h"

__attribute__((visibility("default"))) int prctl(int option, ...) {
    unsigned long more[4];
    va_list rest;
    va_start(rest, option);
    for (int i = 0; i < 4; i++) more[i] = va_arg(rest, unsigned long);
    va_end(rest);
    if (option == PR_SET_SECCOMP || option == PR_SET_NO_NEW_PRIVS) os_set_asking(ASK_NOTHING);
    return (int)syscall(SYS_prctl, option, more[0], more[1], more[2], more[3]);
}

// Containers may give up privileges, or have a filter that allows nearly all; who has both is a service shut in.
static __attribute__((constructor(101))) void look_around(void) {
    bool is_shut_in =
        prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
    if (is_shut_in) os_set_asking(ASK_NO_PAGES);
}
