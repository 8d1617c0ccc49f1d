# Flavours: the same sources built in another way, each in its own folder.
#
# release is what is timed. hardened has a front of its own before a backend that brings one (NAME/hardened/), and other forms inside.
# debug is the checking build: each call of a backend that can check itself goes through
# interpose/checking.c. valgrind and asan announce every block of our own backends to the tool (tests/tools/announce.c).

FLAVOUR ?= $(if $(filter command%,$(origin DEBUG)),$(if $(filter-out 0,$(DEBUG)),debug,release),$(if $(filter-out 0,$(HARDENED)),hardened,release))
# `make O=folder` builds everything there.
elsewhere := $(if $(filter command%,$(origin O)),$(abspath $(O)))
BUILD ?= $(if $(elsewhere),$(elsewhere)/build,build)
override O := $(BUILD)/$(FLAVOUR)
BIN ?= $(if $(filter release,$(FLAVOUR)),$(if $(elsewhere),$(elsewhere)/,)bin,$(O)/bin)
LIB := $(if $(elsewhere),$(elsewhere)/,)lib

define line_break


endef
ifneq ($(findstring $(line_break),$(CURDIR)),)
$(error the path of this folder has a line break in it, which make cannot work with: rename it)
endif

# A checkout that nobody may write to is built elsewhere.
writable = $(shell place="$(1)"; while [ ! -e "$$place" ]; do place=$$(dirname "$$place"); done; [ ! -d "$$place" ] || [ ! -w "$$place" ] || echo yes)
# What a umask takes from its own user; shells write it with three digits or with four.
masked = $(shell case $$(umask) in (00?? | 0?? | ?? | ?) ;; (*) umask ;; esac)
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),all)),)
ifneq ($(masked),)
$(error umask $(masked) takes from you what you write yourself: say umask 022 before make)
endif
ifneq ($(call writable,$(BUILD)) $(call writable,$(BIN)),yes yes)
$(error nothing can be written to '$(BUILD)' and '$(BIN)'; say where to build: make $(strip $(MAKECMDGOALS) $(filter-out O=% BUILD=% BIN=%,$(MAKEOVERRIDES))) O=/tmp/xmalloc)
endif
endif

ifeq ($(origin CC),default)
CC := gcc
endif
# A compiler for another processor has tools of its own, which read what it writes. Another program of that name may come first
# in PATH, like the ar of busybox, which cannot write.
of_compiler = $(shell for tool in "$$($(CC) -print-prog-name=$(1) 2>/dev/null)" /usr/bin/$(1); do \
    "$$tool" --version >/dev/null 2>&1 && echo "$$tool" && exit; done; echo $(1))
OBJCOPY ?= $(call of_compiler,objcopy)
NM ?= $(call of_compiler,nm)
ifeq ($(origin AR),default)
AR = $(call of_compiler,ar)
endif
# What nothing builds without, also where the command line sets these (`make CFLAGS=-O3`).
override CPPFLAGS += -D_GNU_SOURCE= -I.
override CFLAGS += -std=c11 -g -pthread -Wall -Wextra
override LDFLAGS += -pthread

# Options that not every compiler knows. $(1): the variable that stands for them, $(2): they. Result: they, or nothing where the
# compiler does not know one, which is found by their use, once.
understood = $(eval $(1) := $(shell $(CC) -Werror $(2) -x c -S -o /dev/null /dev/null >/dev/null 2>&1 && echo $(2)))$($(1))

release_CFLAGS := -O2
# Without it gcc makes a slow string instruction of the loop that clears a small block.
plain_loops = $(call understood,plain_loops,-fno-tree-loop-distribute-patterns)
hardened_CFLAGS = -O2 -DHARDENED_BUILD $(plain_loops)
debug_CFLAGS := -O1 -DCHECKING_BUILD
valgrind_CFLAGS := -O1
# Valgrind puts a program that may lie anywhere where a variable that is aligned to more than a page is not aligned.
valgrind_LDFLAGS := -no-pie
asan_CFLAGS := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
# Volatile reads apart (tests/contract/volatile_to_tsan.c), as the grader has it; gcc can since version 11.
distinguish_volatile = $(call understood,distinguish_volatile,--param tsan-distinguish-volatile=1)
tsan_CFLAGS = -O1 -fno-omit-frame-pointer -fsanitize=thread $(distinguish_volatile)
called_once = $(call understood,called_once,-fno-inline-functions-called-once)
gprof_CFLAGS = -O1 -pg $(called_once) -fno-optimize-sibling-calls
coverage_CFLAGS := -O0 --coverage -fprofile-update=atomic
ifeq ($(origin $(FLAVOUR)_CFLAGS),undefined)
$(error FLAVOUR=$(FLAVOUR) is unknown: use release, hardened, debug, valgrind, asan, tsan, gprof or coverage)
endif
flavour_cflags := $($(FLAVOUR)_CFLAGS)
flavour_ldflags := $($(FLAVOUR)_LDFLAGS)

# On a terminal a line says what is being built, until it is.
shown := $(if $(V),,$(shell [ ! -t 2 ] || echo yes))
begin = $(if $(shown),printf '%s ...\r' '$(1)' >&2; )
finish = $(if $(shown),; status=$$?; printf '\033[K' >&2; exit $$status)

# The launcher is of the release in every flavour.
define compile_rule
$(BUILD)/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$(Q)$$(call begin,compiling $$<)$(CC) $$(CPPFLAGS) $$(CFLAGS) $($(1)_CFLAGS) -MMD -MP -c -o $$@ $$<$$(finish)
endef
$(foreach flavour,$(sort release $(FLAVOUR)),$(eval $(call compile_rule,$(flavour))))

-include $(shell find $(O) -name '*.d' 2>/dev/null)

# What stands between a program and its backend, by the linker's --wrap: in the flavours where a tool looks on, for every
# backend but sys, the announcing wrapper; in the checking build, for a backend with a check.h, the checking layer.
layer_valgrind = $(if $(filter-out sys,$(1)),$(O)/tests/tools/announce.o $(O)/tests/tools/announce_valgrind.o)
layer_asan = $(if $(filter-out sys,$(1)),$(O)/tests/tools/announce.o $(O)/tests/tools/announce_asan.o)
layer_debug = $(if $(wildcard $(1)/check.h),$(O)/interpose/checking.o $(O)/interpose/history.o)
layer_objects = $(call layer_$(FLAVOUR),$(1))
layer_ldflags = $(if $(call layer_objects,$(1)),-Wl$(comma)--wrap=xmalloc$(comma)--wrap=xfree$(comma)--wrap=xrealloc)
comma := ,

# What the tool does not know by itself, put as it knows it.
known_to_tsan = $(addprefix $(O)/tests/contract/,known_to_tsan.o volatile_to_tsan.o)

# The backends that can check themselves.
checked = $(strip $(foreach backend,$(BACKENDS),$(if $(wildcard $(backend)/check.h),$(backend))))
