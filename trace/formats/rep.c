// rep.c: the .rep format of malloc-lab: four numbers (a suggested heap size, how many ids, how many operations, a
// weight), then one operation a line: `a ID BYTES`, `r ID BYTES`, `f ID`.

#include "trace/formats/formats.h"
#include "trace/formats/words.h"
#include "trace/output.h"

// ---- Writing --------------------------------------------------------------------------------------------------------

// A block's number is used again for another block, but an id of a .rep file is not.
static void write_trace(const struct trace* trace, struct output* output) {
    output_text(output, "%llu\n%zu\n%zu\n1\n", (unsigned long long)trace->payload_peak, trace->takes, trace->count);
    struct pages pages = {0};
    pages_reserve(&pages, (trace->blocks + 1) * sizeof(size_t));
    size_t* id_of = pages.start;
    size_t next_id = 0;
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event* event = &trace->events[i];
        char operation = 'a';
        if (event->kind == TRACE_FREE) {
            operation = 'f';
        } else if (event->kind == TRACE_REALLOC) {
            operation = 'r';
        } else {
            id_of[event->block] = next_id++;
        }
        output_text(output, "%c %zu", operation, id_of[event->block]);
        if (operation != 'f') output_text(output, " %llu", (unsigned long long)event->bytes);
        output_text(output, "\n");
    }
    pages_release(&pages);
}

// ---- Reading --------------------------------------------------------------------------------------------------------

static bool is_rep(const struct input* input) {
    size_t at = 0;
    while (at < input->count && (input->bytes[at] == ' ' || input->bytes[at] == '\t')) at++;
    return at < input->count && input->bytes[at] >= '0' && input->bytes[at] <= '9';
}

// The four numbers may stand in one line or in four.
static uint64_t header_number(struct words* words, const char* what) {
    size_t before = words->at;
    size_t length;
    words_next(words, &length);
    words->at = before;
    if (length == 0 && !words_next_line(words)) words_fail(words, "%s is missing", what);
    return words_number(words, what, INT64_MAX);
}

static void read_operation(struct trace* trace, struct words* words) {
    if (words_take(words, "a")) {
        uint64_t name = words_new_name(words);
        uint64_t bytes = words_number(words, "a size", PTRDIFF_MAX);
        words_name_block(words, name, trace_take(trace, TRACE_MALLOC, 0, bytes, 0));
    } else if (words_take(words, "r")) {
        uint32_t block = words_live_block(words);
        trace_resize(trace, 0, block, words_number(words, "a size", PTRDIFF_MAX));
    } else if (words_take(words, "f")) {
        trace_give(trace, 0, words_dead_block(words));
    } else {
        size_t length;
        const char* word = words_next(words, &length);
        words_fail(words, "'%.*s' is no operation: there are a, r and f", (int)(length < 64 ? length : 64), word);
    }
    words_end_line(words);
}

static void read_trace(struct trace* trace, const struct input* input) {
    struct words words = {.input = input};
    words_next_line(&words);
    header_number(&words, "the suggested heap size");
    header_number(&words, "the number of ids");
    uint64_t operations = header_number(&words, "the number of operations");
    header_number(&words, "the weight");
    words_end_line(&words);
    while (words_next_line(&words)) {
        if (trace->count == operations) {
            words_fail(&words, "its header promises %llu operations, but there are more",
                       (unsigned long long)operations);
        }
        read_operation(trace, &words);
    }
    if (trace->count < operations) {
        words_fail(&words, "the file ends after %zu of %llu operations", trace->count, (unsigned long long)operations);
    }
    pages_release(&words.blocks);
}

const struct trace_format rep_format = {".rep", is_rep, read_trace, write_trace};
