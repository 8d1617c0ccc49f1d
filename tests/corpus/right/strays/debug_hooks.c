// debug_hooks.c: what our test builds do at each call.

#include <stdio.h>
#include <stdlib.h>

void trace(const char* what) { puts(what); }
void list_check(void) { abort(); }
