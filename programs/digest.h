// digest.h: a proof of work for graders. With --digest a program that has printed its answer reads a nonce, prints a
// number that depends on the nonce and on what the program has kept, and waits for the end of its input before it frees
// that. Nobody knows the nonce before the work is done: to print the right number, all must have been computed, and
// must still be there. Whoever times the program stops the clock from the answer to the number (the option --question
// of measure/launch.c).
//
// The digest of a whole run is the sum of those of its sequences, so that their order does not matter.

#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>
#include <stdint.h>

// Reads the nonce, 32 hexadecimal digits and a newline, from standard input. Anything else ends the process (fail).
void digest_read_nonce(void);

// The digest of an empty sequence of this number. After digest_read_nonce; thread-safe, as are all that follow.
uint64_t digest_start(uint64_t number);

// Whether the sequence of this number is one of those, an eighth of all, that the nonce chooses to be walked.
bool digest_wants(uint64_t number);

// Takes one more element in.
static inline uint64_t digest_add(uint64_t digest, uint64_t element) {
    digest = (digest ^ element) * 0x9e3779b97f4a7c15u;
    return digest ^ digest >> 29;
}

// Adds the digest of a finished sequence of so many elements to that of the run.
void digest_take(uint64_t digest, uint64_t elements);

// Prints "Digest is HEX over COUNT sequences of SUM elements" and waits for the end of standard input. Ends the process
// when that cannot be written.
void digest_print(void);

#endif
