# The small wrong programs, which run with any malloc; and what they are run with: see misuse/README.md.

wrong := $(BUILD)/release/misuse/wrong
$(wrong): $(patsubst %.c,$(BUILD)/release/%.o,$(wildcard misuse/programs/*.c))
	$(Q)$(CC) $(LDFLAGS) -o $@ $^
# The compiler must neither know what malloc does nor find out what is wrong.
$(BUILD)/release/misuse/programs/%.o: CFLAGS += -O0 -fno-builtin

misuse_libraries = $(libpar)
