// freed_slots.h: the first lines of large blocks whose slots are free (first_line.h). The caller holds the lock of
// extent.c. A slot in which no freed block began has no number.

#ifndef PAR_FREED_SLOTS_H
#define PAR_FREED_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "par/first_line.h"
#include "par/page_map.h"

// Slots leave those that are free: ends the process when a block was written to that had begun in one of them.
static inline void freed_slots_look(const char* start, size_t slots) {
    for (size_t i = 0; i < slots; i++) {
        const char* slot = start + i * SLOT_BYTES;
        uint32_t* line = page_map_line(slot);
        first_line_look(slot, *line);
        if (*line != NO_LINE) *line = NO_LINE;
    }
}

#endif
