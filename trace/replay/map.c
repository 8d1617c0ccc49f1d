// map.c: where a backend puts every block of a trace, as JSON for the page that draws it. See trace/README.md.

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "trace/output.h"
#include "trace/replay/replay.h"

// A reading of the mappings takes as long as a hundred events. Of a program that runs it is one a frame of whoever
// shows it.
enum { READINGS = 5000, BETWEEN_READINGS_NS = 100 * 1000 * 1000 };

struct map {
    struct replay_observer observer;  // first, so that a pointer to it is one to the map
    struct output output;
    const struct trace* trace;
    bool is_growing;
    bool has_steps;
    bool shall_look;
    size_t every;  // of so many events one is followed by a reading of the mappings
    int64_t read_ns;
    uint64_t before;
};

static unsigned long long number_of(const void* address) { return (unsigned long long)(uintptr_t)address; }

// The process's own pages are touched first, lest they look like the backend's.
static void begin(struct replay_observer* observer) {
    struct map* map = (struct map*)observer;
    const char* first = replay_mappings();
    const char* second = replay_mappings();
    const char* before = second != NULL ? second : first != NULL ? first : "[]";
    output_text(&map->output, " \"before\": ");
    output_bytes(&map->output, before, strlen(before));
    output_text(
        &map->output,
        ",\n \"fields\": [\"kind\", \"thread\", \"block\", \"bytes\", \"address\", \"resident\", \"old_bytes\", "
        "\"old_address\"],\n \"steps\": [\n");
    output_flush(&map->output);
    replay_resident_bytes();
    map->before = replay_resident_bytes();
}

// A line grows while its event is done, so that the file tells where a process ended: in its check of the block (no
// comma yet), in the call (a comma), or when it wrote to what the call had given (an address).
static void before(struct replay_observer* observer, const struct trace_event* event,
                   const struct replay_block* block) {
    struct map* map = (struct map*)observer;
    output_text(&map->output, "%s[\"%s\", %u, %u, %llu", map->is_growing && map->has_steps ? "," : "",
                trace_kind_names[event->kind], event->thread, event->block,
                (unsigned long long)(event->kind == TRACE_FREE ? block->bytes : event->bytes));
    output_flush(&map->output);
}

static void calling(struct replay_observer* observer) {
    struct map* map = (struct map*)observer;
    output_text(&map->output, ", ");
    output_flush(&map->output);
}

static void called(struct replay_observer* observer, const void* given) {
    struct map* map = (struct map*)observer;
    output_text(&map->output, "%llu", number_of(given));
    output_flush(&map->output);
}

// Reading takes its time, so it is not done for each step of a program that waits meanwhile.
static bool is_to_look(struct map* map, size_t number) {
    if (!map->is_growing) return number % map->every == 0;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (!map->shall_look && map->has_steps && now_ns - map->read_ns < BETWEEN_READINGS_NS) return false;
    map->shall_look = false;
    map->read_ns = now_ns;
    return true;
}

static void after(struct replay_observer* observer, size_t number, const struct trace_event* event,
                  struct replay_change change) {
    struct map* map = (struct map*)observer;
    uint64_t resident = replay_resident_bytes();
    output_text(&map->output, ", %llu", (unsigned long long)(resident > map->before ? resident - map->before : 0));
    if (event->kind == TRACE_REALLOC) {
        output_text(&map->output, ", %llu, %llu", (unsigned long long)change.old_bytes, number_of(change.old_start));
    }
    const char* mappings = is_to_look(map, number) ? replay_mappings() : NULL;
    if (mappings != NULL) {
        output_text(&map->output, ", {\"mappings\": ");
        output_bytes(&map->output, mappings, strlen(mappings));
        output_text(&map->output, "}");
    }
    output_text(&map->output, map->is_growing || number + 1 == map->trace->count ? "]\n" : "],\n");
    output_flush(&map->output);
    map->has_steps = true;
}

struct replay_observer* replay_map_open(const struct trace* trace, bool is_growing, const char* trace_path,
                                        const char* backend, const char* path) {
    static struct map map;
    map.observer = (struct replay_observer){begin, after, before, calling, called};
    map.trace = trace;
    map.is_growing = is_growing;
    map.every = trace->count / READINGS + 1;
    struct output* output = &map.output;
    memset(output->buffer, 0, sizeof output->buffer);
    output_open(output, path);
    const char* slash = strrchr(trace_path, '/');
    output_text(output, "{\"format\": \"xmalloc heap map\", \"version\": 1, \"backend\": ");
    output_json_string(output, backend);
    output_text(output, ", \"trace\": ");
    output_json_string(output, slash == NULL ? trace_path : slash + 1);
    output_text(output, ", \"program\": ");
    output_json_string(output, trace->program);
    if (is_growing) {
        output_text(output, ",\n \"cut\": null, \"events\": null, \"blocks\": null, \"threads\": null,");
    } else {
        output_text(output, ",\n \"cut\": %s, \"events\": %zu, \"blocks\": %u, \"threads\": %u,",
                    trace->cut ? "true" : "false", trace->count, trace->blocks, trace->threads);
    }
    output_text(output, " \"page_bytes\": %ld,\n", sysconf(_SC_PAGESIZE));
    return &map.observer;
}

void replay_map_look(struct replay_observer* map) { ((struct map*)map)->shall_look = true; }

void replay_map_close(struct replay_observer* map) {
    struct output* output = &((struct map*)map)->output;
    output_text(output, "]}\n");
    output_close(output);
}
