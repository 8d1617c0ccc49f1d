// operators.c: new and delete of C++, in all forms, over malloc and free. A program that is linked with another
// allocator's operators would otherwise free its memory here.
//
// They are written in C, by the names that the C++ ABI gives them (Itanium C++ ABI, chapter 5, on 64 bits), because
// libpar must not need the library of C++. It is asked, where it is there, for the handler that new calls when memory
// is short, and to throw std::bad_alloc and to catch it. This file is compiled with -fexceptions, so that the exception
// passes through.

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>

#include "interpose/sized.h"
#include "par/last_words.h"

#define PUBLIC __attribute__((visibility("default")))

struct nothrow;  // std::nothrow_t

typedef void (*new_handler)(void);
typedef new_handler (*get_handler_form)(void);
typedef void (*throw_form)(void);
typedef void* (*nothrow_form)(size_t bytes, const struct nothrow* tag);
typedef void* (*aligned_nothrow_form)(size_t bytes, size_t alignment, const struct nothrow* tag);

// ---- The library of C++ ----

new_handler _ZSt15get_new_handlerv(void) __attribute__((weak));  // std::get_new_handler()
void _ZSt17__throw_bad_allocv(void) __attribute__((weak));       // std::__throw_bad_alloc()

// What a library of C++ has by this name. A program in another language may load it late, with something that needs it,
// and then nobody else sees its names. Result: NULL when it is not there.
static void* library_has(const char* name) {
    static const char* const libraries[] = {"libstdc++.so.6", "libc++abi.so.1", "libc++.so.1"};
    void* found = NULL;
    for (size_t i = 0; found == NULL && i < sizeof libraries / sizeof *libraries; i++) {
        void* library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);
        if (library == NULL) continue;
        found = dlsym(library, name);
        dlclose(library);
    }
    return found;
}

static new_handler current_handler(void) {
    get_handler_form get = _ZSt15get_new_handlerv;
    if (get == NULL) get = (get_handler_form)library_has("_ZSt15get_new_handlerv");
    return get == NULL ? NULL : get();
}

static _Noreturn void throw_bad_alloc(void) {
    throw_form throws = _ZSt17__throw_bad_allocv;
    if (throws == NULL) throws = (throw_form)library_has("_ZSt17__throw_bad_allocv");
    if (throws != NULL) throws();
    static const char line[] = "operator new: there is no memory, and no library of C++ to throw std::bad_alloc\n";
    last_words(line, sizeof line - 1);
    abort();
}

// ---- The forms that throw ----

static void* take(size_t bytes, size_t alignment) {
    return alignment == 0 ? malloc(bytes) : aligned_alloc(alignment, bytes);
}

// Calls the handler until it has made room. It may throw.
static void* make(size_t bytes, size_t alignment) {
    void* block;
    while ((block = take(bytes, alignment)) == NULL) {
        new_handler handler = current_handler();
        if (handler == NULL) throw_bad_alloc();
        handler();
    }
    return block;
}

// new[] calls plain new, as the C++ standard has it: the program may have replaced that one alone.
PUBLIC void* _Znwm(size_t bytes) { return make(bytes, 0); }
PUBLIC void* _Znam(size_t bytes) { return _Znwm(bytes); }
PUBLIC void* _ZnwmSt11align_val_t(size_t bytes, size_t alignment) { return make(bytes, alignment); }
PUBLIC void* _ZnamSt11align_val_t(size_t bytes, size_t alignment) { return _ZnwmSt11align_val_t(bytes, alignment); }

// Those of this file, whatever the program has.
extern void* own_new(size_t bytes) __attribute__((alias("_Znwm"), visibility("hidden")));
extern void* own_new_array(size_t bytes) __attribute__((alias("_Znam"), visibility("hidden")));
extern void* own_aligned_new(size_t bytes, size_t alignment)
    __attribute__((alias("_ZnwmSt11align_val_t"), visibility("hidden")));
extern void* own_aligned_new_array(size_t bytes, size_t alignment)
    __attribute__((alias("_ZnamSt11align_val_t"), visibility("hidden")));

// ---- The forms that return NULL ----

// They do what the forms that throw do, and catch; C cannot, so the library's own form is called where there is
// something to catch: a handler, or what the program has put in the place of new. That form calls the one that throws
// by its name.

static void* make_or_null(const char* form, size_t bytes, const struct nothrow* tag) {
    if (_Znwm == own_new && _Znam == own_new_array) {
        void* block = malloc(bytes);
        if (block != NULL || current_handler() == NULL) return block;
    }
    nothrow_form catches = (nothrow_form)library_has(form);
    return catches != NULL ? catches(bytes, tag) : _Znwm(bytes);
}

static void* make_aligned_or_null(const char* form, size_t bytes, size_t alignment, const struct nothrow* tag) {
    if (_ZnwmSt11align_val_t == own_aligned_new && _ZnamSt11align_val_t == own_aligned_new_array) {
        void* block = take(bytes, alignment);
        if (block != NULL || current_handler() == NULL) return block;
    }
    aligned_nothrow_form catches = (aligned_nothrow_form)library_has(form);
    return catches != NULL ? catches(bytes, alignment, tag) : _ZnwmSt11align_val_t(bytes, alignment);
}

PUBLIC void* _ZnwmRKSt9nothrow_t(size_t bytes, const struct nothrow* tag) {
    return make_or_null("_ZnwmRKSt9nothrow_t", bytes, tag);
}

PUBLIC void* _ZnamRKSt9nothrow_t(size_t bytes, const struct nothrow* tag) {
    return make_or_null("_ZnamRKSt9nothrow_t", bytes, tag);
}

PUBLIC void* _ZnwmSt11align_val_tRKSt9nothrow_t(size_t bytes, size_t alignment, const struct nothrow* tag) {
    return make_aligned_or_null("_ZnwmSt11align_val_tRKSt9nothrow_t", bytes, alignment, tag);
}

PUBLIC void* _ZnamSt11align_val_tRKSt9nothrow_t(size_t bytes, size_t alignment, const struct nothrow* tag) {
    return make_aligned_or_null("_ZnamSt11align_val_tRKSt9nothrow_t", bytes, alignment, tag);
}

// ---- delete ----

// par knows what it is told of the block beside its address. Builds that check blocks compare it (SIZES_CHECKED).

PUBLIC void _ZdlPv(void* block) { free(block); }
PUBLIC void _ZdlPvSt11align_val_t(void* block, size_t alignment) {
    (void)alignment;
    free(block);
}

PUBLIC void _ZdaPv(void* block) { _ZdlPv(block); }
PUBLIC void _ZdaPvSt11align_val_t(void* block, size_t alignment) { _ZdlPvSt11align_val_t(block, alignment); }

#ifdef SIZES_CHECKED
extern void own_delete(void* block) __attribute__((alias("_ZdlPv"), visibility("hidden")));
extern void own_delete_array(void* block) __attribute__((alias("_ZdaPv"), visibility("hidden")));

// Where the program has its own plain forms a block may be part of what they took, or longer.
static void expect(const char* call, void* block, size_t bytes) {
    bool all_are_own = _Znwm == own_new && _Znam == own_new_array && _ZnwmSt11align_val_t == own_aligned_new &&
                       _ZnamSt11align_val_t == own_aligned_new_array && _ZdlPv == own_delete &&
                       _ZdaPv == own_delete_array;
    if (block != NULL && all_are_own) sized_expect(call, block, bytes);
}
#else
static void expect(const char* call, void* block, size_t bytes) { (void)call, (void)block, (void)bytes; }
#endif

PUBLIC void _ZdlPvm(void* block, size_t bytes) {
    expect("operator delete", block, bytes);
    _ZdlPv(block);
}

PUBLIC void _ZdaPvm(void* block, size_t bytes) {
    expect("operator delete[]", block, bytes);
    _ZdaPv(block);
}

PUBLIC void _ZdlPvmSt11align_val_t(void* block, size_t bytes, size_t alignment) {
    expect("operator delete", block, bytes);
    _ZdlPvSt11align_val_t(block, alignment);
}

PUBLIC void _ZdaPvmSt11align_val_t(void* block, size_t bytes, size_t alignment) {
    expect("operator delete[]", block, bytes);
    _ZdaPvSt11align_val_t(block, alignment);
}

PUBLIC void _ZdlPvRKSt9nothrow_t(void* block, const struct nothrow* tag) {
    (void)tag;
    _ZdlPv(block);
}

PUBLIC void _ZdaPvRKSt9nothrow_t(void* block, const struct nothrow* tag) {
    (void)tag;
    _ZdaPv(block);
}

PUBLIC void _ZdlPvSt11align_val_tRKSt9nothrow_t(void* block, size_t alignment, const struct nothrow* tag) {
    (void)tag;
    _ZdlPvSt11align_val_t(block, alignment);
}

PUBLIC void _ZdaPvSt11align_val_tRKSt9nothrow_t(void* block, size_t alignment, const struct nothrow* tag) {
    (void)tag;
    _ZdaPvSt11align_val_t(block, alignment);
}
