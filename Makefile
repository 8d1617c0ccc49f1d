# The map of the kit: its targets. `make help` explains them; make/ says how each thing is built, one question a file.
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

.DEFAULT_GOAL := all
include make/flavours.mk make/backends.mk make/objects.mk make/peers.mk make/libraries.mk make/lecture.mk make/tests.mk make/misuse.mk \
    make/torture.mk make/archives.mk make/realworld.mk make/install.mk make/lint.mk

ROUNDS ?= 7
THREADS ?= 4
# Each script knows how many rounds it needs when nobody says.
asked_rounds = $(if $(filter file,$(origin ROUNDS)),,--rounds $(ROUNDS))

# Variables are sorted, so that their order makes no second section. With RESULTS=1 what a measurement prints is kept on a page beside what made it.
kept = $(if $(RESULTS),measure/keep-results $(1) "make $(strip $(MAKECMDGOALS) $(sort $(filter-out RESULTS=%,$(MAKEOVERRIDES))))" --)

# ---- Build -------------------------------------------------------------------------------------------------------------

.PHONY: all programs libpar xtrace replay
all: $(programs) ## build every program with every backend, as bin/PROGRAM-BACKEND
programs: $(programs)
libpar: $(libpar_of_flavour) ## build lib/libpar.so, which replaces malloc in any program: LD_PRELOAD=lib/libpar.so PROGRAM; HARDENED=1 and DEBUG=1: libpar-hardened.so, libpar-checking.so [needs interpose/libpar.c]
xtrace: $(BIN)/xtrace $(LIB)/libxtrace.so ## bin/xtrace [-o FILE] PROGRAM records the malloc calls of any program; see trace/README.md [needs trace/record/xtrace.c]
replay: $(foreach backend,$(BACKENDS),$(BIN)/replay-$(backend)) $(BIN)/trace-convert ## build bin/replay-BACKEND for every backend; run it with a TRACE: throughput, utilization [needs trace/convert.c]

# ---- Test --------------------------------------------------------------------------------------------------------------

# With BACKEND the loop of a student: the suite and the answers of that backend. Without it everything is tested, also the
# kit's own tools, but in the release only.
.PHONY: test
test: programs suites $(launcher) $(if $(only_backends),,$(if $(wildcard interpose/libpar.c),$(libpar)) $(patterns)) ## run all tests; BACKEND=par: only suite and answers of that backend; VERBOSE=1 DEBUG=1
	@$(if $(and $(BACKEND),$(filter release,$(FLAVOUR))),$(run_answers),$(run_tap))
	$(if $(and $(BACKEND),$(filter course,$(PROMISES))),@echo "$(BACKEND) is right. Is it fast: make try BACKEND=$(BACKEND). The grade: perl test.pl")

.PHONY: torture fuzz coverage mutants
torture: $(addprefix $(O)/tests/torture/random-,par family) $(libpar) ## random calls, failing system calls, other kernels, limits; OPS=1e9 CREW=8 SEED=number [needs tests/torture]
	@$(O)/tests/torture/random-par $(or $(OPS),1e9) $(or $(CREW),8) $(SEED)
	@LD_PRELOAD=$(abspath $(libpar)) $(O)/tests/torture/random-family $(or $(OPS),1e9) $(or $(CREW),8) $(SEED)
	@LONG=1 prove -v tests/torture
fuzz: $(O)/tests/torture/fuzz-par ## libFuzzer over sequences of calls, needs clang; FUZZ_S=600; keeps what it finds in build/fuzz [needs tests/torture]
	@mkdir -p $(BUILD)/fuzz && $< -max_len=8192 -max_total_time=$(FUZZ_S) -rss_limit_mb=4096 $(BUILD)/fuzz tests/torture/corpus
coverage: lib/torture-library.so $(launcher) ## lines and branches of par that suite, torture, misuse and small tools reach; minutes [needs tests/torture]
	@$(MAKE) --silent FLAVOUR=coverage BIN=$(BUILD)/coverage/bin BACKENDS=par BACKEND= counted
	@tests/torture/coverage $(BUILD)/coverage $(launcher)
mutants: mutant-objects ## change par and hw08 in one place at a time: who notices?; SAMPLE=150 SEED=number FILES="par/slack.c par/depot.c"; resumable [needs tests/torture]
	@tests/torture/mutants --sample $(or $(SAMPLE),150) $(if $(SEED),--seed $(SEED)) $(if $(FILES),--of "$(FILES)")

# ---- Race --------------------------------------------------------------------------------------------------------------

.PHONY: compare bench experiments scale claims misuse hardened ladder lecture sample test-lecture graph
compare: programs $(peer_programs) $(launcher) ## race the backends and print one table; ROUNDS=7 THREADS=4 PEERS=1 RESULTS=1
	@$(call kept,bench/RESULTS.md) bench/compare --backends "$(contenders)$(if $(PEERS), limit)" --programs "$(PROGRAMS)" $(asked_rounds) \
	    --threads $(THREADS) --bin "$(BIN)" --json $(BUILD)/compare.json --launcher $(launcher)

bench: $(addprefix $(BIN)/patterns-,$(raced)) $(launcher) ## race allocators on allocation patterns and print one table; ROUNDS=5 PEERS=1 RESULTS=1 [needs bench/run]
	@$(call kept,bench/RESULTS.md) bench/run --allocators "$(raced)" $(asked_rounds) --bin "$(BIN)" --json $(BUILD)/bench.json --launcher $(launcher)

experiments: $(launcher) ## race par against copies with one changed design decision; ROUNDS=9 RESULTS=1 [needs bench/experiments]
	@$(call kept,bench/RESULTS.md) bench/experiments $(asked_rounds) --json $(BUILD)/experiments.json --launcher $(launcher)

scale: $(addprefix $(BIN)/patterns-,$(filter-out limit,$(raced)) limit) $(launcher) ## measure the cost of a call with 1 to 64 threads, relative to a bare list; ROUNDS=5 PEERS=1 PATTERN=pairs RESULTS=1 [needs bench/scale]
	@$(call kept,bench/RESULTS.md) bench/scale --allocators "$(raced)" $(asked_rounds) $(if $(PATTERN),--pattern $(PATTERN)) --bin "$(BIN)" \
	    --json $(BUILD)/scale.json --launcher $(launcher)

misuse: $(wrong) $(misuse_libraries) $(launcher) ## run small wrong programs under par, its checking and hardened builds, and other allocators: what is caught; minutes; ONLY=CWE-415 TIMES=2 RESULTS=1 [needs misuse/run]
	@$(call kept,misuse/RESULTS.md) misuse/run --launcher $(launcher) --wrong $(wrong) $(if $(ONLY),--programs "$(ONLY)") $(if $(TIMES),--times "$(TIMES)")

hardened: $(foreach allocator,$(hardened_raced),$(foreach program,$(PROGRAMS) patterns,$(BIN)/$(program)-$(allocator))) $(launcher) ## what the hardened build costs: patterns and programs beside par, sys and the hardened allocators of others; ROUNDS=5 RESULTS=1 [needs par/hardened]
	@$(call kept,misuse/RESULTS.md) sh -c "bench/run --allocators \"$(hardened_raced)\" $(asked_rounds) --bin \"$(BIN)\" --json $(BUILD)/hardened.json --launcher $(launcher) && bench/compare --backends \"$(hardened_raced)\" --programs \"$(PROGRAMS)\" $(asked_rounds) --threads $(THREADS) --bin \"$(BIN)\" --json $(BUILD)/hardened-programs.json --launcher $(launcher)"

claims: $(launcher) ## measure the notes' claims about each allocator: claim, figure, verdict; about a minute; ROUNDS=7 RESULTS=1 [needs ladder/claims]
	@$(MAKE) --silent BACKENDS="sys hw08 par $(ladder)" BACKEND= claims-programs
	@$(call kept,ladder/RESULTS.md) ladder/claims $(asked_rounds) $(if $(RESULTS),--markdown) --bin "$(BIN)" --json $(BUILD)/claims.json --launcher $(launcher)

ladder: $(launcher) ## test the ladder: suites and answers, also under valgrind and both sanitizers; a quarter of an hour [needs ladder]
	@$(MAKE) --silent BACKENDS="$(ladder)" BACKEND= suites
	@for tool in valgrind asan tsan; do $(MAKE) --silent $$tool BACKENDS="$(ladder)" BACKEND= || exit 1; done

lecture: $(if $(SAMPLE),,$(launcher)) ## measure for the lecture and write lecture/out/index.html; seven minutes, continues a stopped run; QUICK=1: three; SAMPLE=1: recorded, at once [needs lecture/build]
	$(if $(SAMPLE),,@$(MAKE) --silent BACKENDS="$(lecture_backends)" LECTURE_PEERS="$(if $(QUICK),,$(lecture_peers))" lecture-programs claims-programs)
	$(if $(SAMPLE),,@$(MAKE) --silent BACKENDS="$(lecture_backends)" FLAVOUR=gprof BIN=$(BUILD)/gprof/bin PROGRAMS=list programs)
	@lecture/build $(if $(SAMPLE),--sample,--measure --backends "$(lecture_backends) $(if $(QUICK),,$(lecture_peers))" $(if $(QUICK),--quick,--programs "$(PROGRAMS)") --bin "$(BIN)" --build "$(BUILD)")
sample: ## write lecture/recorded/sample.json, which SAMPLE=1 shows, from the last make lecture of a quiet machine [needs lecture/build]
	@lecture/build --record-sample --build "$(BUILD)"
test-lecture: ## test the lecture page in headless Chromium: keys, errors, overlaps, printing, accessibility, both themes; after ./setup --lecture [needs lecture/build]
	@[ -d $(BUILD)/lecture-tools/node_modules/playwright-core ] || { echo "test-lecture: the browser's driver is not there: ./setup --lecture installs it" >&2; exit 1; }
	@node --test tests/lecture/browser/*.test.mjs

.PHONY: realworld
realworld: $(libpar) $(counted) $(launcher) peer-jemalloc peer-tcmalloc peer-mimalloc ## run real programs on libpar and its peers: same output? CPU, memory; about half an hour, continues a stopped run; ROUNDS=3 PROGRAMS="git redis" RESULTS=1 [needs realworld/run]
	@$(call kept,realworld/RESULTS.md) realworld/run $(asked_rounds) $(if $(filter file,$(origin PROGRAMS)),,--programs "$(PROGRAMS)") $(if $(RESULTS),--markdown) \
	    --allocators "$(realworld_allocators)" --counted $(counted) --launcher $(launcher) --state $(BUILD)/realworld

.PHONY: everywhere
everywhere: ## run the kit's checks on other releases of Debian, compilers, processors and habits: one table; hours, continues a stopped run; needs root; WHERE="trixie arm64" KNOWN=1 MIRROR=address RESULTS=1 [needs everywhere/run]
	@$(call kept,docs/platforms.md) everywhere/run $(if $(WHERE),--where "$(WHERE)") $(if $(KNOWN),--known)

graph: ## draw graph.png and graph.svg from the last make compare, or from a new one; needs gnuplot
	@[ -e $(BUILD)/compare.json ] || { echo "graph: there are no results yet, so make compare comes first: about three minutes" >&2; $(MAKE) --silent compare; }
	@bench/graph --from $(BUILD)/compare.json

# ---- Grade -------------------------------------------------------------------------------------------------------------

.PHONY: grade gradescope autolab classroom prairielearn submitty class handout solution variant kit corpus screens pristine
grade: ## run perl test.pl: right answers, par against hw08 and sys; builds in a temporary folder
	@perl test.pl
gradescope: ## pack build/gradescope.zip for Gradescope; RUBRIC=file LIMIT=seconds [needs grader/services/pack]
	$(pack)
autolab: ## pack build/autograde.tar and build/autograde-Makefile for Autolab; RUBRIC=file LIMIT=seconds [needs grader/services/pack]
	$(pack)
classroom: ## pack build/classroom.tar.gz, a template repository for GitHub Classroom; RUBRIC=file LIMIT=seconds STARTER=freelist|empty [needs grader/services/pack]
	$(pack) --starter "$(STARTER)"
prairielearn: ## pack build/prairielearn.tar.gz, a question for PrairieLearn; IMAGE=name RUBRIC=file LIMIT=seconds [needs grader/services/pack]
	$(pack) $(if $(IMAGE),--image "$(IMAGE)")
submitty: ## pack build/submitty.tar.gz, an autograding configuration for Submitty; IMAGE=name RUBRIC=file LIMIT=seconds [needs grader/services/pack]
	$(pack) $(if $(IMAGE),--image "$(IMAGE)")
class: ## grade every submission in a folder, into OUT or DIR-grades; DIR=folder OUT=folder; see grader/class/README.md [needs grader/grade-class]
	@grader/grade-class $(if $(OUT),--output "$(OUT)") $(if $(RUBRIC),--rubric "$(RUBRIC)") -- "$(DIR)"

handout: ## pack the student kit, build/handout.tar.gz; STARTER=freelist|empty RUBRIC=file [needs handout/pack]
	@handout/pack handout --output $(BUILD) --starter "$(STARTER)" $(if $(RUBRIC),--rubric "$(RUBRIC)")
solution: ## pack the reference files for instructors, build/solution.tar.gz [needs handout/pack]
	@handout/pack solution --output $(BUILD)
variant: ## make a kit with one more promise, so that old files lack something: build/variant-SEED; SEED=2027 or PROMISE=arena [needs handout/variant]
	@handout/variant $(if $(PROMISE),--promise "$(PROMISE)") $(if $(SEED),--seed "$(SEED)")
kit: ## compile once the files that every grade links with, for perl test.pl --kit build/kit; KIT=folder
	@$(MAKE) --silent BUILD=$(KIT) $(KIT)/release/measure/launch
	@for flavour in release $(if $(shell command -v valgrind),valgrind) tsan; do \
	    $(MAKE) --silent BUILD=$(KIT) FLAVOUR=$$flavour kit-objects || exit 1; done
corpus: ## grade all submissions with known verdicts; some hours; continues a stopped run; KIND=broken RESULTS=1 [needs tests/corpus/run]
	@$(call kept,tests/corpus/RESULTS.md) tests/corpus/run $(if $(KIND),--kind $(KIND))
screens: ## show what make test says of the bugs that students write first, and after how many seconds; LOAD=8 RESULTS=1 [needs tests/handout/screens]
	@$(call kept,tests/handout/RESULTS.md) tests/handout/screens $(if $(LOAD),--load $(LOAD))
pristine: ## write grader/kit/pristine.sha256, after an intended change of the kit's own files [needs handout/pack]
	@perl -I. -Mgrader::kit::Pristine -e 'grader::kit::Pristine::write(".")'

# ---- Give away ---------------------------------------------------------------------------------------------------------

.PHONY: install uninstall dist deb
install: $(libpar) libpar xtrace replay lib/libxmalloc.a $(pages) $(BUILD)/xmalloc.pc ## libpar.so, xtrace, replay, libxmalloc.a, header, manual pages; PREFIX=/usr/local DESTDIR=folder LIBDIR= MODULEDIR= MANDIR= [needs packaging/dist]
	$(run_install)
uninstall: ## remove what make install has put there; with the same PREFIX and DESTDIR [needs packaging/dist]
	$(run_uninstall)
dist: ## pack build/xmalloc-VERSION.tar.gz, the whole source; the same tree gives the same bytes [needs packaging/dist]
	@packaging/dist --output $(BUILD)
deb: ## build Debian packages into build/deb and have lintian look at them; needs debhelper and lintian, no root [needs packaging/deb]
	@packaging/deb --output $(BUILD)/deb

# ---- Look closer -------------------------------------------------------------------------------------------------------

# A tool looks on while the suites and the programs run, in binaries of their own. Only some backends can check themselves.
.PHONY: debug valgrind asan tsan gprof heapmap live try clangd lint
debug: $(launcher) ## run suite and programs of par in the checking build: overruns, bad frees, heap; DEBUG=1 selects it in any target [needs interpose/checking.c]
	$(if $(checked),,$(error none of the backends '$(BACKENDS)' has a check.h, so there is nothing to check))
	$(call run_under,debug,BACKEND= BACKENDS="$(checked)")
valgrind: $(launcher) ## run suites and programs under memcheck: errors and leaks; BACKEND=par: of that backend
	$(call run_under,valgrind)
asan: $(launcher) ## run suites and programs with AddressSanitizer and UndefinedBehaviorSanitizer
	$(call run_under,asan)
tsan: $(launcher) ## run suites and programs with ThreadSanitizer: data races
	$(call run_under,tsan)

gprof: $(launcher) ## show the hottest functions of one program; PROG=list BACKEND=hw08; TOP=2000, else one that takes 2 s or more
	@$(MAKE) --silent FLAVOUR=gprof BIN=$(BUILD)/gprof/bin profiled

heapmap: $(launcher) ## see where a backend puts its blocks, beside sys and hw08: a page, and a picture; BACKEND=par STEP=120 PNG=heap.png
	$(if $(BACKEND),,$(error say whose heap to show: make heapmap BACKEND=par))
	@$(MAKE) --silent BACKENDS="$(sort sys hw08 $(BACKEND))" BACKEND= $(foreach backend,$(sort sys hw08 $(BACKEND)),$(BIN)/replay-$(backend))
	@lecture/heapmap/build --backend $(BACKEND) --bin "$(BIN)" --launcher $(launcher) --output $(BUILD)/heapmap-$(BACKEND).html \
	    $(if $(STEP),--step "$(STEP)") $(if $(TRACE),--trace "$(TRACE)") $(if $(PNG),--png "$(PNG)")
live: xtrace ## run a program and see the heap of a backend that does its calls, in step, in the browser over loopback: slow motion and pause hold the program; BACKEND=par PROGRAM="sort FILE" SPEED=40 PORT=8080 [needs lecture/live/serve]
	$(if $(BACKEND),,$(error say whose heap to show: make live BACKEND=par))
	@$(MAKE) --silent BACKENDS="$(sort sys $(BACKEND))" BACKEND= $(BIN)/replay-$(BACKEND) $(BIN)/collatz-sys
	@lecture/live/serve --backend $(BACKEND) --bin "$(BIN)" $(if $(SPEED),--speed $(SPEED)) $(if $(PORT),--port $(PORT)) \
	    $(or $(PROGRAM),$(BIN)/collatz-sys -t 2 400)

# sys is also built, for comparison.
try: $(launcher) ## run the suite, race sys and the last try, show the hottest functions; BACKEND=par ROUNDS=7
	$(if $(BACKEND),,$(error say which backend to try: make try BACKEND=par))
	@$(MAKE) --silent BACKENDS="$(sort sys $(BACKEND))" BACKEND= programs $(BUILD)/release/tests/suite-$(BACKEND)
	@$(MAKE) --silent FLAVOUR=gprof BIN=$(BUILD)/gprof/bin BACKENDS="$(sort sys $(BACKEND))" BACKEND= programs
	@bench/try --backend $(BACKEND) --build $(BUILD) --bin $(BIN) --programs "$(PROGRAMS)" --rounds $(ROUNDS) --threads $(THREADS)

.PHONY: model
model: ## prove with Spin what threads of par share, and that broken variants are noticed: states, seconds; minutes; RESULTS=1 [needs tests/models/run]
	@$(call kept,tests/models/RESULTS.md) tests/models/run
clangd: compile_commands.json ## write compile_commands.json, for editors that use clangd
lint: compile_commands.json ## check with compiler warnings, clang-format, clang-tidy, perl -c, perlcritic
	$(run_lint)

# ---- Help --------------------------------------------------------------------------------------------------------------

.PHONY: help clean suites
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / && !(match($$2, / \[needs [^]]*\]/) && \
	    system("test -e " substr($$2, RSTART + 8, RLENGTH - 9))) \
	    {sub(/ \[needs [^]]*\]/, "", $$2); printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

clean: ## remove everything that was built
	rm -rf $(filter-out build/check.mk,$(wildcard build/*)) bin lib compile_commands.json

suites: $(suites) ## run the Check suite of every backend
	$(run_suites)
