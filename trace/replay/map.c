// map.c: where a backend puts every block of a trace, as JSON for the page that draws it. See trace/README.md.

#include <string.h>
#include <unistd.h>

#include "trace/output.h"
#include "trace/replay/replay.h"

struct map {
    struct replay_observer observer;  // first, so that a pointer to it is one to the map
    struct output output;
    const struct trace* trace;
    uint64_t before;
};

static void begin(struct replay_observer* observer) {
    struct map* map = (struct map*)observer;
    replay_resident_bytes();
    map->before = replay_resident_bytes();
}

static unsigned long long number_of(const unsigned char* address) { return (unsigned long long)(uintptr_t)address; }

static void after(struct replay_observer* observer, size_t number, const struct trace_event* event,
                  struct replay_change change) {
    struct map* map = (struct map*)observer;
    uint64_t resident = replay_resident_bytes();
    output_text(&map->output, "[\"%s\", %u, %u, %llu, %llu, %llu", trace_kind_names[event->kind], event->thread,
                event->block, (unsigned long long)change.bytes, number_of(change.start),
                (unsigned long long)(resident > map->before ? resident - map->before : 0));
    if (event->kind == TRACE_REALLOC) {
        output_text(&map->output, ", %llu, %llu", (unsigned long long)change.old_bytes, number_of(change.old_start));
    }
    output_text(&map->output, number + 1 == map->trace->count ? "]\n" : "],\n");
}

void replay_write_map(const struct trace* trace, const char* trace_path, const char* backend, bool with_threads,
                      const char* path) {
    static struct map map;
    map.observer = (struct replay_observer){begin, after};
    map.trace = trace;
    struct output* output = &map.output;
    output_open(output, path);
    const char* slash = strrchr(trace_path, '/');
    output_text(output, "{\"format\": \"xmalloc heap map\", \"version\": 1, \"backend\": ");
    output_json_string(output, backend);
    output_text(output, ", \"trace\": ");
    output_json_string(output, slash == NULL ? trace_path : slash + 1);
    output_text(output, ", \"program\": ");
    output_json_string(output, trace->program);
    output_text(output,
                ",\n \"cut\": %s, \"events\": %zu, \"blocks\": %u, \"threads\": %u, \"page_bytes\": %ld,\n \"fields\": "
                "[\"kind\", \"thread\", \"block\", \"bytes\", \"address\", \"resident\", \"old_bytes\", "
                "\"old_address\"],\n \"steps\": [\n",
                trace->cut ? "true" : "false", trace->count, trace->blocks, trace->threads, sysconf(_SC_PAGESIZE));
    replay_in_order(trace, with_threads, &map.observer);
    output_text(output, "]}\n");
    output_close(output);
}
