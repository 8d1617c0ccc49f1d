// relay.c: one buffer per stream. While it holds something the relay waits for its destination, otherwise for its
// source.

#include "relay.h"

#include <errno.h>
#include <unistd.h>

struct pollfd relay_wants(const struct relay* relay) {
    if (relay->passed < relay->held) return (struct pollfd){.fd = relay->destination, .events = POLLOUT};
    return (struct pollfd){.fd = relay->source, .events = POLLIN};
}

static void end_source(struct relay* relay) {
    close(relay->source);
    relay->source = -1;
}

// Result: whether bytes came in.
static bool take_in(struct relay* relay, uint64_t* room) {
    ssize_t got = read(relay->source, relay->buffer, sizeof relay->buffer);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got <= 0) {
        end_source(relay);
        return false;
    }
    relay->bytes += (uint64_t)got;
    for (ssize_t i = 0; i < got; i++) relay->lines += relay->buffer[i] == '\n';
    relay->passed = 0;
    relay->held = (uint64_t)got < *room ? (unsigned)got : (unsigned)*room;
    *room -= relay->held;
    return true;
}

// A destination that nobody reads any more swallows the rest.
static void pass_on(struct relay* relay) {
    ssize_t put = write(relay->destination, relay->buffer + relay->passed, relay->held - relay->passed);
    if (put >= 0) {
        relay->passed += (unsigned)put;
    } else if (errno != EAGAIN && errno != EINTR) {
        relay->passed = relay->held;
    }
}

void relay_step(struct relay* relay, short events, uint64_t* room) {
    if (events == 0) return;
    if (relay->passed < relay->held) {
        pass_on(relay);
    } else if (relay->source >= 0) {
        take_in(relay, room);
    }
}

bool relay_finished(struct relay* relay, uint64_t* room) {
    while (relay->passed == relay->held) {
        if (relay->source < 0) return true;
        if (!take_in(relay, room) && relay->source >= 0) end_source(relay);
    }
    return false;
}
