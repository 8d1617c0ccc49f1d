# What the lecture and the claims race: the whole ladder, par with other advice to the kernel, and the peers that are
# installed.

ladder := $(patsubst ladder/%_alloc.c,%,$(wildcard ladder/*_alloc.c))

# bin/PROGRAM-nohuge asks for no huge pages, bin/PROGRAM-nopurge keeps pages that it could give up. The experiments know what
# to change.
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

.PHONY: claims-programs lecture-programs
claims-programs: $(foreach backend,$(BACKENDS) $(madvise),$(addprefix $(BIN)/,probe-$(backend))) \
    $(addprefix $(BIN)/patterns-,$(ladder)) $(foreach program,list ivec,$(addprefix $(BIN)/$(program)-,par nohuge))

lecture_backends = $(sort sys hw08 par $(BACKENDS) $(ladder))
is_installed = $(wildcard $(shell $(CC) -print-file-name=$(patsubst -l%,lib%.so,$(peer_libraries_$(1)))))
lecture_peers = $(foreach peer,jemalloc tcmalloc mimalloc,$(if $(call is_installed,$(peer)),$(peer)))
measured = $(foreach kind,memory patterns $(PROGRAMS),$(addprefix $(BIN)/$(kind)-,$(BACKENDS) $(LECTURE_PEERS)))
lecture-programs: $(measured) $(BIN)/patterns-limit $(foreach backend,$(BACKENDS),$(BIN)/replay-$(backend))
