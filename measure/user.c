// user.c: see user.h.

#include "user.h"

#include <grp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

bool become_user(uid_t user) {
    return setgroups(0, NULL) == 0 && setresgid(user, user, user) == 0 && setresuid(user, user, user) == 0;
}

// kill(-1) reaches at once all whom the caller may signal, so no process can fork away from it; but the caller must be
// allowed to signal this user only. Being that user would let its processes kill the killer first. So the killer is a
// third one, which only acts as that user: whom one may signal is decided by either of one's users, by whom one may be
// signalled only by the real and the saved one.
void kill_processes_of(uid_t user) {
    pid_t pid = fork();
    if (pid == 0) {
        uid_t nobody_else = user + 1;
        if (setresuid(nobody_else, user, nobody_else) == 0) kill(-1, SIGKILL);
        _exit(0);
    }
    if (pid > 0) waitpid(pid, NULL, 0);
}
