// volatile_to_tsan.c: what ThreadSanitizer makes of volatile variables.
//
// With --param tsan-distinguish-volatile=1 the compiler makes calls of these, which no library defines. A spin lock
// that waits until a volatile flag is clear, and takes it by an atomic instruction, works: such a read counts as a
// relaxed atomic one, which orders nothing else. A write that is not atomic stays what it is, so that `count++` is a
// race.

#include <stdint.h>

enum { RELAXED = 0 };

uint8_t __tsan_atomic8_load(const volatile uint8_t* place, int order);
uint16_t __tsan_atomic16_load(const volatile uint16_t* place, int order);
uint32_t __tsan_atomic32_load(const volatile uint32_t* place, int order);
uint64_t __tsan_atomic64_load(const volatile uint64_t* place, int order);
void __tsan_read16(void* place);
void __tsan_write1(void* place);
void __tsan_write2(void* place);
void __tsan_write4(void* place);
void __tsan_write8(void* place);
void __tsan_write16(void* place);

void __tsan_volatile_read1(void* place) { __tsan_atomic8_load(place, RELAXED); }
void __tsan_volatile_read2(void* place) { __tsan_atomic16_load(place, RELAXED); }
void __tsan_volatile_read4(void* place) { __tsan_atomic32_load(place, RELAXED); }
void __tsan_volatile_read8(void* place) { __tsan_atomic64_load(place, RELAXED); }
void __tsan_volatile_read16(void* place) { __tsan_read16(place); }
void __tsan_volatile_write1(void* place) { __tsan_write1(place); }
void __tsan_volatile_write2(void* place) { __tsan_write2(place); }
void __tsan_volatile_write4(void* place) { __tsan_write4(place); }
void __tsan_volatile_write8(void* place) { __tsan_write8(place); }
void __tsan_volatile_write16(void* place) { __tsan_write16(place); }
