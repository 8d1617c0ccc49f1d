// text.c: a trace as text, for people, for tests and for other programs. trace/README.md describes it.

#include <string.h>

#include "trace/formats/formats.h"
#include "trace/formats/words.h"
#include "trace/output.h"

static const char first_line[] = "xtrace text 1";

static void write_trace(const struct trace* trace, struct output* output) {
    output_text(output, "%s\n", first_line);
    if (trace->program[0] != '\0') output_text(output, "program %s\n", trace->program);
    if (trace->cut) output_text(output, "cut\n");
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event* event = &trace->events[i];
        output_text(output, "%s %u %u", trace_kind_names[event->kind], event->thread, event->block);
        if (event->kind != TRACE_FREE) output_text(output, " %llu", (unsigned long long)event->bytes);
        if (event->kind == TRACE_ALIGNED) output_text(output, " %llu", 1ULL << event->alignment_log2);
        output_text(output, "\n");
    }
}

static enum trace_kind kind_of(struct words* words) {
    for (enum trace_kind kind = TRACE_MALLOC; kind <= TRACE_FREE; kind++) {
        if (words_take(words, trace_kind_names[kind])) return kind;
    }
    size_t length;
    const char* word = words_next(words, &length);
    words_fail(words, "'%.*s' is no event", (int)(length < 64 ? length : 64), word);
}

static uint8_t alignment_log2_of(struct words* words) {
    uint64_t alignment = words_number(words, "an alignment", 1ULL << TRACE_ALIGNMENT_LOG2_MOST);
    if (alignment == 0 || (alignment & (alignment - 1)) != 0) words_fail(words, "an alignment is no power of two");
    return (uint8_t)__builtin_ctzll(alignment);
}

static void read_event(struct trace* trace, struct words* words) {
    enum trace_kind kind = kind_of(words);
    uint32_t threads = trace->threads < TRACE_THREADS_MOST ? trace->threads : TRACE_THREADS_MOST - 1;
    uint32_t thread = (uint32_t)words_number(words, "the number of a thread", threads);
    if (kind == TRACE_FREE) {
        trace_give(trace, thread, words_dead_block(words));
    } else if (kind == TRACE_REALLOC) {
        uint32_t block = words_live_block(words);
        trace_resize(trace, thread, block, words_number(words, "a size", PTRDIFF_MAX));
    } else {
        uint64_t name = words_new_name(words);
        uint64_t bytes = words_number(words, "a size", PTRDIFF_MAX);
        uint8_t alignment_log2 = kind == TRACE_ALIGNED ? alignment_log2_of(words) : 0;
        words_name_block(words, name, trace_take(trace, kind, thread, bytes, alignment_log2));
    }
    words_end_line(words);
}

static bool is_text(const struct input* input) {
    size_t length = sizeof first_line - 1;
    return input->count > length && memcmp(input->bytes, first_line, length) == 0;
}

static void read_trace(struct trace* trace, const struct input* input) {
    struct words words = {.input = input};
    words_next_line(&words);
    while (words_next_line(&words)) {
        if (words_take(&words, "program")) {
            size_t length;
            const char* name = words_next(&words, &length);
            trace_name(trace, name, words.end - (size_t)((const unsigned char*)name - input->bytes));
        } else if (words_take(&words, "cut")) {
            trace->cut = true;
            words_end_line(&words);
        } else {
            read_event(trace, &words);
        }
    }
    pages_release(&words.blocks);
}

const struct trace_format text_format = {"", is_text, read_trace, write_trace};
