// crew.c: which thread of a replay does which events.

#include "programs/options.h"
#include "trace/replay/replay.h"

unsigned replay_crew_thread(const struct replay_crew* crew, uint32_t recorded_thread) {
    return recorded_thread % crew->threads;
}

struct replay_crew replay_crew_of(const struct trace* trace) {
    struct replay_crew crew = {.threads = trace->threads < THREADS_MOST ? trace->threads : THREADS_MOST};
    if (crew.threads == 0) crew.threads = 1;
    uint32_t* events = pages_resident(trace->count, sizeof *events);
    crew.first = pages_resident(crew.threads + 2, sizeof *crew.first);
    // first[t + 2] counts the events of thread t; summed up, first[t + 1] is where they begin, and moves to their end.
    for (size_t i = 0; i < trace->count; i++) crew.first[replay_crew_thread(&crew, trace->events[i].thread) + 2]++;
    for (unsigned t = 2; t < crew.threads + 2; t++) crew.first[t] += crew.first[t - 1];
    for (size_t i = 0; i < trace->count; i++) {
        events[crew.first[replay_crew_thread(&crew, trace->events[i].thread) + 1]++] = (uint32_t)i;
    }
    crew.events = events;
    return crew;
}
