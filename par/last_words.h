// last_words.h: what a process says on standard error before it is ended.

#ifndef PAR_LAST_WORDS_H
#define PAR_LAST_WORDS_H

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

// Says so many bytes; the caller explains and ends the process. From here on the thread is not cancelled: write(2)
// would end it and nobody else, and the process would go on with the misuse that was found. Ends the process itself
// where nothing can be said. Thread-safe.
static inline void last_words(const char* text, size_t bytes) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    if (write(STDERR_FILENO, text, bytes) < 0) abort();
}

#endif
