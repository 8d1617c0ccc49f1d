// stats.c: see stats.h.

#include "par/stats.h"

#include "par/cache.h"
#include "par/depot.h"
#include "par/extent.h"
#include "par/large.h"
#include "par/page_map.h"
#include "par/region.h"

struct par_stats par_stats(void) {
    struct par_stats stats = {
        .mapped_bytes = extent_mapped_slots() * SLOT_BYTES,
        .small_bytes = depot_used_bytes(),
        .medium_bytes = region_block_pages() * PAGE_BYTES,
    };
    large_count(&stats.large_blocks, &stats.large_bytes);
    return stats;
}

size_t par_trim(void) {
    cache_set_up();
    cache_flush();
    depot_flush();
    size_t mapped = extent_mapped_slots();
    size_t bytes = region_purge_all() * PAGE_BYTES;
    extent_unmap_idle();
    size_t left = extent_mapped_slots();
    return bytes + (left < mapped ? mapped - left : 0) * SLOT_BYTES;
}
