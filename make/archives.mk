# What leaves this tree: archives for services, the student kit, and the objects that every grade links with.

# The archives hold only what was published.
pack = @grader/services/pack $@ --output $(BUILD) $(if $(RUBRIC),--rubric "$(RUBRIC)") $(if $(LIMIT),--limit $(LIMIT))

STARTER ?= freelist

# All that a grade links with a submission, compiled once for many grades: test.pl --kit build/kit. Under a tool the contract's
# programs alone are run.
KIT ?= build/kit
kit_objects := $(call objects_of,sys_alloc.c $(wildcard tests/contract/*.c)) $(call layer_objects,hw08) \
    $(if $(filter release,$(FLAVOUR)),$(suite_objects) $(program_support) $(call objects_of,$(addsuffix _main.c,$(PROGRAMS))))
.PHONY: kit-objects
kit-objects: $(kit_objects)
