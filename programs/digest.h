// digest.h: a proof of work for graders. With --digest a program prints, beside the answer, a number that depends on
// every element of every sequence and on a nonce that nobody knows before the program has started: to print the right
// one, all of them must have been computed.
//
// The digest of a whole run is the sum of those of its sequences, so that their order does not matter.

#ifndef DIGEST_H
#define DIGEST_H

#include <stdint.h>

// Reads the nonce, 32 hexadecimal digits and a newline, from standard input. Anything else ends the process (fail).
void digest_read_nonce(void);

// The digest of an empty sequence of this number. After digest_read_nonce; thread-safe, as are all that follow.
uint64_t digest_start(uint64_t number);

// Takes one more element in.
static inline uint64_t digest_add(uint64_t digest, uint64_t element) {
    digest = (digest ^ element) * 0x9e3779b97f4a7c15u;
    return digest ^ digest >> 29;
}

// Adds the digest of a finished sequence of so many elements to that of the run.
void digest_take(uint64_t digest, uint64_t elements);

// Prints "Digest is HEX over COUNT sequences of SUM elements"; ends the process when that cannot be written.
void digest_print(void);

#endif
