// queue.c: see queue.h.
//
// Whoever had to wait goes on only when half of the queue is filled (or drained), so that threads do not wake each
// other for every single item: a wake-up costs more than making an item does.

#include "programs/queue.h"

void queue_init(struct queue* queue, unsigned putters) {
    *queue = (struct queue){.putters = putters};
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->filled, NULL);
    pthread_cond_init(&queue->drained, NULL);
}

void queue_put(struct queue* queue, void* item) {
    pthread_mutex_lock(&queue->lock);
    while (queue->count == QUEUE_CAPACITY) pthread_cond_wait(&queue->drained, &queue->lock);
    queue->items[(queue->first + queue->count) % QUEUE_CAPACITY] = item;
    queue->count++;
    if (queue->count == QUEUE_CAPACITY / 2) pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

void* queue_take(struct queue* queue) {
    void* item = NULL;
    pthread_mutex_lock(&queue->lock);
    while (queue->count == 0 && queue->putters > 0) pthread_cond_wait(&queue->filled, &queue->lock);
    if (queue->count > 0) {
        item = queue->items[queue->first];
        queue->first = (queue->first + 1) % QUEUE_CAPACITY;
        queue->count--;
        if (queue->count == QUEUE_CAPACITY / 2) pthread_cond_broadcast(&queue->drained);
    }
    pthread_mutex_unlock(&queue->lock);
    return item;
}

void queue_close(struct queue* queue) {
    pthread_mutex_lock(&queue->lock);
    queue->putters--;
    if (queue->putters == 0) pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

void queue_destroy(struct queue* queue) {
    pthread_mutex_destroy(&queue->lock);
    pthread_cond_destroy(&queue->filled);
    pthread_cond_destroy(&queue->drained);
}
