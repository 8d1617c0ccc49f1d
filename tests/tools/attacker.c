// attacker.c: tries one thing that a sandbox must not allow, and says whether it worked. For sandbox.t, which names the
// things on the command line; PARENT in a path stands for the number of the parent.
//
// It is bounded by itself, should the sandbox fail: 200 processes or threads, 16 MiB written, 15 s.

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 200, LONGEST_S = 15, MIB = 1 << 20 };

static void tell(int worked) {
    if (worked)
        puts("done");
    else
        printf("refused: %s\n", strerror(errno));
    fflush(stdout);
}

static const char* with_parent(const char* path) {
    static char changed[512];
    const char* at = strstr(path, "PARENT");
    if (at == NULL) return path;
    snprintf(changed, sizeof changed, "%.*s%d%s", (int)(at - path), path, (int)getppid(), at + strlen("PARENT"));
    return changed;
}

static void* sleep_on(void* unused) {
    (void)unused;
    pause();
    return NULL;
}

static void bomb(int with_threads) {
    int count = 1;
    for (; count < MOST; count++) {
        pthread_t thread;
        pid_t pid = with_threads ? 1 : fork();
        if (pid == 0) {
            alarm(LONGEST_S);
            pause();
        }
        if (with_threads && pthread_create(&thread, NULL, sleep_on, NULL) != 0) break;
        if (pid < 0) break;
        printf("%d\n", count + 1);
        fflush(stdout);
    }
    if (count < MOST) exit(1);  // an error that a program would notice
    usleep(500000);             // long enough to be counted by who counts
}

static void daemon_and(int wait_for_it) {
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            close(0), close(1), close(2);
            alarm(LONGEST_S);
            pause();
        }
        _exit(0);
    }
    wait(NULL);
    if (wait_for_it) pause();
}

static void fill(const char* folder) {
    static char piece[MIB];
    char path[600];
    memset(piece, 1, sizeof piece);
    snprintf(path, sizeof path, "%s/filling", folder);
    int fd = open(path, O_WRONLY | O_CREAT, 0600), mib = 0;
    while (mib < 16 && write(fd, piece, sizeof piece) == (ssize_t)sizeof piece) mib++;
    tell(mib == 16);
    printf("%d MiB\n", mib);
    unlink(path);
}

static void look_for_others(void) {
    int seen = 0;
    DIR* all = opendir("/proc");
    for (struct dirent* entry; (entry = readdir(all)) != NULL;) {
        pid_t pid = atoi(entry->d_name);
        seen += pid > 0 && pid != getpid() && pid != getppid();
    }
    tell(seen > 0);
}

static void open_files_of_parent(void) {
    int opened = 0;
    for (int fd = 3; fd < 20; fd++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getppid(), fd);
        opened += open(path, O_WRONLY) >= 0;
    }
    tell(opened > 0);
}

static void write_on_inherited(void) {
    int written = 0;
    for (int fd = 3; fd < 1024; fd++) written += write(fd, "{\"exit\":0}\n", 11) > 0;
    tell(written > 0);
}

static void connect_to(int port) {
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    tell(fd >= 0 && connect(fd, (struct sockaddr*)&there, sizeof there) == 0);
}

static int run_in_namespace(void* unused) {
    (void)unused;
    return 0;
}

static void make_namespace(void) {
    static char stack[1 << 16];
    tell(clone(run_in_namespace, stack + sizeof stack, CLONE_NEWUSER | SIGCHLD, NULL) > 0 ||
         unshare(CLONE_NEWUSER) == 0);
}

static void share_memory(void) {
    int id = shmget(IPC_PRIVATE, MIB, IPC_CREAT | 0600);
    tell(id >= 0);
    shmctl(id, IPC_RMID, NULL);
}

static void change_limits_of_parent(void) {
    struct rlimit limit;
    tell(getrlimit(RLIMIT_CORE, &limit) == 0 && prlimit(getppid(), RLIMIT_CORE, &limit, NULL) == 0);
}

static void touch_memory(void) {
    char* memory = malloc(40 * MIB);
    for (int i = 0; i < 40 * MIB; i += 4096) ((volatile char*)memory)[i] = 1;
}

int main(int count, char** arguments) {
    const char* what = arguments[1];
    const char* where = count > 2 ? with_parent(arguments[2]) : "";
    alarm(LONGEST_S);
#define IS(name) (strcmp(what, name) == 0)
    if (IS("hello")) {
        char line[80] = "";
        if (fgets(line, sizeof line, stdin) != NULL) printf("hello, %s", line);
    } else if (IS("exit")) {
        fputs("no more\n", stderr);
        return 139;
    } else if (IS("crash")) {
        raise(SIGSEGV);
    } else if (IS("killed")) {
        raise(SIGKILL);
    } else if (IS("sleep")) {
        pause();
    } else if (IS("spin")) {
        for (volatile int on = 1; on;) continue;
    } else if (IS("flood")) {
        for (int i = 0; i < 16 * MIB / 8; i++) fputs("flooding", stdout);
    } else if (IS("touch")) {
        touch_memory();
    } else if (IS("fill")) {
        fill(where);
    } else if (IS("read")) {
        char byte;
        int fd = open(where, O_RDONLY);
        tell(fd >= 0 && (strstr(where, "/mem") != NULL || read(fd, &byte, 1) == 1));
    } else if (IS("write")) {
        int fd = open(where, O_WRONLY | O_CREAT, 0600);
        tell(fd >= 0 && write(fd, "x", 1) == 1);
    } else if (IS("ptrace")) {
        tell(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0);
    } else if (IS("files-of-parent")) {
        open_files_of_parent();
    } else if (IS("limits-of-parent")) {
        change_limits_of_parent();
    } else if (IS("inherited")) {
        write_on_inherited();
    } else if (IS("namespace")) {
        make_namespace();
    } else if (IS("connect")) {
        connect_to(atoi(arguments[2]));
    } else if (IS("shared-memory")) {
        share_memory();
    } else if (IS("others")) {
        look_for_others();
    } else if (IS("signal-parent")) {
        pid_t parent = getppid();
        int sent = kill(parent, SIGTERM) == 0 || kill(parent, SIGKILL) == 0 || kill(parent, SIGSTOP) == 0;
        usleep(50000);
        if (!sent || getppid() == parent) errno = EPERM;
        tell(getppid() != parent);
    } else if (IS("daemon")) {
        daemon_and(0);
    } else if (IS("daemon-and-wait")) {
        daemon_and(1);
    } else if (IS("fork-bomb")) {
        bomb(0);
    } else if (IS("thread-bomb")) {
        bomb(1);
    }
    return 0;
}
