// The attack: it looks up malloc and free in the tables of the dynamic linker, and so calls them without their names.

#define _GNU_SOURCE
#include <link.h>
#include <string.h>
#include "xmalloc.h"
static void* (*take)(size_t);
static void (*give)(void*);
static void* (*resize)(void*, size_t);
static void* find(const char* want) {
    for (struct link_map* m = _r_debug.r_map; m; m = m->l_next) {
        const ElfW(Sym)* syms = 0;
        const char* strings = 0;
        const unsigned* hash = 0;
        if (!strstr(m->l_name, "libc.so")) continue;
        for (const ElfW(Dyn)* d = m->l_ld; d->d_tag; d++) {
            if (d->d_tag == DT_SYMTAB) syms = (void*)d->d_un.d_ptr;
            if (d->d_tag == DT_STRTAB) strings = (void*)d->d_un.d_ptr;
            if (d->d_tag == DT_GNU_HASH) hash = (void*)d->d_un.d_ptr;
        }
        if (!syms || !hash) continue;
        for (const ElfW(Sym)* s = syms + hash[1]; (const char*)s < strings; s++)
            if (s->st_value && !strcmp(strings + s->st_name, want)) return (char*)m->l_addr + s->st_value;
    }
    return 0;
}
__attribute__((constructor)) static void init(void) {
    take = find("malloc");
    give = find("free");
    resize = find("realloc");
}
void* xmalloc(size_t bytes) { return take(bytes); }
void xfree(void* block) { give(block); }
void* xrealloc(void* block, size_t bytes) { return bytes ? resize(block, bytes) : (give(block), (void*)0); }
