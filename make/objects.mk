# What is linked of what: every program, suite and bench with every backend.

trace_sources := $(wildcard trace/formats/*.c) $(addprefix trace/,file.c trace.c pages.c output.c) programs/failure.c
program_support := $(call objects_of,$(wildcard programs/*.c))
patterns_objects := $(call objects_of,$(wildcard bench/pattern*.c) $(addprefix programs/,crew.c failure.c))
replay_objects := $(call objects_of,$(wildcard trace/replay/*.c) $(addprefix trace/record/,gather.c follower.c) $(trace_sources) programs/crew.c)
probe_objects := $(call objects_of,$(wildcard ladder/probe*.c) $(addprefix programs/,crew.c failure.c))
suite_objects := $(call objects_of,$(wildcard tests/suite/*.c tests/suite/support/*.c))
watched_objects := $(O)/tests/contract/watched.o
# A loop of what is raced must lie in its lines of the cache as it does in the others' binaries, whatever is linked with it: one took twice
# as long with one backend because it did not.
aligned = $(call understood,aligned,-falign-functions=64 -falign-loops=32)
$(program_support) $(call objects_of,$(addsuffix _main.c,$(PROGRAMS))) $(patterns_objects) $(replay_objects) $(probe_objects): \
    override CFLAGS += $(aligned)
memory_objects := $(call objects_of,lecture/memory.c programs/failure.c)

# Check: the system's, or that of a user without root, whom ./setup --prefix has written build/check.mk; CHECK_PREFIX=DIR.
-include build/check.mk
# Where nobody says what its archive needs, it is what Debian's needs.
asked_check = $(shell pkg-config --libs check 2>/dev/null)
usual_check = -lcheck $(if $(filter /%,$(shell $(CC) -print-file-name=libsubunit.a)),-lsubunit) -lm -lrt
check_libs := $(if $(CHECK_PREFIX),$(CHECK_PREFIX)/lib/libcheck.a -lm -lrt,$(or $(asked_check),$(usual_check)))
$(suite_objects): override CPPFLAGS += $(if $(CHECK_PREFIX),-I$(CHECK_PREFIX)/include)
$(suite_objects): | $(BUILD)/check-is-there
$(BUILD)/check-is-there:
	@mkdir -p $(@D)
	@echo '#include <check.h>' | $(CC) $(CPPFLAGS) -E -x c -o $@ - 2>/dev/null || { rm -f $@; \
	    echo "there is no Check, which the suites are written with: ./setup installs it; without root: ./setup --prefix DIR" >&2; exit 1; }

programs = $(foreach backend,$(BACKENDS),$(foreach program,$(PROGRAMS),$(BIN)/$(program)-$(backend)))
suites = $(foreach backend,$(BACKENDS),$(O)/tests/suite-$(backend))
# hw08 would take minutes for the allocation patterns.
patterns = $(if $(wildcard bench/patterns.c),$(foreach backend,$(filter-out hw08,$(BACKENDS)),$(BIN)/patterns-$(backend)))

# $(1): the program, $(2): its own objects, $(3): the backend it is linked with, $(4): libraries
define link_rule
$(1): $(2) $(call backend_objects,$(3)) $(call layer_objects,$(3)) $(known_to_$(FLAVOUR))
	@mkdir -p $$(@D)
	$(Q)$$(call begin,linking $$@)$(CC) $(CFLAGS) $(flavour_cflags) $(LDFLAGS) $(flavour_ldflags) $(call layer_ldflags,$(3)) -o $$@ $$(filter %.o,$$^) $(4) $(call backend_libraries,$(3)) $(LDLIBS)$$(finish)
$(1): | $(O)/tests/whole-$(3)
endef

# A missing call is told once, in words, and not by the linker for each program. $(1): the backend
define whole_rule
$(O)/tests/whole-$(1): $(call backend_objects,$(1))
	@mkdir -p $$(@D)
	@$$(NM) --defined-only --extern-only $$^ >$$@.names; for call in xmalloc xfree xrealloc; do \
	    grep -q " [A-Za-z] $$$$call$$$$" $$@.names || missing="$$$$missing $$$$call"; done; rm -f $$@.names; \
	    [ -z "$$$$missing" ] || { echo "$(1) does not define$$$$missing: $(call backend_source,$(1)) needs all three, xmalloc, xfree and xrealloc, none of them static" >&2; exit 1; }
	@touch $$@
endef

# $(1): the program, $(2): the backend, in which alone every call that takes a lock goes to locks.c.
define one_lock_rule
$(1): $(addprefix $(O)/tests/contract/,one_lock.o locks.o) tests/contract/locks.syms $(call backend_objects,$(2))
	@mkdir -p $$(@D)
	$(Q)$(CC) -r -nostdlib -o $$@.counted.o $(call backend_objects,$(2))
	$(Q)$$(OBJCOPY) --redefine-syms=tests/contract/locks.syms $$@.counted.o
	$(Q)$(CC) $(CFLAGS) $(flavour_cflags) $(LDFLAGS) -o $$@ $(addprefix $(O)/tests/contract/,one_lock.o locks.o) $$@.counted.o $(call backend_libraries,$(2)) $(LDLIBS)
endef

# As link_rule, with tests/tools/named.c between the program and the backend.
define named_rule
$(1): $(2) $(call backend_objects,$(3)) $(O)/tests/tools/named.o
	$(Q)$(CC) $(CFLAGS) $(flavour_cflags) $(LDFLAGS) $(flavour_ldflags) -Wl,--wrap=xmalloc,--wrap=xfree,--wrap=xrealloc -o $$@ $$^ $(call backend_libraries,$(3)) $(LDLIBS)
endef

define backend_rules
$(foreach program,$(PROGRAMS),
$(call link_rule,$(BIN)/$(program)-$(1),$(call objects_of,$(program)_main.c) $(program_support),$(1)))
$(call whole_rule,$(1))
$(foreach program,$(PROGRAMS),
$(call named_rule,$(O)/tests/named-$(program)-$(1),$(call objects_of,$(program)_main.c) $(program_support),$(1)))
$(call link_rule,$(O)/tests/suite-$(1),$(suite_objects) $(program_support),$(1),$(check_libs))
$(call link_rule,$(O)/tests/small_space-$(1),$(O)/tests/contract/small_space.o,$(1))
$(call link_rule,$(O)/tests/contract/watched-$(1),$(watched_objects),$(1))
$(call link_rule,$(O)/tests/contract/own_memory-$(1),$(O)/tests/contract/own_memory.o,$(1))
$(call one_lock_rule,$(O)/tests/contract/one_lock-$(1),$(1))
$(call link_rule,$(O)/tests/planted-$(1),$(O)/tests/tools/planted.o,$(1))
$(call link_rule,$(O)/tests/misuse-$(1),$(O)/tests/tools/misuse.o,$(1))
$(call link_rule,$(BIN)/patterns-$(1),$(patterns_objects),$(1))
$(call link_rule,$(BIN)/probe-$(1),$(probe_objects),$(1))
$(call link_rule,$(BIN)/replay-$(1),$(replay_objects),$(1))
$(call link_rule,$(BIN)/memory-$(1),$(memory_objects),$(1))
$(O)/tests/suite-$(1): | $(O)/tests/small_space-$(1)
endef

$(foreach backend,$(BACKENDS),$(eval $(call backend_rules,$(backend))))

# The launcher starts a program under limits and reports what it used.
launcher := $(BUILD)/release/measure/launch
$(launcher): $(patsubst %.c,$(BUILD)/release/%.o,$(wildcard measure/*.c))
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lm

# Under `make -B` these are asked to make what is there, too.
%_alloc.c:
	@[ -e $@ ] || { echo "there is no backend '$*': it would be the file $@" >&2; exit 1; }
%_main.c:
	@[ -e $@ ] || { echo "there is no program '$*': it would be the file $@" >&2; exit 1; }

# A tool looks on while the suites and the programs run, in binaries of their own.
run_under = @$(MAKE) --silent FLAVOUR=$(1) BIN=$(BUILD)/$(1)/bin $(2) under
.PHONY: under
under: $(programs) $(suites)
	@tests/tools/under --tool $(FLAVOUR) --folder $(O) --launcher $(launcher) --backends "$(BACKENDS)" --programs "$(PROGRAMS)"
