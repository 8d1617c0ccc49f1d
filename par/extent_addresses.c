// extent_addresses.c: whether addresses are few (extent.h).

#include "par/extent.h"
#include "par/os.h"
#include "par/page_map.h"

// With more addresses than this they are never few; with less than that they are few early.
#define FEW_BYTES ((size_t)4 << 30)
#define FEWEST_BYTES ((size_t)128 << 20)

bool extent_addresses_are_limited(void) { return os_address_limit() <= FEW_BYTES; }

bool extent_addresses_were_limited(void) { return os_last_address_limit() <= FEW_BYTES; }

// What is exact costs a mapping and faults each time, so it must be needed; and with very many mappings the system
// refuses more.
static bool are_few(size_t limit) {
    size_t enough = limit <= FEWEST_BYTES ? limit / 4 : limit / 2;
    return limit <= FEW_BYTES && extent_mapped_slots() >= enough / SLOT_BYTES;
}

bool extent_addresses_are_few(void) { return are_few(os_address_limit()); }

bool extent_addresses_were_few(void) { return are_few(os_last_address_limit()); }

bool extent_addresses_are_few_for_slot(void) {
    return extent_idle_slots() > 0 ? extent_addresses_were_few() : extent_addresses_are_few();
}
