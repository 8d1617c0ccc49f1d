// sized.cc: blocks that are freed with their size beside them, for LD_PRELOAD=lib/libpar.so and its builds.
//
//     sized WAY     a right one, or wrong by its name. Prints the block that is freed with a wrong size.
//
// It ends with status 0, unless somebody ends it; or with 2, where a call of C23 is not there.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

extern "C" void free_sized(void*, std::size_t) __attribute__((weak));
extern "C" void free_aligned_sized(void*, std::size_t, std::size_t) __attribute__((weak));

struct Base {
    long first;
};
struct Derived : Base {
    long more[9];
};
struct alignas(64) Aligned {
    char bytes[64];
};

#ifdef OWN_NEW
// Has something in front of each block, and has no sized forms.
void* operator new(std::size_t bytes) { return static_cast<char*>(std::malloc(bytes + 64)) + 64; }
void operator delete(void* block) noexcept {
    if (block != nullptr) std::free(static_cast<char*>(block) - 64);
}
#endif
#ifdef LONGER_NEW
// Takes more than it is asked for.
void* operator new(std::size_t bytes) { return std::malloc(bytes + 64); }
#endif

static void* shown(void* block) {
    std::printf("%p\n", block);
    std::fflush(stdout);
    return block;
}

static void right() {
    for (std::size_t bytes : {0UL, 1UL, 8UL, 16UL, 100UL, 4096UL, 5000UL, 70000UL, 300000UL, 5000000UL}) {
        ::operator delete(::operator new(bytes), bytes);
        ::operator delete[](::operator new[](bytes), bytes);
        ::operator delete (::operator new (bytes, std::align_val_t{128}), bytes, std::align_val_t{128});
        ::operator delete[](::operator new[](bytes, std::align_val_t{4096}), bytes, std::align_val_t{4096});
        free_sized(std::malloc(bytes), bytes);
        free_sized(std::calloc(1, bytes), bytes);
        if (bytes > 0) free_sized(std::realloc(std::malloc(bytes * 2), bytes), bytes);
        if (bytes > 0) free_sized(std::realloc(std::malloc(bytes / 2), bytes), bytes);
        free_aligned_sized(std::aligned_alloc(256, bytes), 256, bytes);
    }
    delete new Derived;
    delete new Aligned;
    delete[] new std::string[7];
    std::vector<std::string> many;
    for (int i = 0; i < 1000; i++) many.push_back(std::string(static_cast<std::size_t>(i), 'x'));
    free_sized(nullptr, 5);
    free_aligned_sized(nullptr, 64, 5);
    ::operator delete(nullptr, 5);
}

int main(int, char** arguments) {
    const char* way = arguments[1];
    if (free_sized == nullptr || free_aligned_sized == nullptr) return 2;
    if (std::strcmp(way, "right") == 0) right();
    if (std::strcmp(way, "base") == 0) {
        Derived* derived = new Derived;
        shown(derived);
        delete static_cast<Base*>(derived);
    }
    if (std::strcmp(way, "plain") == 0) ::operator delete(shown(::operator new(40)), 24);
    if (std::strcmp(way, "array") == 0) ::operator delete[](shown(::operator new[](40)), 48);
    if (std::strcmp(way, "aligned") == 0) {
        ::operator delete (shown(::operator new (640, std::align_val_t{64})), 704, std::align_val_t{64});
    }
    if (std::strcmp(way, "pages") == 0) ::operator delete(shown(::operator new(70000)), 69999);
    if (std::strcmp(way, "large") == 0) ::operator delete(shown(::operator new(5000000)), 5000001);
    if (std::strcmp(way, "free_sized") == 0) free_sized(shown(std::malloc(100)), 101);
    if (std::strcmp(way, "free_aligned_sized") == 0) free_aligned_sized(shown(std::aligned_alloc(64, 128)), 64, 64);
}
