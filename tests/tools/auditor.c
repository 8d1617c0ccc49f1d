// auditor.c: a library that watches the dynamic linker (rtld-audit(7), LD_AUDIT). With one the memory of the first
// thread's variables is laid out before libraries are preloaded, as it is for those that dlopen(3) loads.

#include <link.h>
#include <stdlib.h>

__attribute__((visibility("default"))) unsigned la_version(unsigned version) {
    free(malloc(100));
    return version;
}
