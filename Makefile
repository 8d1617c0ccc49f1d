# The map of the kit. `make help` explains every target.
#
# A backend NAME is NAME_alloc.c plus every .c file in a folder NAME/ beside it. A program NAME is NAME_main.c plus
# programs/*.c. Adding one is adding its file and its word here.

BACKENDS ?= sys hw08 par
PROGRAMS ?= ivec list collatz

# `make test BACKEND=par` looks at one backend only.
ifdef BACKEND
override BACKENDS := $(BACKEND)
endif

# Building is silent but for warnings and errors; `make V=1` shows the commands.
Q := $(if $(V),,@)

# ---- Flavours: the same sources built in another way, each in its own folder -------------------------------------------
# release is what is timed. debug is the checking build: each call of a backend that can check itself goes through
# interpose/checking.c. valgrind and asan announce every block of our own backends to the tool (tests/announce.c).

FLAVOUR ?= $(if $(filter command%,$(origin DEBUG)),$(if $(filter-out 0,$(DEBUG)),debug,release),release)
BUILD ?= build
O := $(BUILD)/$(FLAVOUR)
BIN ?= $(if $(filter release,$(FLAVOUR)),bin,$(O)/bin)

ifeq ($(origin CC),default)
CC := gcc
endif
CPPFLAGS += -D_GNU_SOURCE -I.
CFLAGS += -std=c11 -g -pthread -Wall -Wextra
LDFLAGS += -pthread

release_CFLAGS := -O2
debug_CFLAGS := -O1 -DCHECKING_BUILD
valgrind_CFLAGS := -O1
asan_CFLAGS := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
tsan_CFLAGS := -O1 -fno-omit-frame-pointer -fsanitize=thread
gprof_CFLAGS := -O1 -pg -fno-inline-functions-called-once -fno-optimize-sibling-calls
ifeq ($(origin $(FLAVOUR)_CFLAGS),undefined)
$(error FLAVOUR=$(FLAVOUR) is unknown: use release, debug, valgrind, asan, tsan or gprof)
endif
flavour_cflags := $($(FLAVOUR)_CFLAGS)

# ---- Objects ---------------------------------------------------------------------------------------------------------

# SUBMITTED_NAME=file.o puts an object that was made elsewhere in the place of a backend's own: the grader does, with what
# it compiled of a submission.
backend_source = $(firstword $(wildcard $(1)_alloc.c ladder/$(1)_alloc.c bench/$(1)_alloc.c tests/broken/$(1)_alloc.c) $(1)_alloc.c)
objects_of = $(patsubst %.c,$(O)/%.o,$(1))
backend_objects = $(or $(SUBMITTED_$(1)),$(call objects_of,$(call backend_source,$(1)) $(wildcard $(1)/*.c)))

trace_sources := $(addprefix trace/,trace.c pages.c output.c binary.c text.c rep.c words.c) programs/failure.c
program_support := $(call objects_of,$(wildcard programs/*.c))
patterns_objects := $(call objects_of,$(wildcard bench/pattern*.c) $(addprefix programs/,crew.c failure.c))
replay_objects := $(call objects_of,$(wildcard trace/replay*.c) $(trace_sources) programs/crew.c)
probe_objects := $(call objects_of,$(wildcard ladder/probe*.c) $(addprefix programs/,crew.c failure.c))
suite_objects := $(call objects_of,$(wildcard tests/check_*.c) $(addprefix tests/,suite.c traits.c calls.c process.c blocks.c))

# What stands between a program and its backend, by the linker's --wrap: in the flavours where a tool looks on, for every
# backend but sys, the announcing wrapper; in the checking build, for a backend with a check.h, the checking layer.
layer_valgrind = $(if $(filter-out sys,$(1)),$(O)/tests/announce.o $(O)/tests/announce_valgrind.o)
layer_asan = $(if $(filter-out sys,$(1)),$(O)/tests/announce.o $(O)/tests/announce_asan.o)
layer_debug = $(if $(wildcard $(1)/check.h),$(O)/interpose/checking.o)
layer_objects = $(call layer_$(FLAVOUR),$(1))
layer_ldflags = $(if $(call layer_objects,$(1)),-Wl$(comma)--wrap=xmalloc$(comma)--wrap=xfree$(comma)--wrap=xrealloc)
comma := ,

programs := $(foreach backend,$(BACKENDS),$(foreach program,$(PROGRAMS),$(BIN)/$(program)-$(backend)))
suites := $(foreach backend,$(BACKENDS),$(O)/tests/suite-$(backend))
# hw08 would take minutes for the allocation patterns.
patterns := $(if $(wildcard bench/patterns.c),$(foreach backend,$(filter-out hw08,$(BACKENDS)),$(BIN)/patterns-$(backend)))

.PHONY: all
all: $(programs) ## build every program with every backend, as bin/PROGRAM-BACKEND

# $(1): the program, $(2): its own objects, $(3): the backend it is linked with, $(4): libraries
define link_rule
$(1): $(2) $(call backend_objects,$(3)) $(call layer_objects,$(3))
	@mkdir -p $$(@D)
	$(Q)$(CC) $(flavour_cflags) $(LDFLAGS) $(call layer_ldflags,$(3)) -o $$@ $$(filter %.o,$$^) $(4) $(LDLIBS)
endef

# $(1): the program, $(2): the objects of the backend, in which alone every call that takes a lock goes to locks.c.
define one_lock_rule
$(1): $(addprefix $(O)/tests/contract/,one_lock.o locks.o) tests/contract/locks.syms $(2)
	@mkdir -p $$(@D)
	$(Q)$(CC) -r -nostdlib -o $$@.counted.o $(2)
	$(Q)objcopy --redefine-syms=tests/contract/locks.syms $$@.counted.o
	$(Q)$(CC) $(flavour_cflags) $(LDFLAGS) -o $$@ $(addprefix $(O)/tests/contract/,one_lock.o locks.o) $$@.counted.o $(LDLIBS)
endef

memory_objects := $(call objects_of,lecture/memory.c programs/failure.c)
check_libs := $(shell pkg-config --libs check 2>/dev/null || echo -lcheck)

define backend_rules
$(foreach program,$(PROGRAMS),
$(call link_rule,$(BIN)/$(program)-$(1),$(call objects_of,$(program)_main.c) $(program_support),$(1)))
$(call link_rule,$(O)/tests/suite-$(1),$(suite_objects) $(program_support),$(1),$(check_libs))
$(call link_rule,$(O)/tests/small_space-$(1),$(O)/tests/small_space.o,$(1))
$(call link_rule,$(O)/tests/contract/watched-$(1),$(O)/tests/contract/watched.o,$(1))
$(call one_lock_rule,$(O)/tests/contract/one_lock-$(1),$(call backend_objects,$(1)))
$(call link_rule,$(O)/tests/planted-$(1),$(O)/tests/planted.o,$(1))
$(call link_rule,$(O)/tests/misuse-$(1),$(O)/tests/misuse.o,$(1))
$(call link_rule,$(BIN)/patterns-$(1),$(patterns_objects),$(1))
$(call link_rule,$(BIN)/probe-$(1),$(probe_objects),$(1))
$(call link_rule,$(BIN)/replay-$(1),$(replay_objects),$(1))
$(call link_rule,$(BIN)/memory-$(1),$(memory_objects),$(1))
$(O)/tests/suite-$(1): | $(O)/tests/small_space-$(1)
endef

$(foreach backend,$(BACKENDS),$(eval $(call backend_rules,$(backend))))

# ---- Peers: allocators that one could use instead --------------------------------------------------------------------
# With PEERS=1 `make compare`, `make bench` and `make scale` race them too. A peer is sys_alloc.o linked with a library that
# has a malloc of its own, so that all of them run the same objects; libpar is par in that role. limit is the floor for ivec,
# list and the patterns of `make scale`.

peers := jemalloc tcmalloc mimalloc libpar
peer_libraries_jemalloc := -ljemalloc
peer_libraries_tcmalloc := -ltcmalloc_minimal
peer_libraries_mimalloc := -lmimalloc
peer_libraries_libpar := $(CURDIR)/lib/libpar.so
contenders := $(BACKENDS) $(if $(PEERS),$(peers))
limit_programs := $(foreach program,$(filter ivec list,$(PROGRAMS)),$(BIN)/$(program)-limit)
peer_programs := $(if $(PEERS),$(foreach peer,$(peers),$(foreach program,$(PROGRAMS),$(BIN)/$(program)-$(peer))) $(limit_programs))

define peer_rules
$(foreach program,$(PROGRAMS),
$(call link_rule,$(BIN)/$(program)-$(1),$(call objects_of,$(program)_main.c) $(program_support),sys,$(peer_libraries_$(1))))
$(call link_rule,$(BIN)/patterns-$(1),$(patterns_objects),sys,$(peer_libraries_$(1)))
$(call link_rule,$(BIN)/memory-$(1),$(memory_objects),sys,$(peer_libraries_$(1)))
$(foreach program,$(PROGRAMS) patterns,$(BIN)/$(program)-$(1)): | peer-$(1)
endef

$(foreach peer,$(peers),$(eval $(call peer_rules,$(peer))))
ifeq ($(filter limit,$(BACKENDS)),)
$(foreach program,$(filter ivec list,$(PROGRAMS)),$(eval \
    $(call link_rule,$(BIN)/$(program)-limit,$(call objects_of,$(program)_main.c) $(program_support),limit)))
$(eval $(call link_rule,$(BIN)/patterns-limit,$(patterns_objects),limit))
endif

.PHONY: peer-jemalloc peer-tcmalloc peer-mimalloc peer-libpar
peer-jemalloc: ; $(call need_library,libjemalloc.so,libjemalloc-dev)
peer-tcmalloc: ; $(call need_library,libtcmalloc_minimal.so,libgoogle-perftools-dev)
peer-mimalloc: ; $(call need_library,libmimalloc.so,libmimalloc-dev)
peer-libpar: libpar
need_library = @test -e "$$($(CC) -print-file-name=$(1))" || \
    { echo "there is no $(1) to race: install the package $(2), or run ./setup --peers" >&2; exit 1; }

# The launcher is of the release in every flavour.
define compile_rule
$(BUILD)/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$(Q)$(CC) $$(CPPFLAGS) $$(CFLAGS) $($(1)_CFLAGS) -MMD -MP -c -o $$@ $$<
endef
$(foreach flavour,$(sort release $(FLAVOUR)),$(eval $(call compile_rule,$(flavour))))

-include $(shell find $(O) -name '*.d' 2>/dev/null)

%_alloc.c:
	@echo "there is no backend '$*': it would be the file $@" >&2; exit 1
%_main.c:
	@echo "there is no program '$*': it would be the file $@" >&2; exit 1

# par as a shared library with the whole malloc family, for LD_PRELOAD and for racing the peers on equal terms. Its
# constructors run before those of all others (initfirst), so that its fork handlers are the first that are registered and
# take its locks after everybody else's have run.
libpar := lib/libpar.so
pic_objects := $(patsubst %.c,$(BUILD)/pic/%.o,interpose/libpar.c $(wildcard par/*.c))
$(BUILD)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -O2 -fPIC -fvisibility=hidden -ftls-model=initial-exec -MMD -MP -c -o $@ $<
$(libpar): $(pic_objects)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared $(LDFLAGS) -Wl,-z,initfirst -o $@ $^
-include $(shell find $(BUILD)/pic -name '*.d' 2>/dev/null)

# Asks whichever malloc it runs with; the compiler must not know what malloc does.
$(O)/tests/family $(O)/tests/preload_threads: %: %.o
	$(Q)$(CC) $(flavour_cflags) $(LDFLAGS) -o $@ $^ -ldl
$(O)/tests/family.o $(O)/tests/preload_threads.o: CFLAGS += -fno-builtin

.PHONY: libpar
libpar: $(libpar) ## build lib/libpar.so, which replaces malloc in any program: LD_PRELOAD=lib/libpar.so PROGRAM [needs interpose/libpar.c]

# The recorder, and bin/xtrace, which runs a program with it. See trace/README.md.
lib/libxtrace.so: $(BUILD)/pic/trace/record.o
	@mkdir -p $(@D)
	$(Q)$(CC) -shared $(LDFLAGS) -Wl,-z,initfirst -o $@ $^
$(BUILD)/pic/trace/record.o: CFLAGS += -fno-builtin
$(BIN)/xtrace: $(call objects_of,trace/xtrace.c trace/gather.c $(trace_sources)) | lib/libxtrace.so
$(BIN)/trace-convert: $(call objects_of,trace/convert.c $(trace_sources))
$(BIN)/xtrace $(BIN)/trace-convert:
	@mkdir -p $(@D)
	$(Q)$(CC) $(flavour_cflags) $(LDFLAGS) -o $@ $^

.PHONY: xtrace replay
xtrace: $(BIN)/xtrace lib/libxtrace.so ## bin/xtrace [-o FILE] PROGRAM records what any program asks of malloc; see trace/README.md [needs trace/xtrace.c]
replay: $(foreach backend,$(BACKENDS),$(BIN)/replay-$(backend)) $(BIN)/trace-convert ## bin/replay-BACKEND TRACE for every backend: throughput, utilization [needs trace/replay.c]

# par with other advice to the kernel, for the lecture: bin/PROGRAM-nohuge asks for no huge pages, bin/PROGRAM-nopurge keeps
# pages that it could give up. The experiments know what to change.
madvise := nohuge nopurge
madvise_nohuge := no huge pages
madvise_nopurge := never given up with MADV_DONTNEED
define madvise_rules
$(BUILD)/madvise/$(1)/built: bench/experiments $(wildcard *.[ch] par/*.[ch] programs/*.[ch] bench/*.[ch] ladder/probe*)
	@rm -rf $$(@D) && mkdir -p $$(@D)
	@bench/experiments --only '$(madvise_$(1))' --keep $$(@D)
	@touch $$@
$(foreach program,$(PROGRAMS) patterns probe,$(BIN)/$(program)-$(1)): $(BIN)/%-$(1): $(BUILD)/madvise/$(1)/built
	@mkdir -p $$(@D)
	@cp $(BUILD)/madvise/$(1)/par/bin/$$*-par $$@
endef
$(foreach variant,$(madvise),$(eval $(call madvise_rules,$(variant))))

# The launcher starts a program under limits and reports what it used.
launcher := $(BUILD)/release/measure/launch
$(launcher): $(patsubst %.c,$(BUILD)/release/%.o,$(wildcard measure/*.c))
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lm

# ---- Everyday targets --------------------------------------------------------------------------------------------------

# With BACKEND the loop of a student: the suite and the answers of that backend. Without it everything is tested, also
# the kit's own tools, but in the release only.
#
# The student kit (handout/pack makes it) holds less, so less is tested there, and of hw08 and par only what the course
# promised; PROMISES=all asks for all of xmalloc.h there, too.
export PROMISES ?= $(if $(wildcard ASSIGNMENT.md),course,all)
.PHONY: test
only_backends := $(BACKEND)$(filter-out release,$(FLAVOUR))
ifneq ($(only_backends),)
tap_tests := tests/programs.t
else
tap_tests = $(wildcard tests/*.t)
endif
# Two at a time, but for those that have make build something in this tree.
at_once = $(if $(only_backends),,--jobs 2 --rules 'seq=tests/{fast_path,ladder,misuse,preload,preload_threads}.t' --rules 'par=**')
test: programs suites $(launcher) $(if $(only_backends),,$(if $(wildcard interpose/libpar.c),$(libpar)) $(patterns)) ## run all tests; BACKEND=par: only the suite and answers of that backend; DEBUG=1
	@BACKENDS="$(BACKENDS)" BIN="$(BIN)" prove $(at_once) $(tap_tests)
	$(if $(and $(BACKEND),$(filter course,$(PROMISES))),@echo "$(BACKEND) is right. Is it fast: make try BACKEND=$(BACKEND). The grade: perl test.pl")

ROUNDS ?= 7
THREADS ?= 4
# Each script knows how many rounds it needs when nobody says.
asked_rounds = $(if $(filter file,$(origin ROUNDS)),,--rounds $(ROUNDS))
.PHONY: compare
compare: programs $(peer_programs) $(launcher) ## race the backends and print one table; ROUNDS=7 THREADS=4 PEERS=1
	@bench/compare --backends "$(contenders)$(if $(PEERS), limit)" --programs "$(PROGRAMS)" $(asked_rounds) \
	    --threads $(THREADS) --bin "$(BIN)" --json $(BUILD)/compare.json --launcher $(launcher)

raced := $(filter-out hw08,$(contenders))
.PHONY: bench
bench: $(addprefix $(BIN)/patterns-,$(raced)) $(launcher) ## race them on allocation patterns, one table; ROUNDS=5 PEERS=1 [needs bench/run]
	@bench/run --allocators "$(raced)" $(asked_rounds) --bin "$(BIN)" --json $(BUILD)/bench.json --launcher $(launcher)

.PHONY: experiments
experiments: $(launcher) ## race par against copies that decide one thing otherwise; ROUNDS=9 [needs bench/experiments]
	@bench/experiments $(asked_rounds) --json $(BUILD)/experiments.json --launcher $(launcher)

.PHONY: scale
scale: $(addprefix $(BIN)/patterns-,$(filter-out limit,$(raced)) limit) $(launcher) ## cost of a call with 1 to 64 threads, against a bare list; ROUNDS=5 PEERS=1 PATTERN=pairs [needs bench/scale]
	@bench/scale --allocators "$(raced)" $(asked_rounds) $(if $(PATTERN),--pattern $(PATTERN)) --bin "$(BIN)" \
	    --json $(BUILD)/scale.json --launcher $(launcher)

# What the course notes say of each rung of the ladder, measured.
ladder := $(patsubst ladder/%_alloc.c,%,$(wildcard ladder/*_alloc.c))
.PHONY: claims claims-programs ladder
claims: $(launcher) ## what the notes claim of each allocator: claim, figure, verdict, in about a minute; ROUNDS=7 [needs ladder/claims]
	@$(MAKE) --silent BACKENDS="sys hw08 par $(ladder)" BACKEND= claims-programs
	@ladder/claims $(asked_rounds) --bin "$(BIN)" --json $(BUILD)/claims.json --launcher $(launcher)
claims-programs: $(foreach backend,$(BACKENDS) $(madvise),$(addprefix $(BIN)/,probe-$(backend))) \
    $(addprefix $(BIN)/patterns-,$(ladder)) $(foreach program,list ivec,$(addprefix $(BIN)/$(program)-,par nohuge))
ladder: $(launcher) ## the ladder's own suites and answers, also under valgrind and both sanitizers; a quarter of an hour [needs ladder]
	@$(MAKE) --silent BACKENDS="$(ladder)" BACKEND= suites
	@for tool in valgrind asan tsan; do $(MAKE) --silent $$tool BACKENDS="$(ladder)" BACKEND= || exit 1; done

# The lecture races the whole ladder, BACKENDS and the peers that are installed, and profiles them with gprof.
lecture_backends = $(sort sys hw08 par $(BACKENDS) $(patsubst ladder/%_alloc.c,%,$(wildcard ladder/*_alloc.c)))
is_installed = $(wildcard $(shell $(CC) -print-file-name=$(patsubst -l%,lib%.so,$(peer_libraries_$(1)))))
lecture_peers = $(foreach peer,jemalloc tcmalloc mimalloc,$(if $(call is_installed,$(peer)),$(peer)))
measured = $(foreach kind,memory patterns $(PROGRAMS),$(addprefix $(BIN)/$(kind)-,$(BACKENDS) $(LECTURE_PEERS)))
.PHONY: lecture lecture-programs test-lecture
lecture: claims $(launcher) ## measure all that the lecture shows, in less than ten minutes: lecture/out/index.html [needs lecture/build]
	@$(MAKE) --silent BACKENDS="$(lecture_backends)" LECTURE_PEERS="$(lecture_peers)" lecture-programs
	@$(MAKE) --silent BACKENDS="$(lecture_backends)" FLAVOUR=gprof BIN=$(BUILD)/gprof/bin PROGRAMS=list programs
	@lecture/build --measure --backends "$(lecture_backends) $(lecture_peers)" --programs "$(PROGRAMS)" --bin "$(BIN)" --build "$(BUILD)"
lecture-programs: $(measured) $(BIN)/patterns-limit $(foreach backend,$(BACKENDS),$(BIN)/replay-$(backend))
test-lecture: ## the lecture page in headless Chromium: keys, errors, overlaps, both themes [needs lecture/page.t]
	@prove lecture/page.t

.PHONY: graph
graph: ## graph.png and graph.svg from the last make compare, or a new one; needs gnuplot
	@[ -e $(BUILD)/compare.json ] || $(MAKE) --silent compare
	@bench/graph --from $(BUILD)/compare.json

.PHONY: grade
grade: ## perl test.pl: right answers, par against hw08 and sys; builds in a temporary folder
	@perl test.pl

# What an instructor needs. The archives hold only what was published.
pack = @grader/pack $@ --output $(BUILD) $(if $(RUBRIC),--rubric "$(RUBRIC)") $(if $(LIMIT),--limit $(LIMIT))
.PHONY: gradescope autolab class
gradescope: ## build/gradescope.zip, to be uploaded to Gradescope; RUBRIC=file LIMIT=seconds [needs grader/pack]
	$(pack)
autolab: ## build/autograde.tar and build/autograde-Makefile, for Autolab; RUBRIC=file LIMIT=seconds [needs grader/pack]
	$(pack)
class: ## grade every submission in a folder, into OUT or DIR-grades; DIR=folder OUT=folder; see grader/CLASS.md [needs grader/grade-class]
	@grader/grade-class $(if $(OUT),--output "$(OUT)") $(if $(RUBRIC),--rubric "$(RUBRIC)") -- "$(DIR)"

STARTER ?= freelist
.PHONY: handout solution
handout: ## the student kit, build/handout.tar.gz; STARTER=freelist|empty RUBRIC=file [needs handout/pack]
	@handout/pack handout --output $(BUILD) --starter "$(STARTER)" $(if $(RUBRIC),--rubric "$(RUBRIC)")
solution: ## the reference files, for instructors: build/solution.tar.gz [needs handout/pack]
	@handout/pack solution --output $(BUILD)

# All that a grade links with a submission, compiled once for many grades: test.pl --kit build/kit.
KIT ?= build/kit
kit_objects := $(suite_objects) $(program_support) $(call objects_of,$(addsuffix _main.c,$(PROGRAMS)) sys_alloc.c \
    tests/small_space.c tests/planted.c $(wildcard tests/contract/*.c)) $(call layer_objects,hw08)
.PHONY: kit kit-objects
kit: ## compile once what every grade links with, for perl test.pl --kit build/kit; KIT=folder
	@$(MAKE) --silent BUILD=$(KIT) $(KIT)/release/measure/launch
	@for flavour in release valgrind tsan; do \
	    $(MAKE) --silent BUILD=$(KIT) FLAVOUR=$$flavour kit-objects || exit 1; done
kit-objects: $(kit_objects)

.PHONY: corpus
corpus: ## grade all submissions with known verdicts, an hour; goes on where it was stopped; KIND=broken [needs tests/corpus/run]
	@tests/corpus/run $(if $(KIND),--kind $(KIND))

.PHONY: pristine
pristine: ## write grader/pristine.sha256, after a change of the kit's own files that is meant [needs handout/pack]
	@perl -I. -Mgrader::Pristine -e 'print grader::Pristine::listing(".")' >grader/pristine.new && mv grader/pristine.new grader/pristine.sha256

.PHONY: programs
programs: $(programs)

# A tool looks on while the suites and the programs run, in binaries of their own. Only some backends can check themselves.
.PHONY: valgrind asan tsan debug under
debug: $(launcher) ## the checking build over suite and programs of par: overruns, bad frees, heap; DEBUG=1 does it to any target [needs interpose/checking.c]
	$(if $(checked),,$(error none of the backends '$(BACKENDS)' has a check.h, so there is nothing to check))
	$(call run_under,debug,BACKEND= BACKENDS="$(checked)")
checked = $(strip $(foreach backend,$(BACKENDS),$(if $(wildcard $(backend)/check.h),$(backend))))
valgrind: $(launcher) ## memcheck over suites and programs: errors and leaks; BACKEND=par: of that backend
	$(call run_under,valgrind)
asan: $(launcher) ## AddressSanitizer and UndefinedBehaviorSanitizer over suites and programs
	$(call run_under,asan)
tsan: $(launcher) ## ThreadSanitizer over suites and programs: data races
	$(call run_under,tsan)
run_under = @$(MAKE) --silent FLAVOUR=$(1) BIN=$(BUILD)/$(1)/bin $(2) under
under: $(programs) $(suites)
	@tests/under --tool $(FLAVOUR) --folder $(O) --launcher $(launcher) --backends "$(BACKENDS)" --programs "$(PROGRAMS)"

# gprof counts in binaries of their own too.
PROG ?= list
profiled := $(firstword $(if $(BACKEND),$(BACKEND),hw08))
.PHONY: gprof profiled
gprof: $(launcher) ## hottest functions of one program; PROG=list BACKEND=hw08 TOP=2000
	@$(MAKE) --silent FLAVOUR=gprof BIN=$(BUILD)/gprof/bin profiled
profiled: $(BIN)/$(PROG)-$(profiled)
	@bench/profile --program $< --launcher $(launcher) $(if $(TOP),--top $(TOP))

# sys is built as well, to compare with.
.PHONY: try
try: $(launcher) ## suite, speed against sys and the last try, hottest functions; BACKEND=par ROUNDS=7
	$(if $(BACKEND),,$(error say which backend to try: make try BACKEND=par))
	@$(MAKE) --silent BACKENDS="$(sort sys $(BACKEND))" BACKEND= programs $(BUILD)/release/tests/suite-$(BACKEND)
	@$(MAKE) --silent FLAVOUR=gprof BIN=$(BUILD)/gprof/bin programs
	@bench/try --backend $(BACKEND) --build $(BUILD) --bin $(BIN) --programs "$(PROGRAMS)" --rounds $(ROUNDS) --threads $(THREADS)

# For editors with clangd, and for clang-tidy: how each source is compiled.
c_sources = $(wildcard *.c */*.c */*/*.c)
compile_command = $(CC) $(CPPFLAGS) $(CFLAGS) $(release_CFLAGS)
.PHONY: clangd compile_commands.json
clangd: compile_commands.json ## compile_commands.json, for editors that use clangd
compile_commands.json:
	@perl -MJSON::PP -e '$(print_compile_commands)' '$(CURDIR)' '$(compile_command)' $(c_sources) >$@
print_compile_commands = my ($$tree, $$command, @sources) = @ARGV; \
    my @entries = map { +{ directory => $$tree, file => $$_, command => "$$command -c $$_" } } @sources; \
    print JSON::PP->new->canonical->pretty->encode(\@entries)

# Everything that a machine can find without running anything.
perl_places = bench grader grader/class grader/recorded handout ladder lecture measure tests tests/corpus tests/hostile trace
perl_sources = $(sort $(wildcard *.pl */*.pm */*/*.pm */*.t) $(shell grep -l -s '^.!/usr/bin/env perl' $(addsuffix /*,$(perl_places))))
in_parallel = xargs -P $(shell nproc)
.PHONY: lint
lint: compile_commands.json ## warnings of the compiler, clang-format, clang-tidy, perl -c, perlcritic
	@for tool in clang-format clang-tidy perlcritic; do \
	    command -v $$tool >/dev/null || { echo "lint: there is no $$tool; ./setup installs it" >&2; exit 1; }; done
	@clang-format --dry-run -Werror $(c_sources) $(wildcard *.h */*.h */*/*.h)
	@printf '%s\n' $(c_sources) | $(in_parallel) -n 1 $(compile_command) -Werror -S -o /dev/null
	@printf '%s\n' $(c_sources) | $(in_parallel) -n 6 sh -c 'clang-tidy --quiet -p . "$$@" 2>/dev/null' clang-tidy
	@for source in $(perl_sources); do perl -I . -c $$source 2>&1 | grep -v ' syntax OK$$' && exit 1; done; true
	@perlcritic --quiet --profile .perlcriticrc --gentle $(perl_sources)
	@echo 'lint: $(words $(c_sources)) C files and $(words $(perl_sources)) Perl files are clean.'

.PHONY: help clean
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / && !(match($$2, / \[needs [^]]*\]/) && \
	    system("test -e " substr($$2, RSTART + 8, RLENGTH - 9))) \
	    {sub(/ \[needs [^]]*\]/, "", $$2); printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

clean: ## remove everything that was built
	rm -rf build bin lib compile_commands.json

# Every suite runs, also after a failure: a student wants to know all that is wrong. A backend that is not written yet (77)
# is a failure only when it was asked for.
.PHONY: suites
suites: $(suites) ## run the Check suite of every backend
	@failed=0; for suite in $(suites); do \
	    $$suite; case $$? in 0) ;; 77) $(if $(BACKEND),failed=1) ;; *) failed=1 ;; esac; done; exit $$failed
