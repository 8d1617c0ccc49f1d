// touch.c: see touch.h.

#include "touch.h"

#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE_BYTES = 2 * 1024 * 1024, PAGE_BYTES = 4096 };

static _Noreturn void touch_and_exit(uint64_t bytes) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (uint64_t done = 0; done < bytes; done += PIECE_BYTES) {
        char* piece = mmap(NULL, PIECE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED) break;
        // Adjacent pieces become one mapping, in which huge pages are quicker to clear.
        madvise(piece, PIECE_BYTES, MADV_HUGEPAGE);
        for (size_t i = 0; i < PIECE_BYTES; i += PAGE_BYTES) ((volatile char*)piece)[i] = 1;
    }
    _exit(0);
}

void touch_memory(uint64_t bytes) {
    pid_t pid = fork();
    if (pid == 0) touch_and_exit(bytes);
    if (pid > 0) waitpid(pid, NULL, 0);
}
