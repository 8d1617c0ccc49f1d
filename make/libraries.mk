# Shared libraries for programs that were linked without us: par as a malloc, and the recorder of traces.

$(BUILD)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -O2 -fPIC -DPAR_AS_LIBRARY -fvisibility=hidden -ftls-model=initial-exec -MMD -MP -c -o $@ $<
-include $(shell find $(BUILD)/pic -name '*.d' 2>/dev/null)

# par with the whole malloc family, for LD_PRELOAD and for racing the peers on equal terms. Its constructors run before those
# of all others (initfirst), so that its fork handlers are the first that are registered and take its locks after everybody
# else's have run.
libpar := $(LIB)/libpar.so
$(libpar): $(patsubst %.c,$(BUILD)/pic/%.o,interpose/libpar.c interpose/glibc.c interpose/operators.c interpose/sandbox.c $(wildcard par/*.c))
	@mkdir -p $(@D)
	$(Q)$(CC) -shared $(CFLAGS) $(LDFLAGS) -Wl,-z,initfirst -o $@ $^ -ldl

$(addprefix $(BUILD)/,$(addsuffix /interpose/operators.o,pic pic-hardened pic-checking)): override CFLAGS += -fexceptions

# Asks whichever malloc it runs with; the compiler must not know what malloc does.
$(O)/tests/tools/family $(O)/tests/tools/self_report $(O)/tests/tools/tight $(O)/tests/tools/preload_threads $(O)/tests/tools/gives_up $(O)/tests/tools/cancelled: %: %.o
	$(Q)$(CC) $(CFLAGS) $(flavour_cflags) $(LDFLAGS) -o $@ $^ -ldl
$(O)/tests/tools/family.o $(O)/tests/tools/self_report.o $(O)/tests/tools/tight.o $(O)/tests/tools/preload_threads.o $(O)/tests/tools/gives_up.o $(O)/tests/tools/cancelled.o: override CFLAGS += -fno-builtin

# The same with more checks, in objects of their own: see interpose/libpar_checking.c and interpose/libpar_hardened.c.
# $(1): the name of the build, $(2): its flags, $(3): its sources, $(4): flags for the linker
define checked_library
$(BUILD)/pic-$(1)/%.o: %.c make/libraries.mk
	@mkdir -p $$(@D)
	$(Q)$$(CC) $$(CPPFLAGS) $$(CFLAGS) $(2) -fPIC -DPAR_AS_LIBRARY -fvisibility=hidden -ftls-model=initial-exec -MMD -MP -c -o $$@ $$<
-include $(shell find $(BUILD)/pic-$(1) -name '*.d' 2>/dev/null)
$(LIB)/libpar-$(1).so: $(patsubst %.c,$(BUILD)/pic-$(1)/%.o,$(3) $(wildcard par/*.c))
	@mkdir -p $$(@D)
	$(Q)$$(CC) -shared $$(CFLAGS) $$(LDFLAGS) $(4) -Wl,-z,initfirst -o $$@ $$^ -ldl
endef
$(eval $(call checked_library,hardened,$$(hardened_CFLAGS) -DSIZES_CHECKED,interpose/libpar_hardened.c interpose/operators.c interpose/sandbox.c par/hardened/secret.c))
$(eval $(call checked_library,checking,-O1 -DSIZES_CHECKED,interpose/libpar_checking.c interpose/operators.c interpose/sandbox.c interpose/checking.c interpose/history.c,-Wl$(comma)--wrap=xmalloc$(comma)--wrap=xfree$(comma)--wrap=xrealloc))
$(eval $(call checked_library,valgrind,-O1 -DANNOUNCED_BUILD,interpose/libpar_valgrind.c))
libpar_of_flavour := $(if $(filter hardened,$(FLAVOUR)),$(LIB)/libpar-hardened.so,$(if $(filter debug,$(FLAVOUR)),$(LIB)/libpar-checking.so,$(if $(filter valgrind,$(FLAVOUR)),$(LIB)/libpar-valgrind.so,$(libpar))))

# The recorder, and bin/xtrace, which runs a program with it. See trace/README.md.
recorder := $(addprefix $(BUILD)/pic/trace/record/,record.o held.o)
$(LIB)/libxtrace.so: $(recorder)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared $(CFLAGS) $(LDFLAGS) -Wl,-z,initfirst -o $@ $^
$(recorder): override CFLAGS += -fno-builtin
$(BIN)/xtrace: $(call objects_of,$(addprefix trace/record/,xtrace.c gather.c held.c follower.c) $(trace_sources)) | $(LIB)/libxtrace.so
$(BIN)/trace-convert: $(call objects_of,trace/convert.c $(trace_sources))
$(BIN)/xtrace $(BIN)/trace-convert:
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(flavour_cflags) $(LDFLAGS) -o $@ $^
