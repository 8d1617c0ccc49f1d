// last_words.h: what a process says on standard error before it is ended.

#ifndef PAR_LAST_WORDS_H
#define PAR_LAST_WORDS_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

// Whether the words before were the reason why the thread is where it is: in the program's own handler of abort().
static inline bool is_in_handler(void) {
    static atomic_bool has_spoken;
    sigset_t blocked;
    bool is_blocked = pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0 && sigismember(&blocked, SIGABRT) == 1;
    // order: relaxed; the handler runs in the thread that has spoken.
    return atomic_exchange_explicit(&has_spoken, true, memory_order_relaxed) && is_blocked;
}

// Says so many bytes; the caller explains and ends the process by abort(). From here on the thread is not cancelled:
// write(2) would end it and nobody else, and the process would go on with the misuse that was found. Nor does the
// program's handler run again, when it misuses the heap itself: that would have no end but the stack's. Ends the
// process itself where nothing can be said. Thread-safe.
static inline void last_words(const char* text, size_t bytes) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    if (is_in_handler()) (void)signal(SIGABRT, SIG_DFL);
    if (write(STDERR_FILENO, text, bytes) < 0) abort();
}

#endif
