# Where things go on a machine that shall have them for good, and the archives that others build from. See packaging/README.md.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
# What is preloaded and never linked with. bin/xtrace looks for its recorder in these two places.
MODULEDIR ?= $(PREFIX)/lib
module_places := $(PREFIX)/lib $(PREFIX)/lib/xmalloc
MANDIR ?= $(PREFIX)/share/man

# A release is its heading in CHANGELOG.md, `## VERSION (DATE)`; nothing else in the tree says either.
version = $(shell awk '/^.. [0-9]/ { print $$2; exit }' CHANGELOG.md)
released = $(shell awk '/^.. [0-9]/ { gsub(/[()]/, ""); print $$3; exit }' CHANGELOG.md)

# par for programs that are written against xmalloc.h: one object that has three names. libpar.so has none of the three,
# since a preloaded xmalloc would take the place of the one that readline and others bring along.
lib/libxmalloc.a: $(patsubst %.c,$(BUILD)/release/%.o,par_alloc.c $(wildcard par/*.c)) packaging/xmalloc.syms
	@mkdir -p $(@D)
	$(Q)$(CC) -r -nostdlib -o $(BUILD)/release/xmalloc.o $(filter %.o,$^)
	$(Q)$(OBJCOPY) --keep-global-symbols=packaging/xmalloc.syms $(BUILD)/release/xmalloc.o
	@rm -f $@
	$(Q)$(AR) rcsD $@ $(BUILD)/release/xmalloc.o

# Pages are written as POD, like all help here.
pages := $(addprefix $(BUILD)/man/,xmalloc.3 libpar.7 xtrace.1 replay-par.1 test.pl.1)
pod2man = pod2man --utf8 --name=$(basename $(@F)) --section=$(patsubst .%,%,$(suffix $(@F))) --center=xmalloc --release='xmalloc $(version)' --date='$(released)' $< $@
$(BUILD)/man/%: packaging/man/%.pod CHANGELOG.md
	@mkdir -p $(@D)
	$(Q)$(pod2man)
$(BUILD)/man/test.pl.1: test.pl CHANGELOG.md
	@mkdir -p $(@D)
	$(Q)$(pod2man)

$(BUILD)/xmalloc.pc: packaging/xmalloc.pc.in CHANGELOG.md make/install.mk FORCE
	@mkdir -p $(@D)
	@sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@MODULEDIR@|$(MODULEDIR)|; s|@VERSION@|$(version)|' $< >$@
.PHONY: FORCE
FORCE:

# Programs, modules (a sibling of libpar.so when somebody has built it), and second names of pages: PAGE=NAME.
tools := xtrace trace-convert $(addprefix replay-,$(BACKENDS))
siblings := $(addprefix lib/,libpar-hardened.so libpar-checking.so libpar-valgrind.so)
modules = lib/libpar.so lib/libxtrace.so $(wildcard $(siblings))
also_named := xmalloc.3=xfree.3 xmalloc.3=xrealloc.3 $(patsubst %,replay-par.1=%.1,$(filter-out xtrace replay-par,$(tools)))
section = $(MANDIR)/man$(patsubst .%,%,$(suffix $(1)))
installed = $(addprefix $(PREFIX)/bin/,$(tools)) $(PREFIX)/include/xmalloc.h $(LIBDIR)/libxmalloc.a $(LIBDIR)/pkgconfig/xmalloc.pc \
    $(addprefix $(MODULEDIR)/,$(notdir lib/libpar.so lib/libxtrace.so $(siblings))) \
    $(foreach page,$(notdir $(pages)) $(foreach name,$(also_named),$(lastword $(subst =, ,$(name)))),$(call section,$(page))/$(page))

define run_install
	$(if $(filter $(module_places),$(MODULEDIR)),,$(error MODULEDIR=$(MODULEDIR) must be one of $(module_places): xtrace looks there))
	$(if $(word 5,$(PREFIX) $(LIBDIR) $(MODULEDIR) $(MANDIR)),$(error PREFIX, LIBDIR, MODULEDIR and MANDIR must have no space in them; DESTDIR may))
	@install -d $(addprefix "$(DESTDIR),$(addsuffix ",$(sort $(dir $(installed)))))
	@install -m 755 $(addprefix $(BIN)/,$(tools)) "$(DESTDIR)$(PREFIX)/bin"
	@install -m 644 xmalloc.h "$(DESTDIR)$(PREFIX)/include"
	@install -m 644 lib/libxmalloc.a "$(DESTDIR)$(LIBDIR)"
	@install -m 644 $(BUILD)/xmalloc.pc "$(DESTDIR)$(LIBDIR)/pkgconfig"
	@install -m 644 $(modules) "$(DESTDIR)$(MODULEDIR)"
	@$(foreach page,$(pages),install -m 644 $(page) "$(DESTDIR)$(call section,$(page))" &&) true
	@$(foreach name,$(also_named),ln -sf $(subst =, "$(DESTDIR)$(call section,$(name))"/,$(name)) &&) true
	@echo "installed below $(DESTDIR)$(PREFIX); make uninstall, with the same words, takes it away"
endef
run_uninstall = @rm -f $(addprefix "$(DESTDIR),$(addsuffix ",$(installed)))
