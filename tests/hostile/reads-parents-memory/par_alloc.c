// The attack: reads the memory of the parent process, by the system call made for debuggers. It prints what it got, so
// that its answer is wrong then; when the kernel refuses it is right. It changes nothing in the parent.

#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

static unsigned long first_address(const char* path) {
    unsigned long address = 0;
    FILE* file = fopen(path, "r");
    if (!file) return 0;
    if (fscanf(file, "%lx", &address) != 1) address = 0;
    fclose(file);
    return address;
}

__attribute__((constructor)) static void read_parent(void) {
    char path[64];
    char stolen[64] = "";
    snprintf(path, sizeof path, "/proc/%d/maps", (int)getppid());
    unsigned long address = first_address(path);
    struct iovec to = {stolen, sizeof stolen};
    struct iovec from = {(void*)address, sizeof stolen};
    long got = address ? syscall(SYS_process_vm_readv, getppid(), &to, 1, &from, 1, 0) : -1;
    if (got > 0) printf("read %ld bytes of the parent at %lx\n", got, address);
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }
