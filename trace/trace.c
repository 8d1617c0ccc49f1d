// trace.c: see trace.h.

#include "trace/trace.h"

#include <string.h>

#include "programs/failure.h"

const char* const trace_kind_names[TRACE_FREE + 1] = {
    [TRACE_MALLOC] = "malloc",   [TRACE_CALLOC] = "calloc", [TRACE_ALIGNED] = "aligned",
    [TRACE_REALLOC] = "realloc", [TRACE_FREE] = "free",
};

static void add(struct trace* trace, struct trace_event event) {
    pages_reserve(&trace->event_pages, (trace->count + 1) * sizeof event);
    trace->events = trace->event_pages.start;
    trace->events[trace->count] = event;
    if (event.thread >= trace->threads) trace->threads = event.thread + 1;
    if (event.kind == TRACE_MALLOC || event.kind == TRACE_CALLOC || event.kind == TRACE_ALIGNED) trace->takes++;

    uint64_t* size = (uint64_t*)trace->sizes.start + event.block;
    if (*size != 0) trace->payload -= *size - 1;
    *size = event.kind == TRACE_FREE ? 0 : event.bytes + 1;
    trace->payload += event.bytes;
    if (trace->payload > trace->payload_peak) {
        trace->payload_peak = trace->payload;
        trace->peak_event = trace->count;
    }
    trace->count++;
}

uint32_t trace_take(struct trace* trace, enum trace_kind kind, uint32_t thread, uint64_t bytes,
                    uint8_t alignment_log2) {
    uint32_t block;
    if (trace->unused_count > 0) {
        block = ((uint32_t*)trace->unused.start)[--trace->unused_count];
    } else {
        if (trace->blocks == UINT32_MAX) fail(EXIT_NO_ANSWER, "a trace cannot hold so many blocks");
        block = trace->blocks++;
        pages_reserve(&trace->sizes, trace->blocks * sizeof(uint64_t));
    }
    add(trace, (struct trace_event){bytes, block, thread, (uint8_t)kind, alignment_log2});
    return block;
}

void trace_resize(struct trace* trace, uint32_t thread, uint32_t block, uint64_t bytes) {
    add(trace, (struct trace_event){bytes, block, thread, TRACE_REALLOC, 0});
}

void trace_give(struct trace* trace, uint32_t thread, uint32_t block) {
    add(trace, (struct trace_event){0, block, thread, TRACE_FREE, 0});
    pages_reserve(&trace->unused, (trace->unused_count + 1) * sizeof block);
    ((uint32_t*)trace->unused.start)[trace->unused_count++] = block;
}

void trace_reserve(struct trace* trace, size_t events) {
    pages_populate(&trace->event_pages, events * sizeof(struct trace_event));
    pages_populate(&trace->sizes, events * sizeof(uint64_t));
    pages_populate(&trace->unused, events * sizeof(uint32_t));
}

bool trace_is_alive(const struct trace* trace, uint64_t block) {
    return block < trace->blocks && ((const uint64_t*)trace->sizes.start)[block] != 0;
}

void trace_name(struct trace* trace, const char* text, size_t length) {
    if (length > TRACE_NAME_MOST) length = TRACE_NAME_MOST;
    for (size_t i = 0; i < length; i++) {
        bool is_control = (unsigned char)text[i] < ' ' || text[i] == 0x7f;
        trace->program[i] = ' ';
        if (!is_control) trace->program[i] = text[i];
    }
    trace->program[length] = '\0';
}

// All that a trace says of itself is of its events, so those that stay are added once more.
void trace_keep_first(struct trace* trace, size_t events) {
    if (events >= trace->count) return;
    struct trace kept = {.cut = true};
    memcpy(kept.program, trace->program, sizeof kept.program);
    for (size_t i = 0; i < events; i++) {
        const struct trace_event* event = &trace->events[i];
        if (event->kind == TRACE_FREE) {
            trace_give(&kept, event->thread, event->block);
        } else if (event->kind == TRACE_REALLOC) {
            trace_resize(&kept, event->thread, event->block, event->bytes);
        } else {
            trace_take(&kept, event->kind, event->thread, event->bytes, event->alignment_log2);
        }
    }
    trace_release(trace);
    *trace = kept;
}

void trace_release(struct trace* trace) {
    pages_release(&trace->event_pages);
    pages_release(&trace->sizes);
    pages_release(&trace->unused);
    *trace = (struct trace){0};
}
