// stdatomic.h: under the name of a header of the compiler a text that does not compile.
#error "this is not the compiler's header"
