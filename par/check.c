// check.c: see check.h. Each part checks its own records, which no other part can see.

#include "par/check.h"

#include "par/cache.h"
#include "par/depot.h"
#include "par/extent.h"
#include "par/region.h"

void par_check(void) {
    extent_check();
    region_check();
    depot_check();
    cache_check();
}
