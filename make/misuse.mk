# The small wrong programs, which run with any malloc; and what they are run with: see misuse/README.md.

wrong := $(BUILD)/release/misuse/wrong
$(wrong): $(patsubst %.c,$(BUILD)/release/%.o,$(wildcard misuse/programs/*.c))
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^
# The compiler must neither know what malloc does nor find out what is wrong.
$(BUILD)/release/misuse/programs/%.o: override CFLAGS += -O0 -fno-builtin

misuse_libraries = $(libpar) $(LIB)/libpar-hardened.so $(LIB)/libpar-checking.so

# What the hardened build costs: beside the release, the C library, and the hardened allocators of others that are here.
# They are in one folder of programs, as bench/run and bench/compare want them.
scudo_library := $(firstword $(wildcard /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.scudo_standalone-x86_64.so))
mimalloc_secure_library := $(firstword $(wildcard $(addsuffix /libmimalloc-secure.so*,/usr/lib/*-linux-gnu /usr/local/lib)))
hardened_peers := $(if $(scudo_library),scudo) $(if $(mimalloc_secure_library),mimalloc-secure)
define hardened_peer_rules
$(foreach program,$(PROGRAMS),
$(call link_rule,$(BIN)/$(program)-$(1),$(call objects_of,$(program)_main.c) $(program_support),sys,-Wl$(comma)--no-as-needed $(2) -Wl$(comma)-rpath$(comma)$(dir $(2))))
$(call link_rule,$(BIN)/patterns-$(1),$(patterns_objects),sys,-Wl$(comma)--no-as-needed $(2) -Wl$(comma)-rpath$(comma)$(dir $(2)))
endef
$(if $(scudo_library),$(eval $(call hardened_peer_rules,scudo,$(scudo_library))))
$(if $(mimalloc_secure_library),$(eval $(call hardened_peer_rules,mimalloc-secure,$(mimalloc_secure_library))))
$(foreach program,$(PROGRAMS) patterns,$(BIN)/$(program)-hardened): hardened-objects
	@mkdir -p $(@D)
	@cp $(BUILD)/hardened/bin/$(@F:%-hardened=%-par) $@
.PHONY: hardened-objects
hardened-objects:
	@$(MAKE) --silent FLAVOUR=hardened BIN=$(BUILD)/hardened/bin BACKENDS=par BACKEND= programs $(BUILD)/hardened/bin/patterns-par
hardened_raced := sys par hardened $(hardened_peers)
