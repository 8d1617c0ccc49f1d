// addresses.c: the page map over all addresses that a program may be given, invented ones: nothing is mapped there.
//
// Linked with par/page_map.c and par/os.c. Exit status: 1 with a line that names the address.

#include <stdio.h>
#include <stdlib.h>

#include "par/page_map.h"

static void expect(bool holds, uintptr_t address, const char* what) {
    if (holds) return;
    printf("address %#zx: this does not hold: %s\n", (size_t)address, what);
    exit(1);
}

// A slot of which one granule holds blocks.
static void use_slot(uintptr_t slot) {
    struct mapping mapping = {.kind = MAPPING_REGION, .start = (char*)slot};
    enum { SOME_CLASS = 7 };
    const char* granule = (const char*)slot + 3 * (size_t)GRANULE_BYTES;
    expect(page_map_prepare((const void*)slot), slot, "a leaf can be made for it");
    page_map_add(&mapping);
    page_map_set_class(granule, 1, SOME_CLASS);
    expect(page_map_mapping((const void*)(slot + 5)) == &mapping, slot, "the map leads to its mapping");
    expect(page_map_class(granule + GRANULE_BYTES - 1) == SOME_CLASS, slot, "the map knows the class of its granule");
    expect(page_map_class(granule - 1) == 0, slot, "the granule before has no class");
    expect(page_map_class(granule + GRANULE_BYTES) == 0, slot, "the granule behind has no class");
    page_map_set_class(granule, 1, 0);
    page_map_remove(&mapping);
    expect(page_map_mapping((const void*)slot) == NULL, slot, "a mapping that was removed is gone");
}

int main(void) {
    size_t slots = 0;
    for (int bits = 21; bits <= 48; bits++) {
        uintptr_t power = (uintptr_t)1 << bits;
        uintptr_t some[] = {power - SLOT_BYTES, power, power + SLOT_BYTES, power / 2 * 3};
        for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
            uintptr_t slot = some[i] & -(uintptr_t)SLOT_BYTES;
            if (slot == 0 || slot >> 48 != 0) continue;
            use_slot(slot);
            slots++;
        }
    }
    // What no system gives without being asked for it is refused, and nobody's block.
    for (int bits = 48; bits < 64; bits++) {
        uintptr_t power = (uintptr_t)1 << bits;
        expect(!page_map_prepare((const void*)power), power, "it is past all that the map covers");
        expect(page_map_class((const void*)power) == 0 && page_map_mapping((const void*)power) == NULL, power,
               "nothing lives there");
    }
    printf("%zu slots\n", slots);
    return 0;
}
