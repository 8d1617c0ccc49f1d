// queue.h: a bounded queue of pointers between threads that put and threads that take.

#ifndef QUEUE_H
#define QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { QUEUE_CAPACITY = 256 };

struct queue {
    pthread_mutex_t lock;  // guards all that follows
    pthread_cond_t filled;
    pthread_cond_t drained;
    void* items[QUEUE_CAPACITY];
    size_t first;  // index of the oldest item
    size_t count;
    unsigned putters;  // threads that will still put
};

// Makes an empty queue that putters threads will put into; each of them calls queue_close once, when it is done.
void queue_init(struct queue* queue, unsigned putters);

// Puts an item, waiting while the queue is full. Any number of threads may put.
void queue_put(struct queue* queue, void* item);

// Takes the oldest item, waiting while the queue is empty and somebody may still put. Any number of threads may take.
// Result: NULL when the queue is empty and every putter has closed.
void* queue_take(struct queue* queue);

// Says that the calling thread will put nothing more.
void queue_close(struct queue* queue);

// The queue must be empty, and no thread in it.
void queue_destroy(struct queue* queue);

#endif
