// environment.h: what the environment says, for constructors.
//
// In a library that is preloaded and set up before all others, a constructor runs before the C library has the
// environment: getenv finds nothing there. glibc hands it to constructors as their third argument; other C libraries
// hand over nothing, and set themselves up first.

#ifndef PROGRAMS_ENVIRONMENT_H
#define PROGRAMS_ENVIRONMENT_H

#include <stdlib.h>
#include <string.h>

// environment: the constructor's third argument. Result: the value, or NULL when there is none.
static inline const char* environment_variable(char** environment, const char* name) {
#ifdef __GLIBC__
    size_t length = strlen(name);
    for (; environment != NULL && *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return *environment + length + 1;
    }
    return NULL;
#else
    (void)environment;
    return getenv(name);
#endif
}

#endif
