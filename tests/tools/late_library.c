// late_library.c: loads a library late, so that nobody else sees its names, nor those of what it needs, and calls its
// check(). late_library LIBRARY
//
// Ends with the status that check() returns, or with 2 when it cannot be called.

#include <dlfcn.h>
#include <stdio.h>

int main(int count, char** arguments) {
    void* library = count == 2 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    int (*check)(void) = library == NULL ? NULL : (int (*)(void))dlsym(library, "check");
    if (check == NULL) {
        puts(count == 2 ? dlerror() : "usage: late_library LIBRARY");
        return 2;
    }
    return check();
}
