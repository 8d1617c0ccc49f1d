// operators.cc: new and delete in all forms, for LD_PRELOAD=lib/libpar.so. REPLACED: the program has its own plain new
// and delete, which the other forms must then call; REPLACED_ARRAY: its own new[] and delete[]. AS_PLUGIN: a library
// that late_library.c loads.
//
// Ends with status 0, or with 1 after a line for each promise that is broken.

#include <dlfcn.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>

static int broken;
static volatile int own_calls;  // volatile: a compiler may take it that new and delete change nothing (gcc 15)

static void expect(bool condition, const char* what) {
    if (condition) return;
    broken++;
    std::puts(what);
}

#ifdef REPLACED
void* operator new(std::size_t bytes) {
    own_calls = own_calls + 1;
    void* block = std::malloc(bytes + 64);
    return static_cast<char*>(block) + 64;
}
void operator delete(void* block) noexcept {
    own_calls = own_calls + 1;
    if (block != nullptr) std::free(static_cast<char*>(block) - 64);
}
#endif
#ifdef REPLACED_ARRAY
void* operator new[](std::size_t bytes) {
    own_calls = own_calls + 1;
    if (bytes > 1000) throw std::bad_alloc();
    return static_cast<char*>(std::malloc(bytes + 64)) + 64;
}
void operator delete[](void* block) noexcept {
    own_calls = own_calls + 1;
    if (block != nullptr) std::free(static_cast<char*>(block) - 64);
}
#endif

struct alignas(256) Aligned {
    char bytes[256];
};

static int handler_calls;
static void give_up_at_third_call() {
    if (++handler_calls == 3) std::set_new_handler(nullptr);
}

static void throw_at_third_call() {
    if (++handler_calls % 3 == 0) throw std::bad_alloc();
}

// Sizes that the compiler does not know.
static std::size_t unknown(std::size_t number) {
    volatile std::size_t hidden = number;
    return hidden;
}

static bool throws(std::size_t bytes) {
    try {
        void* volatile block = ::operator new(bytes);  // volatile: a compiler may leave both calls out
        ::operator delete(block);
        return false;
    } catch (const std::bad_alloc&) {
        return true;
    }
}

// The forms that return NULL must also do so when a handler throws, as most handlers do.
static void expect_null(std::size_t too_much) {
    const std::align_val_t alignment{256};
    handler_calls = 0;
    expect(::operator new(too_much, std::nothrow) == nullptr, "new (nothrow) does not return NULL");
    expect(::operator new[](too_much, std::nothrow) == nullptr, "new[] (nothrow) does not return NULL");
    expect(::operator new(too_much, alignment, std::nothrow) == nullptr, "aligned new (nothrow) does not return NULL");
    expect(::operator new[](too_much, alignment, std::nothrow) == nullptr,
           "aligned new[] (nothrow) does not return NULL");
}

#ifdef AS_PLUGIN
extern "C" int check() {
    const std::size_t too_much = unknown(std::size_t{1} << 61);
    expect(throws(too_much), "new does not throw where there is no memory");
    expect_null(too_much);
    std::set_new_handler(throw_at_third_call);
    expect_null(too_much);
    expect(handler_calls == 12, "the handler is not called by each form until it throws");
    std::set_new_handler(give_up_at_third_call);
    handler_calls = 0;
    expect(throws(too_much) && handler_calls == 3, "the handler is not called until there is none");
    return broken > 0;
}
#else
int main() {
    const std::size_t too_much = unknown(std::size_t{1} << 61);
#ifdef REPLACED
    char* volatile block = new char[unknown(10)];
    delete[] block;
    expect(own_calls == 2, "new[] and delete[] do not call the program's own new and delete");
    own_calls = 0;
    block = new (std::nothrow) char[unknown(10)];
    delete[] block;
    expect(own_calls == 2, "new (nothrow) does not call the program's own new");
    (void)too_much;
#elif defined(REPLACED_ARRAY)
    char* volatile block = new (std::nothrow) char[unknown(10)];
    delete[] block;
    expect(own_calls == 2, "new[] (nothrow) does not call the program's own new[]");
    expect(::operator new[](too_much, std::nothrow) == nullptr,
           "new[] (nothrow) does not catch what the program throws");
#else
    Dl_info info;
    void* (*plain)(std::size_t) = ::operator new;
    expect(dladdr(reinterpret_cast<void*>(plain), &info) != 0, "dladdr fails");
    std::printf("new is in %s\n", info.dli_fname);
    expect(throws(too_much), "new does not throw where there is no memory");
    expect_null(too_much);
    std::set_new_handler(throw_at_third_call);
    expect_null(too_much);
    expect(handler_calls == 12, "the handler is not called by each form until it throws");
    handler_calls = 0;
    std::set_new_handler(give_up_at_third_call);
    expect(throws(too_much) && handler_calls == 3, "the handler is not called until there is none");
    Aligned* many = new Aligned[unknown(10)];
    expect(reinterpret_cast<std::uintptr_t>(many) % 256 == 0, "new of an aligned type is not aligned");
    delete[] many;
    delete new (std::nothrow) Aligned;
    delete new int;
    delete[] new int[unknown(5)];
#endif
    return broken > 0;
}
#endif
