# What `make test` and its relatives run.

# The student kit (handout/pack makes it) holds less, so less is tested there, and of hw08 and par only what the course
# promised; PROMISES=all asks for all of xmalloc.h there, too.
export PROMISES ?= $(if $(wildcard ASSIGNMENT.md),course,all)

only_backends := $(BACKEND)$(filter-out release,$(FLAVOUR))
# Those that take minutes begin first, so that none of them is left alone at the end.
longest_tests := $(wildcard $(addprefix tests/,allocator/ladder.t grader/corpus.t grader/contract.t allocator/tools.t handout/handout.t \
    grader/grader.t allocator/suites.t everywhere/clang.t allocator/hardened.t torture/mutants.t models/models.t handout/first_hour.t \
    grader/class.t allocator/par.t handout/screens.t torture/random.t))
all_tests = $(longest_tests) $(filter-out $(longest_tests),$(wildcard tests/*/*.t))
tap_tests = $(if $(only_backends),tests/allocator/programs.t,$(all_tests))

# Four at a time, for many of them wait now and then; but one after the other, those that have make build something in this
# tree.
at_once = $(if $(only_backends),,--jobs 4 \
    --rules 'seq=tests/allocator/{fast_path,ladder,misuse,preload,preload_threads}.t' --rules 'par=**')

# A student's loop asks for the answers of one backend, and tells them without the words of a harness.
ifdef BACKEND
ifeq ($(or $(SUBMITTED_$(BACKEND)),$(wildcard $(call backend_source,$(BACKEND)))),)
$(error there is no backend '$(BACKEND)': it would be the file $(BACKEND)_alloc.c; there are: $(patsubst %_alloc.c,%,$(wildcard *_alloc.c)))
endif
endif
run_answers = tests/tools/answers --backend $(BACKEND) --programs "$(PROGRAMS)" --build "$(BUILD)" --bin "$(BIN)" \
    --launcher $(launcher) $(if $(RUN_S),--seconds $(RUN_S))
run_tap = LAUNCHER="$(abspath $(launcher))" BACKENDS="$(BACKENDS)" BIN="$(BIN)" $(if $(wildcard tests/lib/prove),tests/lib/prove,prove) $(at_once) $(tap_tests)

# Every suite runs, also after a failure: a student wants to know all that is wrong. A backend that is not written yet (77)
# is a failure only when it was asked for.
run_suites = @$(if $(shown),printf '\033[K' >&2; )failed=0; for suite in $(suites); do \
    $$suite; case $$? in 0) ;; 77) $(if $(BACKEND),failed=1) ;; *) failed=1 ;; esac; done; exit $$failed

# gprof counts in binaries of their own too.
PROG ?= list
profiled := $(firstword $(if $(BACKEND),$(BACKEND),hw08))
.PHONY: profiled
profiled: $(BIN)/$(PROG)-$(profiled)
	@bench/profile --program $< --launcher $(launcher) $(if $(TOP),--top $(TOP))
