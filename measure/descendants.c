// descendants.c: walks the tree of processes below this one, breadth first, without recursion: a hostile program may
// build a tree of any depth.

#include "descendants.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_SEEN = 4096 };

static pid_t seen[MOST_SEEN];
static size_t seen_count;

static void see_children(pid_t pid, const char* task, void (*visit)(pid_t pid)) {
    char path[320];
    snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)pid, task);
    FILE* children = fopen(path, "re");
    if (children == NULL) return;  // the thread has ended since
    int child;
    while (seen_count < MOST_SEEN && fscanf(children, "%d", &child) == 1) {
        seen[seen_count++] = child;
        visit(child);
    }
    fclose(children);
}

// A process's children are listed thread by thread.
static void see_children_of_all_threads(pid_t pid, void (*visit)(pid_t pid)) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR* tasks = opendir(path);
    if (tasks == NULL) return;  // the process has ended since
    for (struct dirent* task; (task = readdir(tasks)) != NULL;) {
        if (task->d_name[0] != '.') see_children(pid, task->d_name, visit);
    }
    closedir(tasks);
}

size_t descendants_visit(void (*visit)(pid_t pid)) {
    seen_count = 0;
    see_children_of_all_threads(getpid(), visit);
    for (size_t next = 0; next < seen_count; next++) see_children_of_all_threads(seen[next], visit);
    return seen_count;
}

static void leave_alone(pid_t pid) { (void)pid; }

size_t descendants_count(void) { return descendants_visit(leave_alone); }

static void kill_one(pid_t pid) { kill(pid, SIGKILL); }

void descendants_kill(void) { descendants_visit(kill_one); }
