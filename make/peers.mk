# Peers: allocators that one could use instead.
#
# With PEERS=1 `make compare`, `make bench` and `make scale` race them too. A peer is sys_alloc.o linked with a library that
# has a malloc of its own, so that all of them run the same objects; libpar is par in that role. limit is the floor for ivec,
# list and the patterns of `make scale`.

peers := jemalloc tcmalloc mimalloc libpar
peer_libraries_jemalloc := -ljemalloc
peer_libraries_tcmalloc := -ltcmalloc_minimal
peer_libraries_mimalloc := -lmimalloc
peer_libraries_libpar := $(if $(elsewhere),$(LIB),$(CURDIR)/lib)/libpar.so
contenders := $(BACKENDS) $(if $(PEERS),$(peers))
raced := $(filter-out hw08,$(contenders))
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
$(eval $(call whole_rule,limit))
endif

# Peers are linked with sys_alloc.c, also where sys does not take part.
ifeq ($(filter sys,$(BACKENDS)),)
$(eval $(call whole_rule,sys))
endif

.PHONY: peer-jemalloc peer-tcmalloc peer-mimalloc peer-libpar
peer-jemalloc: ; $(call need_library,libjemalloc.so,libjemalloc-dev)
peer-tcmalloc: ; $(call need_library,libtcmalloc_minimal.so,libgoogle-perftools-dev)
peer-mimalloc: ; $(call need_library,libmimalloc.so,libmimalloc-dev)
peer-libpar: libpar
need_library = @test -e "$$($(CC) -print-file-name=$(1))" || \
    { echo "there is no $(1) to race: install the package $(2), or run ./setup --peers" >&2; exit 1; }
