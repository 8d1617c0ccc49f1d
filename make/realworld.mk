# What `make realworld` needs beside lib/libpar.so: a libpar that counts its calls (realworld/count.c says why).

counted := $(BUILD)/realworld/libpar-counted.so
family := malloc free calloc realloc reallocarray memalign aligned_alloc posix_memalign valloc pvalloc
$(counted): $(patsubst %.c,$(BUILD)/pic/%.o,realworld/count.c interpose/libpar.c $(wildcard par/*.c))
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) $(foreach call,$(family),--redefine-sym $(call)=par_$(call)) $(BUILD)/pic/interpose/libpar.o $(@D)/renamed.o
	$(Q)$(CC) -shared $(CFLAGS) $(LDFLAGS) -Wl,-z,initfirst -o $@ $(@D)/renamed.o $(filter-out %/interpose/libpar.o,$^)
$(BUILD)/pic/realworld/count.o: override CFLAGS += -fno-builtin

# The allocators of the race, as NAME=LIBRARY; "sys" is the C library in front of an allocator that a program may bring along.
library_of = $(shell readlink -f "$$($(CC) -print-file-name=$(1))")
realworld_allocators = sys=$(call library_of,libc.so.6) libpar=$(abspath $(libpar)) jemalloc=$(call library_of,libjemalloc.so) \
    tcmalloc=$(call library_of,libtcmalloc_minimal.so) mimalloc=$(call library_of,libmimalloc.so)
