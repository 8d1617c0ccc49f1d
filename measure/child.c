// child.c: the program's side of the fork: everything that must be set between fork and exec.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "confine.h"
#include "launch.h"
#include "user.h"

static void close_other_files_on_exec(void) {
    DIR* open_files = opendir("/proc/self/fd");
    if (open_files == NULL) return;
    for (struct dirent* entry; (entry = readdir(open_files)) != NULL;) {
        int fd = atoi(entry->d_name);
        if (fd > STDERR_FILENO) fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    closedir(open_files);
}

// When memory runs out the kernel shall end the program rather than whoever started it. It may refuse: then it chooses.
static void be_the_first_to_go(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    while (write(fd, "1000", 4) < 0 && errno == EINTR) continue;
    close(fd);
}

// A value over the hard limit that we have inherited becomes that limit: nobody may have more.
static void set_limit(int resource, uint64_t soft, uint64_t hard) {
    struct rlimit inherited;
    if (soft == NO_LIMIT || getrlimit(resource, &inherited) != 0) return;
    if (hard > inherited.rlim_max) hard = inherited.rlim_max;
    if (soft > hard) soft = hard;
    setrlimit(resource, &(struct rlimit){.rlim_cur = soft, .rlim_max = hard});
}

// A caller may have left signals ignored or blocked, which exec keeps.
static void restore_signals(void) {
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void set_limits(const struct options* options) {
    set_limit(RLIMIT_CORE, 0, 0);
    set_limit(RLIMIT_NOFILE, options->files, options->files);
    set_limit(RLIMIT_FSIZE, options->file_bytes, options->file_bytes);
    set_limit(RLIMIT_NPROC, options->user_tasks, options->user_tasks);
    if (isfinite(options->cpu_s)) {
        uint64_t cpu_s = (uint64_t)ceil(options->cpu_s);
        set_limit(RLIMIT_CPU, cpu_s, cpu_s + 1);  // SIGXCPU, and SIGKILL a second later for who ignores that
    }
    if (options->memory_bytes != NO_LIMIT) {
        // An address space too small for the program makes the kernel end it half-way through exec by SIGSEGV, which
        // looks like a crash of its own. A traced child stops once when its exec has succeeded; that tells the two
        // apart.
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        set_limit(RLIMIT_AS, options->memory_bytes, options->memory_bytes);
    }
}

static void die_with(pid_t launcher) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launcher) _exit(EXIT_OWN_FAILURE);  // it ended before the call above
}

// Returns only when that is impossible, with errno.
static void give_up_rights_and_execute(const struct options* options, pid_t launcher) {
    if (options->user != 0) {
        if (!become_user(options->user)) return;
        die_with(launcher);
    }
    set_limits(options);  // late: little can be allocated under a small address space
    const struct fence* fence = &options->fence;
    if (fence->see_count + fence->write_count > 0 && !fence_this_process(fence)) return;
    if (options->confine && !confine_this_process()) return;
    execvp(options->command[0], options->command);
}

void become_program(const struct options* options, pid_t launcher, int in_fd, int out_fd, int err_fd,
                    int start_failure_fd) {
    die_with(launcher);
    setsid();
    restore_signals();
    dup2(in_fd, STDIN_FILENO);
    dup2(out_fd, STDOUT_FILENO);
    dup2(err_fd, STDERR_FILENO);
    unguard_this_process();
    if (options->confine || options->user != 0) be_the_first_to_go();
    close_other_files_on_exec();
    if (options->kept_fd >= 0) fcntl(options->kept_fd, F_SETFD, 0);
    give_up_rights_and_execute(options, launcher);
    int why = errno;
    while (write(start_failure_fd, &why, sizeof why) < 0 && errno == EINTR) continue;
    _exit(EXIT_NOT_STARTED);
}
