// bands.h: the sizes at which a promise is asked.
//
// An allocator treats sizes in different ways: classes, lists, mappings, caches that end somewhere. What is asked at
// one size is answered for one of these. So the questions about memory and locks go through all bands: each begins at
// twice the size of the one before, 16 bytes the first, and the last one ends below 2 MiB.

#ifndef TESTS_BANDS_H
#define TESTS_BANDS_H

#include <stddef.h>

enum { BANDS = 17 };

// The smallest size of a band, and the largest one. band: 0 to BANDS - 1.
size_t band_least(size_t band);
size_t band_most(size_t band);

// The sizes of a band in an order that goes through all of it, also when only few are used: the same `index` is the
// same size. Their mean is one and a half times the least.
size_t band_size(size_t band, size_t index);

// How many blocks of a band are together about so many bytes; never less than `fewest`, nor more than `most`.
size_t band_count(size_t band, size_t bytes, size_t fewest, size_t most);

#endif
