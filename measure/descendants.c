// descendants.c: walks the tree of processes below this one, breadth first, without recursion: a hostile program may
// build a tree of any depth.

#include "descendants.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

// A process's children are listed thread by thread. Result: how many threads it has.
static size_t see_children_of_all_threads(pid_t pid, void (*visit)(pid_t pid)) {
    size_t threads = 0;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR* tasks = opendir(path);
    if (tasks == NULL) return 0;  // the process has ended since
    for (struct dirent* task; (task = readdir(tasks)) != NULL;) {
        if (task->d_name[0] == '.') continue;
        threads++;
        see_children(pid, task->d_name, visit);
    }
    closedir(tasks);
    return threads;
}

static size_t walk(void (*visit)(pid_t pid), size_t* threads) {
    seen_count = 0;
    *threads = 0;
    see_children_of_all_threads(getpid(), visit);
    for (size_t next = 0; next < seen_count; next++) *threads += see_children_of_all_threads(seen[next], visit);
    return seen_count;
}

size_t descendants_visit(void (*visit)(pid_t pid)) {
    size_t threads;
    return walk(visit, &threads);
}

static void leave_alone(pid_t pid) { (void)pid; }

size_t descendants_count(size_t* threads) { return walk(leave_alone, threads); }

static void add_activity(pid_t pid, struct activity* activity) {
    char path[320];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR* tasks = opendir(path);
    if (tasks == NULL) return;
    for (struct dirent* task; (task = readdir(tasks)) != NULL;) {
        if (task->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/stat", (int)pid, task->d_name);
        FILE* stat = fopen(path, "re");
        if (stat == NULL) continue;
        char line[1024] = "";
        const char* name_end = fgets(line, sizeof line, stat) == NULL ? NULL : strrchr(line, ')');
        fclose(stat);
        char state;
        unsigned long user;
        unsigned long system;
        const char* fields = ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu";
        if (name_end == NULL || sscanf(name_end, fields, &state, &user, &system) != 3) continue;
        if (state == 'R' || state == 'D') activity->somebody_runs = true;
        activity->ticks += user + system;
    }
    closedir(tasks);
}

struct activity descendants_activity(void) {
    struct activity activity = {0};
    size_t threads;
    size_t found = walk(leave_alone, &threads);
    for (size_t i = 0; i < found; i++) add_activity(seen[i], &activity);
    if (found == 0) activity.somebody_runs = true;
    return activity;
}

static void kill_one(pid_t pid) { kill(pid, SIGKILL); }

void descendants_kill(void) { descendants_visit(kill_one); }
