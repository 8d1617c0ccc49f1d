# Shared libraries for programs that were linked without us: par as a malloc, and the recorder of traces.

$(BUILD)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -O2 -fPIC -DPAR_AS_LIBRARY -fvisibility=hidden -ftls-model=initial-exec -MMD -MP -c -o $@ $<
-include $(shell find $(BUILD)/pic -name '*.d' 2>/dev/null)

# par with the whole malloc family, for LD_PRELOAD and for racing the peers on equal terms. Its constructors run before those
# of all others (initfirst), so that its fork handlers are the first that are registered and take its locks after everybody
# else's have run.
libpar := lib/libpar.so
$(libpar): $(patsubst %.c,$(BUILD)/pic/%.o,interpose/libpar.c interpose/glibc.c interpose/operators.c $(wildcard par/*.c))
	@mkdir -p $(@D)
	$(Q)$(CC) -shared $(LDFLAGS) -Wl,-z,initfirst -o $@ $^

$(BUILD)/pic/interpose/operators.o: CFLAGS += -fexceptions

# Asks whichever malloc it runs with; the compiler must not know what malloc does.
$(O)/tests/tools/family $(O)/tests/tools/self_report $(O)/tests/tools/tight $(O)/tests/tools/preload_threads: %: %.o
	$(Q)$(CC) $(flavour_cflags) $(LDFLAGS) -o $@ $^ -ldl
$(O)/tests/tools/family.o $(O)/tests/tools/self_report.o $(O)/tests/tools/tight.o $(O)/tests/tools/preload_threads.o: CFLAGS += -fno-builtin

# The recorder, and bin/xtrace, which runs a program with it. See trace/README.md.
lib/libxtrace.so: $(BUILD)/pic/trace/record/record.o
	@mkdir -p $(@D)
	$(Q)$(CC) -shared $(LDFLAGS) -Wl,-z,initfirst -o $@ $^
$(BUILD)/pic/trace/record/record.o: CFLAGS += -fno-builtin
$(BIN)/xtrace: $(call objects_of,$(addprefix trace/record/,xtrace.c gather.c) $(trace_sources)) | lib/libxtrace.so
$(BIN)/trace-convert: $(call objects_of,trace/convert.c $(trace_sources))
$(BIN)/xtrace $(BIN)/trace-convert:
	@mkdir -p $(@D)
	$(Q)$(CC) $(flavour_cflags) $(LDFLAGS) -o $@ $^
