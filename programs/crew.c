// crew.c: see crew.h.

#include "programs/crew.h"

#include <pthread.h>
#include <string.h>

#include "programs/failure.h"
#include "programs/options.h"

// The programs need little stack; with the usual 8 MiB a thousand threads would not fit under a memory limit.
enum { STACK_BYTES = 256 * 1024 };

struct member {
    pthread_t thread;
    void (*work)(void* context, unsigned which);
    void* context;
    unsigned which;
};

static void* member_run(void* argument) {
    struct member* member = argument;
    member->work(member->context, member->which);
    return NULL;
}

void crew_run(unsigned threads, void (*work)(void* context, unsigned which), void* context) {
    static struct member members[THREADS_MOST];
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    for (unsigned k = 0; k < threads; k++) {
        members[k] = (struct member){.work = work, .context = context, .which = k};
        int error = pthread_create(&members[k].thread, &attributes, member_run, &members[k]);
        if (error != 0) {
            fail(EXIT_NO_ANSWER, "thread %u of %u could not be started: %s", k + 1, threads, strerror(error));
        }
    }
    for (unsigned k = 0; k < threads; k++) pthread_join(members[k].thread, NULL);
    pthread_attr_destroy(&attributes);
}
