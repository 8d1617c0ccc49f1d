// pools.cpp: a pool for each power of two from 32 bytes to half a page, each with a lock of its own; what is larger is
// mapped alone. Templates and std::mutex, and no new.

#include "pools.h"

#include <sys/mman.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <mutex>

namespace {

constexpr size_t kHeader = 16;
constexpr size_t kSmallest = 32;
constexpr size_t kPools = 7;
constexpr size_t kChunk = 128 * 1024;

struct Head {
    size_t total;  // with this head
    Head* next;    // while it is free
};

void* map(size_t bytes) {
    void* start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? nullptr : start;
}

// A chunk lies at a multiple of its size, so that a block leads to it.
struct Chunk {
    Chunk* next;
    Chunk* previous;
    Head* free;
    size_t live;
};

Chunk* map_chunk() {
    char* start = static_cast<char*>(map(2 * kChunk));
    if (start == nullptr) return nullptr;
    size_t before = -reinterpret_cast<uintptr_t>(start) % kChunk;
    if (before > 0) munmap(start, before);
    munmap(start + before + kChunk, kChunk - before);
    return reinterpret_cast<Chunk*>(start + before);
}

// The chunks of one size that have free blocks. A chunk without a block in use goes back to the system, but for the last.
class Pool {
   public:
    Head* take(size_t total) {
        std::lock_guard<std::mutex> guard(lock_);
        if (first_ == nullptr && !refill(total)) return nullptr;
        Chunk* chunk = first_;
        Head* head = chunk->free;
        chunk->free = head->next;
        chunk->live++;
        if (chunk->free == nullptr) unlink(chunk);
        head->total = total;
        return head;
    }

    void give(Head* head) {
        std::lock_guard<std::mutex> guard(lock_);
        Chunk* chunk = reinterpret_cast<Chunk*>(reinterpret_cast<uintptr_t>(head) & -kChunk);
        if (chunk->free == nullptr) link(chunk);
        head->next = chunk->free;
        chunk->free = head;
        if (--chunk->live > 0 || (chunk->next == nullptr && chunk->previous == nullptr)) return;
        unlink(chunk);
        munmap(chunk, kChunk);
    }

   private:
    bool refill(size_t total) {
        Chunk* chunk = map_chunk();
        if (chunk == nullptr) return false;
        for (size_t at = kChunk - total; at >= sizeof(Chunk); at -= total) {
            Head* head = reinterpret_cast<Head*>(reinterpret_cast<char*>(chunk) + at);
            head->next = chunk->free;
            chunk->free = head;
        }
        link(chunk);
        return true;
    }

    void link(Chunk* chunk) {
        chunk->previous = nullptr;
        chunk->next = first_;
        if (first_ != nullptr) first_->previous = chunk;
        first_ = chunk;
    }

    void unlink(Chunk* chunk) {
        if (chunk->previous == nullptr) {
            first_ = chunk->next;
        } else {
            chunk->previous->next = chunk->next;
        }
        if (chunk->next != nullptr) chunk->next->previous = chunk->previous;
    }

    std::mutex lock_;
    Chunk* first_ = nullptr;
};

std::array<Pool, kPools> pools;

// The pool for so many bytes, and kPools where there is none.
size_t pool_of(size_t total) {
    size_t index = 0;
    while (index < kPools && kSmallest << index < total) index++;
    return index;
}

template <typename T>
T* head_of(void* block) {
    return reinterpret_cast<T*>(static_cast<char*>(block) - kHeader);
}

}  // namespace

void* pools_take(size_t bytes) {
    if (bytes > PTRDIFF_MAX) return nullptr;
    size_t total = bytes + kHeader;
    size_t index = pool_of(total);
    Head* head;
    if (index < kPools) {
        head = pools[index].take(kSmallest << index);
    } else {
        total = (total + 4095) / 4096 * 4096;
        head = static_cast<Head*>(map(total));
        if (head != nullptr) head->total = total;
    }
    return head == nullptr ? nullptr : reinterpret_cast<char*>(head) + kHeader;
}

void pools_give(void* block) {
    Head* head = head_of<Head>(block);
    size_t index = pool_of(head->total);
    if (index < kPools) {
        pools[index].give(head);
    } else {
        munmap(head, head->total);
    }
}

void* pools_resize(void* block, size_t bytes) {
    size_t usable = head_of<Head>(block)->total - kHeader;
    if (bytes <= usable && bytes > usable / 4) return block;
    void* moved = pools_take(bytes);
    if (moved == nullptr) return nullptr;
    memcpy(moved, block, bytes < usable ? bytes : usable);
    pools_give(block);
    return moved;
}
