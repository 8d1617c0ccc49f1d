# Programs of tests/torture/, which ask whether an allocator keeps every block when the world fails.

# What every one of them has: the model heap and the sequences of calls.
torture_common := $(call objects_of,$(addprefix tests/torture/,model.c sequence.c))
torture_random := $(torture_common) $(call objects_of,$(addprefix tests/torture/,random.c episode.c shrink.c))
linked_calls := $(call objects_of,tests/torture/calls_xmalloc.c)
family_calls := $(call objects_of,tests/torture/calls_malloc.c)

# random-BACKEND is linked with a backend; random-family takes the malloc of the process, for lib/libpar.so.
$(foreach backend,$(BACKENDS),$(eval \
    $(call link_rule,$(O)/tests/torture/random-$(backend),$(torture_random) $(linked_calls),$(backend))))
$(O)/tests/torture/random-family: $(torture_random) $(family_calls)
	$(Q)$(CC) $(CFLAGS) $(flavour_cflags) $(LDFLAGS) -o $@ $^
# The compiler must not know what malloc does.
$(family_calls): override CFLAGS += -fno-builtin

# Faults come from functions of the same name that are found first: linked in, or preloaded before lib/libpar.so.
torture_failing := $(torture_common) $(call objects_of,tests/torture/failing.c)
$(foreach backend,$(BACKENDS),$(eval $(call link_rule,$(O)/tests/torture/failing-$(backend),\
    $(torture_failing) $(call objects_of,tests/torture/faults.c) $(linked_calls),$(backend),-Wl$(comma)-E)))
$(O)/tests/torture/failing-family: $(torture_failing) $(family_calls)
	$(Q)$(CC) $(CFLAGS) $(flavour_cflags) $(LDFLAGS) -o $@ $^
$(LIB)/torture-%.so: $(BUILD)/pic/tests/torture/%.o
	@mkdir -p $(@D)
	$(Q)$(CC) -shared $(CFLAGS) $(LDFLAGS) -o $@ $^
.SECONDARY: $(addprefix $(BUILD)/pic/tests/torture/,faults.o kernel_pages.o library.o)

torture_limits := $(torture_common) $(call objects_of,tests/torture/limits.c)
$(foreach backend,$(BACKENDS),$(eval \
    $(call link_rule,$(O)/tests/torture/limits-$(backend),$(torture_limits) $(linked_calls),$(backend))))
$(O)/tests/torture/limits-family: $(torture_limits) $(family_calls)
	$(Q)$(CC) $(CFLAGS) $(flavour_cflags) $(LDFLAGS) -o $@ $^

# What the mutants are linked with.
.PHONY: mutant-objects
mutant-objects: $(torture_random) $(torture_failing) $(linked_calls) $(family_calls) \
    $(call objects_of,tests/torture/faults.c) $(suite_objects) $(program_support)

# libFuzzer drives par with every function instrumented; the corpus in the tree stays small (-merge=1 keeps what adds coverage).
FUZZ_S ?= 600
fuzz_sources := $(addprefix tests/torture/,fuzz.c model.c sequence.c calls_xmalloc.c) par_alloc.c $(wildcard par/*.c)
$(O)/tests/torture/fuzz-par: $(fuzz_sources) $(wildcard *.h par/*.h tests/torture/*.h)
	@mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS) $(CFLAGS) -O1 -fsanitize=fuzzer -o $@ $(fuzz_sources)

# What `make coverage` runs (tests/torture/coverage says how): tests of par, and of the malloc family with par linked in. They write
# their counts at the end of a process, whichever way it ends.
counted := $(addprefix $(O)/tests/,suite-par misuse-par torture/random-par torture/failing-par torture/limits-par)
counted_tools := breathing few_addresses forked_budget hopeless inside lines losses packing young
$(foreach tool,$(counted_tools),$(eval $(call link_rule,$(O)/tests/counted/$(tool),$(call objects_of,tests/tools/$(tool).c),par)))
family_of_par := $(call objects_of,interpose/libpar.c interpose/glibc.c $(wildcard par/*.c))
counted_family := $(addprefix $(O)/tests/counted/,family self_report tight preload_threads)
$(counted_family): $(O)/tests/counted/%: $(O)/tests/tools/%.o
$(O)/tests/counted/random-family: $(torture_random) $(family_calls)
$(O)/tests/counted/failing-family: $(torture_failing) $(call objects_of,tests/torture/faults.c) $(family_calls)
$(O)/tests/counted/limits-family: $(torture_limits) $(family_calls)
counted_family += $(addprefix $(O)/tests/counted/,random-family failing-family limits-family)
$(counted_family): $(family_of_par)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(flavour_cflags) $(LDFLAGS) -Wl,-E -o $@ $(filter %.o,$^) $(LDLIBS) -ldl
.PHONY: counted
counted: $(O)/tests/torture/coverage_exit.o | $(counted) $(addprefix $(O)/tests/counted/,$(counted_tools)) $(counted_family)
$(if $(filter coverage,$(FLAVOUR)),$(counted) $(addprefix $(O)/tests/counted/,$(counted_tools)) $(counted_family)): $(O)/tests/torture/coverage_exit.o
