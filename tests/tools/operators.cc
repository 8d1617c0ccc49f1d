// operators.cc: new and delete in all forms, for LD_PRELOAD=lib/libpar.so. REPLACED: the program has its own plain new
// and delete, which the other forms must then call.
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

struct alignas(256) Aligned {
    char bytes[256];
};

static int handler_calls;
static void give_up_at_third_call() {
    if (++handler_calls == 3) std::set_new_handler(nullptr);
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
#else
    Dl_info info;
    void* (*plain)(std::size_t) = ::operator new;
    expect(dladdr(reinterpret_cast<void*>(plain), &info) != 0, "dladdr fails");
    std::printf("new is in %s\n", info.dli_fname);
    expect(throws(too_much), "new does not throw where there is no memory");
    expect(::operator new(too_much, std::nothrow) == nullptr, "new (nothrow) does not return NULL");
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
