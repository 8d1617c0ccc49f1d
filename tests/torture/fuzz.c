// fuzz.c: libFuzzer over sequences of calls, with the model heap. `make fuzz`; clang's library drives it.
//
// An input is a profile (8 bytes) and operations of 8 bytes each, as the random test has them, so every input means
// something. The allocator is linked in, with all its functions instrumented, and its heap lives on from input to
// input.

#include <stdint.h>
#include <string.h>

#include "tests/torture/calls.h"
#include "tests/torture/model.h"
#include "tests/torture/sequence.h"

enum { OPERATIONS_MOST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    static struct player player;
    static struct mailbox mailboxes[MAILBOXES];
    uint64_t word = 0;
    if (bytes < sizeof word) return 0;
    memcpy(&word, data, sizeof word);
    struct profile profile = profile_of(word);
    player.profile = &profile;
    player.mailboxes = mailboxes;
    for (size_t i = 1; i <= OPERATIONS_MOST && (i + 1) * sizeof word <= bytes; i++) {
        memcpy(&word, data + i * sizeof word, sizeof word);
        player_play(&player, word);
    }
    player_end(&player);
    mailboxes_empty(&player);
    calls_check_heap();
    return 0;
}
