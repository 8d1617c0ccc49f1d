// digest.c: see digest.h.

#include "programs/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "programs/failure.h"

enum { NONCE_DIGITS = 32 };

static uint64_t key[2];
static atomic_uint_fast64_t sum;
static atomic_uint_fast64_t sequences;
static atomic_uint_fast64_t all_elements;

// By read(2): the streams of the C library take memory.
void digest_read_nonce(void) {
    char text[NONCE_DIGITS + 1] = {0};
    size_t length = 0;
    while (length < sizeof text) {
        ssize_t got = read(STDIN_FILENO, text + length, sizeof text - length);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        length += (size_t)got;
    }
    if (length != sizeof text || text[NONCE_DIGITS] != '\n' || strspn(text, "0123456789abcdef") != NONCE_DIGITS) {
        fail(EXIT_USAGE, "--digest needs a nonce on standard input: %d hexadecimal digits and a newline", NONCE_DIGITS);
    }
    sscanf(text, "%16" SCNx64 "%16" SCNx64, &key[0], &key[1]);
}

enum { CHOSEN_OF = 8 };

bool digest_wants(uint64_t number) { return digest_start(number) % CHOSEN_OF == 0; }

uint64_t digest_start(uint64_t number) { return digest_add(digest_add(key[0], number), key[1]); }

void digest_take(uint64_t digest, uint64_t elements) {
    atomic_fetch_add(&sum, digest);
    atomic_fetch_add(&sequences, 1);
    atomic_fetch_add(&all_elements, elements);
}

void digest_print(void) {
    int printed =
        printf("Digest is %016" PRIx64 " over %" PRIu64 " sequences of %" PRIu64 " elements\n",
               (uint64_t)atomic_load(&sum), (uint64_t)atomic_load(&sequences), (uint64_t)atomic_load(&all_elements));
    if (printed < 0 || fflush(stdout) != 0) {
        fail(EXIT_NO_ANSWER, "the digest could not be written to standard output: %s", strerror(errno));
    }
    char byte;
    ssize_t got;
    do got = read(STDIN_FILENO, &byte, 1);
    while (got > 0 || (got < 0 && errno == EINTR));
}
