# What editors and checkers are told of the sources.

c_sources = $(filter-out build/%,$(wildcard *.c */*.c */*/*.c tests/suite/support/*.c))
compile_command = $(CC) $(CPPFLAGS) $(CFLAGS) $(release_CFLAGS)
.PHONY: compile_commands.json
compile_commands.json:
	@perl -MJSON::PP -e '$(print_compile_commands)' '$(CURDIR)' '$(compile_command)' $(c_sources) >$@
print_compile_commands = my ($$tree, $$command, @sources) = @ARGV; \
    my @entries = map { +{ directory => $$tree, file => $$_, command => "$$command -c $$_" } } @sources; \
    print JSON::PP->new->canonical->pretty->encode(\@entries)

perl_places = bench everywhere misuse grader grader/class grader/services grader/services/autolab grader/services/gradescope grader/speed \
    grader/speed/recorded handout ladder lecture lecture/heapmap lecture/live measure packaging realworld realworld/inputs tests/tools tests/corpus tests/handout tests/hostile trace
perl_sources = $(sort $(wildcard *.pl */*.pm */*/*.pm */*/*/*.pm */*.t */*/*.t) \
    $(shell grep -l -s '^.!/usr/bin/env perl' $(addsuffix /*,$(perl_places))))
in_parallel = xargs -P $(shell nproc)

# Everything that a machine can find without running anything.
define run_lint
	@for tool in clang-format clang-tidy perlcritic; do \
	    command -v $$tool >/dev/null || { echo "lint: there is no $$tool; ./setup installs it" >&2; exit 1; }; done
	@clang-format --dry-run -Werror $(c_sources) $(filter-out build/%,$(wildcard *.h */*.h */*/*.h tests/suite/support/*.h))
	@printf '%s\n' $(c_sources) | $(in_parallel) -n 1 $(compile_command) -Werror -S -o /dev/null
	@printf '%s\n' $(c_sources) | $(in_parallel) -n 6 sh -c 'clang-tidy --quiet -p . "$$@" 2>/dev/null' clang-tidy
	@for source in $(perl_sources); do perl -I . -c $$source 2>&1 | grep -v ' syntax OK$$' && exit 1; done; true
	@perlcritic --quiet --profile .perlcriticrc --gentle $(perl_sources)
	@wc -l $(c_sources) $(perl_sources) | awk '$$2 != "total" && $$1 > 400 { \
	    print "lint: would a stranger find what they look for in " $$2 ", of " $$1 " lines?" }'
	@dirname $(c_sources) $(perl_sources) | sort | uniq -c | awk '$$1 > 20 { \
	    print "lint: does " $$2 "/, of " $$1 " files, answer one question?" }'
	@echo 'lint: $(words $(c_sources)) C files and $(words $(perl_sources)) Perl files are clean.'
endef
