# What a backend is made of, as the grader makes it: NAME_alloc.c, and what that needs of the files in a folder NAME/.
#
# The files of the folder are an archive, of which the linker takes what is asked for: a test with a main of its own or an older
# version may lie there. Only the three calls can be seen from outside, so every other name is the backend's own, also one that
# our programs have.

# Here, or in one of these folders. The grader compares with our own hw08 under the name `reference`, while another hw08 is handed in.
backend_source = $(if $(filter reference,$(1)),hw08_alloc.c,$(if $(wildcard $(1)/$(FLAVOUR)/front.c),$(1)/$(FLAVOUR)/front.c,$(call found_source,$(1))))
found_source = $(firstword $(wildcard $(1)_alloc.c ladder/$(1)_alloc.c bench/$(1)_alloc.c tests/broken/$(1)_alloc.c) $(1)_alloc.c)

# A file that another one includes is a part of that one.
helpers_in = $(filter-out $(call parts_of,$(1)),$(call sources_in,$(1)))
sources_in = $(if $(wildcard $(1)/.),$(shell find '$(1)' -name '*.c' -o -name '*.S' -o -name '*.cc' -o -name '*.cpp' -o -name '*.cxx'))
parts_of = $(if $(wildcard $(1)/.),$(foreach part,$(shell grep -hoE '^[ \t]*\#[ \t]*include[ \t]*"[^"]+[.](c|cc|cpp|cxx)"' -r '$(1)' \
    $(wildcard $(call found_source,$(1))) | cut -d\" -f2),%/$(notdir $(part))))
objects_of = $(addprefix $(O)/,$(addsuffix .o,$(basename $(1))))

# A backend that can check itself (NAME/check.h) is looked into from outside, so all of its names stay. SUBMITTED_NAME=file.o puts
# an object that was made elsewhere in the place of a backend's own: the grader does, with what it compiled of a submission.
is_open = $(wildcard $(1)/check.h)
open_objects = $(call objects_of,$(call backend_source,$(1)) $(wildcard $(1)/*.c) $(filter-out %/front.c,$(wildcard $(1)/$(FLAVOUR)/*.c)))
backend_objects = $(or $(SUBMITTED_$(1)),$(if $(call is_open,$(1)),$(call open_objects,$(1)),$(call make_sure,$(1))$(O)/backends/$(1).o))
backend_libraries = $(if $(filter %.cc %.cpp %.cxx,$(helpers_$(1))),-lstdc++)

# Whoever names a backend gets the rule that makes it, once.
make_sure = $(if $(made_of_$(1)),,$(eval $(call backend_rule,$(1))))
calls := $(shell sed -n 's/^[a-z].*[ *]\(x[a-z_]*\).*;$$/\1/p' xmalloc.h)

# What is of link-time optimization is compiled here.
define backend_rule
helpers_$(1) := $(call helpers_in,$(1))
made_of_$(1) := $$(call objects_of,$(call backend_source,$(1)) $$(helpers_$(1)))
$(O)/backends/$(1).o: $$(made_of_$(1))
	@mkdir -p $$(@D)
	@rm -f $$@.a; $$(AR) rcs $$@.a $$(filter-out $$<,$$^)
	$(Q)$(CC) -r -nostdlib $(if $(findstring -flto,$(CFLAGS)),$(CFLAGS) -flinker-output=nolto-rel) -o $$@.whole $$< $$@.a
	$(Q)$$(OBJCOPY) $(addprefix --keep-global-symbol=,$(calls)) $$@.whole $$@
$$(made_of_$(1)): override CPPFLAGS += -iquote $(1) -iquote include
endef

# Helpers may be in C++ or assembly.
CXX_of_flavour = $(CXX) $(filter-out -D_GNU_SOURCE=,$(CPPFLAGS)) $(filter-out -std=%,$(CFLAGS)) $($(FLAVOUR)_CFLAGS) -MMD -MP -c
define helper_rule
$(O)/%.o: %.$(1)
	@mkdir -p $$(@D)
	$(Q)$$(call begin,compiling $$<)$(2) -o $$@ $$<$$(finish)
endef
$(foreach suffix,cc cpp cxx,$(eval $(call helper_rule,$(suffix),$(CXX_of_flavour))))
$(eval $(call helper_rule,S,$(CC) $(CPPFLAGS) -g -c))
