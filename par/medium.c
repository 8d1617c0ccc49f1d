// medium.c: see medium.h.

#include "par/medium.h"

#include "par/bands.h"
#include "par/cache.h"
#include "par/decay.h"
#include "par/page_map.h"
#include "par/region_runs.h"
#include "par/run_cache.h"
#include "par/run_notes.h"
#include "par/shrunk.h"
#include "par/zeros.h"

enum { WATCHED_EVERY = 16 };  // blocks in runs that the thread had kept

static size_t pages_for(size_t bytes) { return (bytes + PAGE_BYTES - 1) / PAGE_BYTES; }

// A block that comes and goes, at the cost of a few instructions, is watched now and then.
static bool watches_kept(void) { return cache.runs.takes % WATCHED_EVERY == 0; }

static char* take_kept(size_t* pages, size_t alignment_pages) {
    if (!cache_is_there()) return NULL;
    if (alignment_pages == 1) return run_cache_take(&cache.runs, pages);
    run_cache_note_resize(&cache.runs, 0, *pages);
    return NULL;
}

struct run medium_take(size_t bytes, size_t room, size_t alignment_pages) {
    if (!cache_is_there()) cache_set_up();
    size_t pages = pages_for(room);
    char* kept = take_kept(&pages, alignment_pages);
    if (kept != NULL) {
        struct region* region = (struct region*)page_map_mapping(kept);
        run_use_again(region, kept, bytes, watches_kept());
        return (struct run){.start = kept, .region = region};
    }
    struct run run = region_take_run(pages, alignment_pages, band_of(pages));
    region_pay();
    if (run.start != NULL) run_use(run.region, run.start, bytes, run.is_zero ? SLACK_FRESH : SLACK_UNKNOWN);
    return run;
}

bool medium_resize(struct region* region, char* start, size_t bytes) {
    size_t old_pages = region_run_pages(region, start);
    struct used used = run_used(region, start);
    enum resized resized = region_resize_run(region, start, pages_for(bytes));
    if (resized == NOT_RESIZED) return false;
    if (bytes < used.bytes) shrunk_watch(start);
    if (cache_is_there()) run_cache_note_resize(&cache.runs, old_pages, pages_for(bytes));
    // All that the run had behind the block is as fresh as it was, unless the block had more of it.
    enum slack behind = pages_for(bytes) <= old_pages ? slack_behind(used, bytes) : SLACK_UNKNOWN;
    run_use(region, start, bytes, resized == GROWN_INTO_ZEROS ? SLACK_FRESH : behind);
    return true;
}

void medium_give(struct region* region, char* start) {
    zeros_ends(start, region_run_pages(region, start) * PAGE_BYTES);
    bool is_kept = cache_is_there() && run_cache_keep(&cache.runs, region, start);
    shrunk_ends(start);
    if (!is_kept) bands_watch(start, region_run_pages(region, start));
    run_note_freed(region, start, !is_kept || watches_kept());
    if (is_kept) return;
    region_give_run(region, start);
    if (cache_is_there()) cache.runs.most_pages = cache_most_run_pages();
    decay();
}
