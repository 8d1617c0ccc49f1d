// replay.c: bin/replay-BACKEND, which does what a recorded program asked of its allocator, with a backend of ours.
//
// Usage: replay-BACKEND [OPTIONS] TRACE; see trace/README.md. It takes its own memory from the system (pages.h) and not
// from the heap, for the C library's heap is the backend sys.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/failure.h"
#include "trace/file.h"
#include "trace/output.h"
#include "trace/replay/replay.h"

static const char usage[] =
    "usage: replay-BACKEND [--threads] [--rounds N] [--fill] [--first N] [--json | [--follow] --map FILE] TRACE";

struct options {
    const char* trace;
    const char* map;
    size_t first;
    unsigned rounds;
    bool threads;
    bool fill;
    bool json;
    bool follow;  // the trace is the recording of a program that runs
};

static size_t number_or_exit(const char* option, const char* text, size_t most) {
    char* end = NULL;
    unsigned long long number = text == NULL || text[0] < '0' || text[0] > '9' ? 0 : strtoull(text, &end, 10);
    if (number == 0 || number > most || *end != '\0') {
        fail(EXIT_USAGE, "%s must be followed by a number from 1 to %zu, but is by '%s'", option, most,
             text == NULL ? "" : text);
    }
    return number;
}

static void read_option(struct options* options, char** argv, int* at) {
    const char* option = argv[*at];
    if (strcmp(option, "--threads") == 0) {
        options->threads = true;
    } else if (strcmp(option, "--fill") == 0) {
        options->fill = true;
    } else if (strcmp(option, "--json") == 0) {
        options->json = true;
    } else if (strcmp(option, "--follow") == 0) {
        options->follow = true;
    } else if (strcmp(option, "--rounds") == 0) {
        options->rounds = (unsigned)number_or_exit(option, argv[++*at], REPLAY_ROUNDS_MOST);
    } else if (strcmp(option, "--first") == 0) {
        options->first = number_or_exit(option, argv[++*at], SIZE_MAX);
    } else if (strcmp(option, "--map") == 0) {
        options->map = argv[++*at];
        if (options->map == NULL) fail(EXIT_USAGE, "--map must be followed by a file\n%s", usage);
    } else if (strcmp(option, "-h") == 0 || strcmp(option, "--help") == 0) {
        puts(usage);
        exit(0);
    } else {
        fail(EXIT_USAGE, "unknown option '%s'\n%s", option, usage);
    }
}

static struct options options_of(int argc, char** argv) {
    struct options options = {.first = SIZE_MAX, .rounds = 7};
    for (int at = 1; at < argc; at++) {
        if (argv[at][0] == '-' && argv[at][1] != '\0') {
            read_option(&options, argv, &at);
        } else if (options.trace != NULL) {
            fail(EXIT_USAGE, "one TRACE is enough, but '%s' follows '%s'", argv[at], options.trace);
        } else {
            options.trace = argv[at];
        }
    }
    if (options.trace == NULL) fail(EXIT_USAGE, "TRACE is missing\n%s", usage);
    if (!options.follow) return options;
    if (options.map == NULL) fail(EXIT_USAGE, "--follow needs --map FILE\n%s", usage);
    if (options.first == SIZE_MAX) options.first = REPLAY_FOLLOWED_USUALLY;
    if (options.first > REPLAY_FOLLOWED_MOST) {
        fail(EXIT_USAGE, "--follow goes with --first up to %d, but it is %zu", REPLAY_FOLLOWED_MOST, options.first);
    }
    return options;
}

// ---- Reports --------------------------------------------------------------------------------------------------------

struct report {
    const char* trace_name;
    const char* backend;
    const struct trace* trace;
    bool threads;
    struct replay_memory memory;
    struct replay_timing timing;
};

static double utilization(const struct report* report) {
    if (report->memory.resident_peak_bytes == 0) return 0;
    return (double)report->trace->payload_peak / (double)report->memory.resident_peak_bytes;
}

static size_t peak_event(const struct trace* trace) { return trace->payload_peak == 0 ? 0 : trace->peak_event + 1; }

static void print_json(const struct report* report) {
    const struct trace* trace = report->trace;
    const struct replay_memory* memory = &report->memory;
    static struct output output;
    output_open(&output, "-");
    output_text(&output, "{\"backend\": ");
    output_json_string(&output, report->backend);
    output_text(&output, ", \"trace\": ");
    output_json_string(&output, report->trace_name);
    output_text(&output, ", \"program\": ");
    output_json_string(&output, trace->program);
    output_text(&output, ",\n \"events\": %zu, \"blocks\": %u, \"recorded_threads\": %u, \"threads\": %s,\n",
                trace->count, trace->blocks, trace->threads, report->threads ? "true" : "false");
    output_text(&output, " \"operations_per_s\": %.0f, \"rounds\": [", replay_median(&report->timing));
    for (unsigned i = 0; i < report->timing.rounds; i++) {
        output_text(&output, "%s%.0f", i == 0 ? "" : ", ", report->timing.rates[i]);
    }
    output_text(&output, "],\n \"payload_peak_bytes\": %llu, \"payload_peak_event\": %zu, \"memory_peak_bytes\": %llu,",
                (unsigned long long)trace->payload_peak, peak_event(trace),
                (unsigned long long)memory->resident_peak_bytes);
    output_text(&output, " \"utilization\": %.4f,\n \"worst\": ", utilization(report));
    output_text(&output, "{\"event\": %zu, \"payload_bytes\": %llu, \"resident_bytes\": %llu}}\n", memory->worst.event,
                (unsigned long long)memory->worst.payload_bytes, (unsigned long long)memory->worst.resident_bytes);
    output_close(&output);
}

static double kib(uint64_t bytes) { return (double)bytes / 1024; }

static void print_text(const struct report* report) {
    const struct trace* trace = report->trace;
    const struct replay_moment* worst = &report->memory.worst;
    const double* rates = report->timing.rates;
    printf("%s on %s: %zu events of %u recorded %s, replayed %s\n", report->trace_name, report->backend, trace->count,
           trace->threads, trace->threads == 1 ? "thread" : "threads",
           report->threads ? "each by a thread of its own" : "by one thread in their order");
    printf("  throughput    %.2f million operations a second, median of %u rounds from %.2f to %.2f\n",
           1e-6 * replay_median(&report->timing), report->timing.rounds, 1e-6 * rates[0],
           1e-6 * rates[report->timing.rounds - 1]);
    printf("  utilization   %.1f %%: at most %.1f KiB asked for at a time (event %zu), %.1f KiB resident\n",
           100 * utilization(report), kib(trace->payload_peak), peak_event(trace),
           kib(report->memory.resident_peak_bytes));
    printf("  worst moment  event %zu: %.1f KiB asked for, %.1f KiB resident\n", worst->event,
           kib(worst->payload_bytes), kib(worst->resident_bytes));
}

int main(int argc, char** argv) {
    failure_names_program(argv[0]);
    struct options options = options_of(argc, argv);
    const char* dash = strrchr(argv[0], '-');
    const char* backend = dash == NULL ? "unknown" : dash + 1;
    if (options.follow) {
        replay_follow(options.trace, backend, options.first, options.map);
        return 0;
    }
    static struct trace trace;
    trace_load(&trace, options.trace);
    trace_keep_first(&trace, options.first);
    if (options.map != NULL) {
        struct replay_observer* map = replay_map_open(&trace, false, options.trace, backend, options.map);
        replay_in_order(&trace, options.threads, map);
        replay_map_close(map);
        return 0;
    }
    const char* slash = strrchr(options.trace, '/');
    struct report report = {.trace_name = slash == NULL ? options.trace : slash + 1,
                            .backend = backend,
                            .trace = &trace,
                            .threads = options.threads};
    if (trace.count == 0) fail(EXIT_NO_ANSWER, "%s has no events, so there is nothing to replay", options.trace);
    report.memory = replay_measure_memory(&trace, options.threads);
    report.timing = replay_time(&trace, options.rounds, options.threads, options.fill);
    if (options.json) {
        print_json(&report);
    } else {
        print_text(&report);
    }
    if (fflush(stdout) != 0) fail(EXIT_NO_ANSWER, "standard output could not be written: %s", strerror(errno));
    return 0;
}
