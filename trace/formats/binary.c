// binary.c: the compact format.
//
// All threads are in one order. Every number is a varint unless said otherwise: seven bits a byte, the lowest first,
// the top bit set in all bytes but the last.
//
//   8 bytes   "xtrace\r\n" (the line end is there because mail and git like to change it)
//   version   1
//   flags     1: the program went on after the last event
//   events    how many follow
//   length    of the name, then so many bytes: the command line of the program, for people
//   events    see below
//   8 bytes   FNV-1a of all bytes before, the lowest byte first
//
// An event is a byte with its kind in the low three bits (enum trace_kind), 8 added when it is of another thread than
// the event before (the first one: than thread 0), and the higher bits 0. Then, in this order:
//
//   thread     only when 8 was added; threads have numbers from 0, in the order of their first event
//   block      of a realloc and a free
//   bytes      of all but a free: the size that was asked for
//   alignment  of an aligned one: its binary logarithm
//
// The number of a block is not written where it is taken, for both sides know it (trace/trace.h).
//
// Calls without effect are no events: a free of NULL, and calls that failed. realloc(NULL, n) is a malloc, and a
// realloc to 0 bytes that freed its block is a free.
//
// Cost: about three bytes an event.

#include <string.h>

#include "programs/failure.h"
#include "trace/formats/formats.h"
#include "trace/output.h"

#define TRACE_MAGIC "xtrace\r\n"

enum {
    TRACE_MAGIC_BYTES = sizeof TRACE_MAGIC - 1,
    TRACE_VERSION = 1,
    TRACE_FLAG_CUT = 1,
    TRACE_OTHER_THREAD = 8,
    TRACE_CHECKSUM_BYTES = 8,
};

// ---- Checksum -------------------------------------------------------------------------------------------------------

static const uint64_t FNV_START = 0xcbf29ce484222325u;

static uint64_t checksum(uint64_t sum, const void* bytes, size_t count) {
    const unsigned char* from = bytes;
    for (size_t i = 0; i < count; i++) sum = (sum ^ from[i]) * 0x100000001b3u;
    return sum;
}

// ---- Writing --------------------------------------------------------------------------------------------------------

struct writer {
    struct output* output;
    uint64_t sum;
};

static void put(struct writer* writer, const void* bytes, size_t count) {
    writer->sum = checksum(writer->sum, bytes, count);
    output_bytes(writer->output, bytes, count);
}

static void put_byte(struct writer* writer, unsigned byte) { put(writer, &(unsigned char){(unsigned char)byte}, 1); }

static void put_number(struct writer* writer, uint64_t number) {
    for (; number >= 0x80; number >>= 7) put_byte(writer, (unsigned)(number & 0x7f) | 0x80);
    put_byte(writer, (unsigned)number);
}

static void put_event(struct writer* writer, const struct trace_event* event, uint32_t thread_before) {
    bool other_thread = event->thread != thread_before;
    put_byte(writer, event->kind | (other_thread ? TRACE_OTHER_THREAD : 0u));
    if (other_thread) put_number(writer, event->thread);
    if (event->kind == TRACE_REALLOC || event->kind == TRACE_FREE) put_number(writer, event->block);
    if (event->kind != TRACE_FREE) put_number(writer, event->bytes);
    if (event->kind == TRACE_ALIGNED) put_number(writer, event->alignment_log2);
}

static void write_trace(const struct trace* trace, struct output* output) {
    struct writer writer = {output, FNV_START};
    put(&writer, TRACE_MAGIC, TRACE_MAGIC_BYTES);
    put_number(&writer, TRACE_VERSION);
    put_number(&writer, trace->cut ? TRACE_FLAG_CUT : 0);
    put_number(&writer, trace->count);
    put_number(&writer, strlen(trace->program));
    put(&writer, trace->program, strlen(trace->program));
    uint32_t thread = 0;
    for (size_t i = 0; i < trace->count; i++) {
        put_event(&writer, &trace->events[i], thread);
        thread = trace->events[i].thread;
    }
    uint64_t sum = writer.sum;
    for (unsigned i = 0; i < TRACE_CHECKSUM_BYTES; i++) put_byte(&writer, (unsigned)(sum >> 8 * i) & 0xff);
}

// ---- Reading --------------------------------------------------------------------------------------------------------

struct reader {
    const struct input* input;
    size_t at;
    size_t events;  // as the header says
    size_t event;   // that is being read
    bool in_events;
};

static _Noreturn void damaged(const struct reader* reader, const char* why) {
    if (reader->in_events) {
        fail(EXIT_NO_ANSWER, "%s is damaged at event %zu of %zu: %s", reader->input->path, reader->event + 1,
             reader->events, why);
    }
    fail(EXIT_NO_ANSWER, "%s is damaged in its header: %s", reader->input->path, why);
}

static unsigned get_byte(struct reader* reader) {
    if (reader->at == reader->input->count) damaged(reader, "the file ends there");
    return reader->input->bytes[reader->at++];
}

static uint64_t get_number(struct reader* reader) {
    uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
        unsigned byte = get_byte(reader);
        if (shift > 63 || (shift == 63 && byte > 1)) damaged(reader, "a number has more than 64 bits");
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return number;
    }
}

static uint64_t get_at_most(struct reader* reader, uint64_t most, const char* why) {
    uint64_t number = get_number(reader);
    if (number > most) damaged(reader, why);
    return number;
}

static void get_header(struct reader* reader, struct trace* trace) {
    reader->at = TRACE_MAGIC_BYTES;
    uint64_t version = get_number(reader);
    if (version != TRACE_VERSION) {
        fail(EXIT_NO_ANSWER, "%s has version %llu of the format, but this program knows version %d only",
             reader->input->path, (unsigned long long)version, TRACE_VERSION);
    }
    trace->cut = get_at_most(reader, TRACE_FLAG_CUT, "it has a flag that nobody knows") & TRACE_FLAG_CUT;
    reader->events = get_number(reader);
    size_t length = get_at_most(reader, TRACE_NAME_MOST, "the name of the program is too long");
    if (length > reader->input->count - reader->at) damaged(reader, "the file ends there");
    trace_name(trace, (const char*)reader->input->bytes + reader->at, length);
    reader->at += length;
}

static uint32_t get_block(struct reader* reader, const struct trace* trace) {
    uint64_t block = get_number(reader);
    if (!trace_is_alive(trace, block)) damaged(reader, "it is of a block that is not alive");
    return (uint32_t)block;
}

static uint64_t get_size(struct reader* reader) {
    return get_at_most(reader, PTRDIFF_MAX, "a block is larger than any can be");
}

static void get_event(struct reader* reader, struct trace* trace, uint32_t* thread) {
    unsigned tag = get_byte(reader);
    enum trace_kind kind = tag & 7;
    if (kind < TRACE_MALLOC || kind > TRACE_FREE || tag >> 4 != 0) damaged(reader, "there is no such kind of event");
    if (tag & TRACE_OTHER_THREAD) {
        uint64_t most = trace->threads < TRACE_THREADS_MOST ? trace->threads : TRACE_THREADS_MOST - 1;
        *thread = (uint32_t)get_at_most(reader, most, "its thread has too high a number");
    }
    if (kind == TRACE_FREE) {
        trace_give(trace, *thread, get_block(reader, trace));
    } else if (kind == TRACE_REALLOC) {
        uint32_t block = get_block(reader, trace);
        trace_resize(trace, *thread, block, get_size(reader));
    } else {
        uint64_t bytes = get_size(reader);
        uint64_t alignment_log2 = 0;
        if (kind == TRACE_ALIGNED) {
            alignment_log2 = get_at_most(reader, TRACE_ALIGNMENT_LOG2_MOST, "it asks for too much alignment");
        }
        trace_take(trace, kind, *thread, bytes, (uint8_t)alignment_log2);
    }
}

static bool is_binary(const struct input* input) {
    size_t compared = input->count < TRACE_MAGIC_BYTES ? input->count : TRACE_MAGIC_BYTES;
    // "xtrace" alone may also be the beginning of text.
    return compared > 6 && memcmp(input->bytes, TRACE_MAGIC, compared) == 0;
}

static void read_trace(struct trace* trace, const struct input* input) {
    struct reader reader = {.input = input};
    if (input->count < TRACE_MAGIC_BYTES) damaged(&reader, "the file ends there");
    get_header(&reader, trace);
    reader.in_events = true;
    uint32_t thread = 0;
    for (reader.event = 0; reader.event < reader.events; reader.event++) get_event(&reader, trace, &thread);

    uint64_t sum = checksum(FNV_START, input->bytes, reader.at);
    if (input->count - reader.at != TRACE_CHECKSUM_BYTES) {
        fail(EXIT_NO_ANSWER, "%s is damaged: %zu bytes follow its last event, but should be %d", input->path,
             input->count - reader.at, TRACE_CHECKSUM_BYTES);
    }
    uint64_t expected = 0;
    for (unsigned i = 0; i < TRACE_CHECKSUM_BYTES; i++) expected |= (uint64_t)get_byte(&reader) << 8 * i;
    if (sum != expected) fail(EXIT_NO_ANSWER, "%s is damaged: its checksum is wrong", input->path);
}

const struct trace_format binary_format = {".trace", is_binary, read_trace, write_trace};
