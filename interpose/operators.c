// operators.c: new and delete of C++, in all forms, over malloc and free. A program that is linked with another
// allocator's operators would otherwise free its memory here.
//
// They are written in C, by the names that the C++ ABI gives them (Itanium C++ ABI, chapter 5, on 64 bits), because
// libpar must not need the library of C++. It is asked, where it is there, for the handler that new calls when memory
// is short, and to throw std::bad_alloc. This file is compiled with -fexceptions, so that the exception passes through.

#include <stdlib.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

struct nothrow;  // std::nothrow_t

typedef void (*new_handler)(void);

new_handler _ZSt15get_new_handlerv(void) __attribute__((weak));       // std::get_new_handler()
_Noreturn void _ZSt17__throw_bad_allocv(void) __attribute__((weak));  // std::__throw_bad_alloc()

static void* take(size_t bytes, size_t alignment) {
    return alignment == 0 ? malloc(bytes) : aligned_alloc(alignment, bytes);
}

// Calls the handler until it has made room. Result: NULL when there is none.
static void* take_by_handler(size_t bytes, size_t alignment) {
    void* block = NULL;
    while (block == NULL && _ZSt15get_new_handlerv != NULL) {
        new_handler handler = _ZSt15get_new_handlerv();
        if (handler == NULL) return NULL;
        handler();  // may throw
        block = take(bytes, alignment);
    }
    return block;
}

static void* make(size_t bytes, size_t alignment) {
    void* block = take(bytes, alignment);
    if (block == NULL) block = take_by_handler(bytes, alignment);
    if (block != NULL) return block;
    if (_ZSt17__throw_bad_allocv != NULL) _ZSt17__throw_bad_allocv();
    static const char line[] = "operator new: there is no memory, and no library of C++ to throw std::bad_alloc\n";
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0) abort();
    abort();
}

// new[], and the forms that return NULL, call plain new, as the C++ standard has it: the program may have replaced that
// one alone. What it throws then passes through the forms that should return NULL, since C cannot catch.
PUBLIC void* _Znwm(size_t bytes) { return make(bytes, 0); }
PUBLIC void* _Znam(size_t bytes) { return _Znwm(bytes); }
PUBLIC void* _ZnwmSt11align_val_t(size_t bytes, size_t alignment) { return make(bytes, alignment); }
PUBLIC void* _ZnamSt11align_val_t(size_t bytes, size_t alignment) { return _ZnwmSt11align_val_t(bytes, alignment); }

// The two of this file, whatever the program has.
extern void* own_new(size_t bytes) __attribute__((alias("_Znwm"), visibility("hidden")));
extern void* own_aligned_new(size_t bytes, size_t alignment)
    __attribute__((alias("_ZnwmSt11align_val_t"), visibility("hidden")));

static void* make_or_null(size_t bytes) {
    if (_Znwm != own_new) return _Znwm(bytes);
    void* block = malloc(bytes);
    return block != NULL ? block : take_by_handler(bytes, 0);
}

static void* make_aligned_or_null(size_t bytes, size_t alignment) {
    if (_ZnwmSt11align_val_t != own_aligned_new) return _ZnwmSt11align_val_t(bytes, alignment);
    void* block = take(bytes, alignment);
    return block != NULL ? block : take_by_handler(bytes, alignment);
}

PUBLIC void* _ZnwmRKSt9nothrow_t(size_t bytes, const struct nothrow* tag) {
    (void)tag;
    return make_or_null(bytes);
}

PUBLIC void* _ZnamRKSt9nothrow_t(size_t bytes, const struct nothrow* tag) {
    (void)tag;
    return make_or_null(bytes);
}

PUBLIC void* _ZnwmSt11align_val_tRKSt9nothrow_t(size_t bytes, size_t alignment, const struct nothrow* tag) {
    (void)tag;
    return make_aligned_or_null(bytes, alignment);
}

PUBLIC void* _ZnamSt11align_val_tRKSt9nothrow_t(size_t bytes, size_t alignment, const struct nothrow* tag) {
    (void)tag;
    return make_aligned_or_null(bytes, alignment);
}

// delete: par knows what it is told of the block beside its address.
PUBLIC void _ZdlPv(void* block) { free(block); }
PUBLIC void _ZdlPvSt11align_val_t(void* block, size_t alignment) {
    (void)alignment;
    free(block);
}

PUBLIC void _ZdaPv(void* block) { _ZdlPv(block); }

PUBLIC void _ZdlPvm(void* block, size_t bytes) {
    (void)bytes;
    _ZdlPv(block);
}

PUBLIC void _ZdaPvm(void* block, size_t bytes) {
    (void)bytes;
    _ZdaPv(block);
}

PUBLIC void _ZdaPvSt11align_val_t(void* block, size_t alignment) { _ZdlPvSt11align_val_t(block, alignment); }

PUBLIC void _ZdlPvmSt11align_val_t(void* block, size_t bytes, size_t alignment) {
    (void)bytes;
    _ZdlPvSt11align_val_t(block, alignment);
}

PUBLIC void _ZdaPvmSt11align_val_t(void* block, size_t bytes, size_t alignment) {
    (void)bytes;
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
