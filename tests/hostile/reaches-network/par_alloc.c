// The attack: looks for a way out. It opens a connection to an address that is reserved for examples, sends nothing,
// and prints a line that makes its answer wrong if there was a route.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

__attribute__((constructor)) static void connect_out(void) {
    int channel = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (channel == -1) return;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
    inet_pton(AF_INET, "192.0.2.1", &address.sin_addr);
    int connected = connect(channel, (struct sockaddr*)&address, sizeof address);
    if (connected == 0 || errno == EINPROGRESS) puts("there is a way out");
    close(channel);
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }
