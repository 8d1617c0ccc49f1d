// bands.c: see bands.h.

#include "tests/suite/support/bands.h"

#include <stdint.h>

enum { FIRST_LEAST = 16 };

size_t band_least(size_t band) { return (size_t)FIRST_LEAST << band; }
size_t band_most(size_t band) { return 2 * band_least(band) - 1; }

// Multiples of the golden ratio, without their whole part, fill an interval evenly from the first few on.
size_t band_size(size_t band, size_t index) {
    uint32_t part = (uint32_t)index * UINT32_C(2654435769);
    return band_least(band) + (size_t)((uint64_t)band_least(band) * part >> 32);
}

size_t band_count(size_t band, size_t bytes, size_t fewest, size_t most) {
    size_t count = bytes / (band_least(band) / 2 * 3);
    return count < fewest ? fewest : count > most ? most : count;
}
