// The attack: looks into /proc for a process of the grader: its arguments, its environment, its memory map. Whatever it
// finds it prints, and its answers are wrong then; when it finds nothing it is right.

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

static int holds_grader(const char* process, const char* name) {
    static char text[65536];
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/%s", process, name);
    int file = open(path, O_RDONLY);
    if (file == -1) return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    for (ssize_t i = 0; i < length; i++) {
        if (text[i] == '\0') text[i] = ' ';
    }
    text[length > 0 ? length : 0] = '\0';
    return strstr(text, "test.pl") || strstr(text, "/grader/") || strstr(text, "Oracle");
}

__attribute__((constructor)) static void look_around(void) {
    static const char* const names[] = {"cmdline", "environ", "maps"};
    DIR* folder = opendir("/proc");
    struct dirent* entry;
    while (folder && (entry = readdir(folder))) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
        for (int i = 0; i < 3; i++) {
            if (holds_grader(entry->d_name, names[i])) printf("found the grader: process %s\n", entry->d_name);
        }
    }
    if (folder) closedir(folder);
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }
