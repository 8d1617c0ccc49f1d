// metadata.c: see metadata.h.

#include "par/metadata.h"

#include "par/far_data.h"
#include "par/lock.h"
#include "par/os.h"

enum { FIRST_CHUNK_BYTES = 20 * 1024, CHUNK_BYTES = 64 * 1024 };

// It spares a short process a call of the system.
FAR_DATA _Alignas(LINE_BYTES) char metadata_first_chunk[FIRST_CHUNK_BYTES];

static struct lock lock = LOCK_FREE;  // guards all below
static char* chunk = metadata_first_chunk;
static size_t chunk_left = FIRST_CHUNK_BYTES;

void* metadata_take(size_t bytes) {
    bytes = (bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    void* record = NULL;
    lock_take(&lock);
    if (chunk_left < bytes) {
        char* fresh = os_map(CHUNK_BYTES, 4096);
        if (fresh != NULL) {
            chunk = fresh;
            chunk_left = CHUNK_BYTES;
        }
    }
    if (chunk_left >= bytes) {
        record = chunk;
        chunk += bytes;
        chunk_left -= bytes;
    }
    lock_give(&lock);
    return record;
}

void metadata_lock(void) { lock_take(&lock); }

void metadata_unlock(void) { lock_give(&lock); }
