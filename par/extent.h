// extent.h: whole slots of the address space, for regions and large blocks.
//
// This part keeps a freed extent with its pages for a while, for the next request: fresh pages cost a page fault and
// the kernel must clear them. It joins neighbours, so any free extent can serve any later request. If none is long
// enough, it moves the pages of several extents to one fresh place. Three bounds keep idle memory small:
//   - after a free, idle memory is at most a sixteenth of the memory in use, or a few slots, and what will probably be
//     used again (idle.h; 512 MiB of it, or what was missed twice);
//   - when fresh memory is mapped, idle memory is unmapped until used and idle memory together are hardly more than the
//     highest use so far; so idle memory does not raise the peak;
//   - when the system has no memory, all idle memory is unmapped (extent_unmap_idle).
// Beside these as many slots may lie idle as are in use, while there is hardly any memory in them (bare.h).
// Idle memory also goes with time (decay.h), without a helper thread.
// (Knuth joins neighbours by their boundaries; jemalloc and tcmalloc keep free extents in bins by length as here.)

#ifndef PAR_EXTENT_H
#define PAR_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { APART_LEAST = 4 };  // slots of a block that is put, or grows, apart from others where addresses are few

struct slots {
    char* start;   // aligned to SLOT_BYTES; NULL when there is no memory
    bool is_zero;  // just mapped, so all zeros; otherwise the content is undefined
};

// Takes so many slots (1 or more), idle ones if there are any. Thread-safe.
struct slots extent_take(size_t slots);

// Takes idle slots only. Result: NULL when not so many lie together; else the content is undefined. Thread-safe.
char* extent_take_idle(size_t slots);

// Takes slots that are mapped for it; pages of idle ones may have moved there. alignment: a power of two, SLOT_BYTES or
// more. Thread-safe.
struct slots extent_map(size_t slots, size_t alignment);

// Whether addresses are so few that none may be wasted: somebody has limited them, and a part of them is taken. It
// costs a system call. Thread-safe.
bool extent_addresses_are_few(void);

// The same by the limit as it was when something was last mapped: for what takes no new addresses. Thread-safe.
bool extent_addresses_were_few(void);

// The same for who takes a single slot: an idle one needs no new addresses, and then it costs no system call.
// Thread-safe.
bool extent_addresses_are_few_for_slot(void);

// Whether there is such a limit. It costs a system call or two. Thread-safe.
bool extent_addresses_are_limited(void);

// Whether there was one when something was last mapped. Thread-safe.
bool extent_addresses_were_limited(void);

// As extent_map; but so many bytes are mapped and no more. The caller gives back whole slots, unmaps the rest of the
// last one itself and says so (extent_forget). bytes: a multiple of PAGE_BYTES, 1 or more.
struct slots extent_map_exact(size_t bytes, size_t alignment);

// The last of few addresses: maps the first part of a slot, which stays mapped for ever. Sets how many pages it has, a
// multiple of 16. Result: NULL when there is none, or addresses are not few. Thread-safe.
char* extent_map_part(size_t* pages);

// Gives slots back: all that one call took, or any part of it. first_line: of a freed block that begins with them,
// which is looked at when they are taken again or unmapped; or NO_LINE (first_line.h). Thread-safe.
void extent_give(char* start, size_t slots, uint32_t first_line);

// The same, but what is too many by now stays. Result: whether there is such. Thread-safe.
bool extent_keep(char* start, size_t slots, uint32_t first_line);

// Unmaps one piece of what is too many, at most so many slots. Result: whether there is more. Thread-safe.
bool extent_give_excess(size_t slots);

// Forgets slots that the caller has unmapped itself, wholly or the rest of them. Thread-safe.
void extent_forget(size_t slots);

enum growth { NOT_GROWN, GROWN_IDLE, GROWN_FRESH };

// Takes the slots that follow a taken extent, if they are free. Result: whether they were, and whether they are just
// mapped, so all zeros. Thread-safe.
enum growth extent_grow(char* start, size_t old_slots, size_t new_slots);

// Moves the pages of a taken extent, and not their content, to a longer place, behind which much is free. Result: the
// place; or NULL, and then nothing has changed. The old place is gone once this returns, and may be somebody else's.
// Thread-safe.
char* extent_move(char* start, size_t old_slots, size_t new_slots);

// Time has passed, and so many times (idle.h) have ended. Result: whether idle slots are too many by now. Thread-safe.
bool extent_decay(unsigned times);

// Gives all idle slots back to the system. Thread-safe.
void extent_unmap_idle(void);

// How many slots are mapped, in use and idle ones together. For tests and for the checks. Thread-safe.
size_t extent_mapped_slots(void);

// How many of them are idle. Thread-safe.
size_t extent_idle_slots(void);

void extent_lock(void);  // for fork.c
void extent_unlock(void);

// For check.c: checks all records of this part, under its lock.
void extent_check(void);

#endif
