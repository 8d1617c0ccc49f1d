// sandboxed.c: a program that may make the system calls by which the C library's malloc takes and gives memory, and is
// ended by any other, for LD_PRELOAD=lib/libpar.so and its builds.
//
//     sandboxed prctl | seccomp     closes itself in, by that call
//     sandboxed inherited           is closed in when it begins, by a filter like systemd's for services

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BLOCKS = 200, ROUNDS = 40, CALLS = 1000 };

static char* blocks[BLOCKS];
static size_t lengths[BLOCKS];
static unsigned drawn = 1;

static unsigned draw(unsigned below) {
    drawn = drawn * 1103515245 + 12345;
    return (drawn >> 8) % below;
}

static size_t some_length(void) {
    unsigned kind = draw(100);
    return 1 + draw(kind < 60 ? 500 : kind < 85 ? 40000 : kind < 97 ? 1500000 : 9000000);
}

static void change(unsigned i) {
    size_t bytes = some_length();
    if (blocks[i] != NULL && draw(3) == 0) {
        blocks[i] = realloc(blocks[i], bytes);
    } else {
        free(blocks[i]);
        blocks[i] = draw(2) == 0 ? malloc(bytes) : calloc(1, bytes);
    }
    if (blocks[i] == NULL) abort();
    lengths[i] = bytes;
    blocks[i][draw((unsigned)bytes)] = 1;
    blocks[i][bytes - 1] = (char)i;
}

// Takes blocks of all sizes, many at a time and few, and gives them back.
static void work(void) {
    for (int round = 0; round < ROUNDS; round++) {
        for (int call = 0; call < CALLS; call++) change(draw(BLOCKS));
        for (unsigned i = 0; i < BLOCKS; i++) {
            if (blocks[i] != NULL && blocks[i][lengths[i] - 1] != (char)i) abort();
            if (draw(2) == 0) continue;
            free(blocks[i]);
            blocks[i] = NULL;
        }
    }
}

#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define KILL(number) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static struct sock_filter own[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    ALLOW(SYS_brk),
    ALLOW(SYS_mmap),
    ALLOW(SYS_munmap),
    ALLOW(SYS_mremap),
    ALLOW(SYS_mprotect),
    ALLOW(SYS_madvise),
    ALLOW(SYS_futex),
    ALLOW(SYS_clock_gettime),
    ALLOW(SYS_write),
    ALLOW(SYS_exit_group),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};

static struct sock_filter of_services[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    KILL(SYS_mincore),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void close_in(struct sock_filter* filter, size_t length, int by_prctl) {
    struct sock_fprog program = {(unsigned short)length, filter};
    int failed = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (by_prctl) {
        failed |= prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    } else {
        failed |= syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0;
    }
    if (failed == 0) return;
    perror("there is no filter");
    exit(2);
}

int main(int count, char** arguments) {
    if (count < 2) return 2;
    setvbuf(stdout, NULL, _IONBF, 0);
    if (strcmp(arguments[1], "inherited") == 0) {
        close_in(of_services, sizeof of_services / sizeof *of_services, 1);
        execl("/proc/self/exe", arguments[0], "work", (char*)NULL);
        return 2;
    }
    free(malloc(10));
    if (strcmp(arguments[1], "work") != 0) {
        close_in(own, sizeof own / sizeof *own, strcmp(arguments[1], "prctl") == 0);
    }
    work();
    write(STDOUT_FILENO, "worked\n", 7);
    _exit(0);
}
