#!/usr/bin/env perl

# The tools that look on while a backend works, ThreadSanitizer and valgrind: what they cannot follow is made known to them, or
# told as what it is.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use tests::lib::Files qw(write_file);
use tests::lib::HandedIn;

my $folder = tests::lib::HandedIn::fresh();
chdir "$Bin/../.." or BAIL_OUT("cannot go to the root of the tree: $!");

# Two threads that count together under one kind of lock. Each often lets the other wait.
my $COUNTS = <<'END';
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <threads.h>
#include <time.h>
static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t both = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static mtx_t of_c11;
static cnd_t changed;
static int is_taken;
static long count;
static const struct timespec* in_10_s(clockid_t clock) {
    static _Thread_local struct timespec moment;
    clock_gettime(clock, &moment);
    moment.tv_sec += 10;
    return &moment;
}
static void take(void) {
#if defined MUTEX
    while (pthread_mutex_clocklock(&plain, CLOCK_MONOTONIC, in_10_s(CLOCK_MONOTONIC)) != 0) continue;
#elif defined RWLOCK
    while (pthread_rwlock_clockwrlock(&both, CLOCK_MONOTONIC, in_10_s(CLOCK_MONOTONIC)) != 0) continue;
#elif defined SEMAPHORE
    while (sem_clockwait(&semaphore, CLOCK_MONOTONIC, in_10_s(CLOCK_MONOTONIC)) != 0) continue;
#elif defined MTX
    while (mtx_timedlock(&of_c11, in_10_s(CLOCK_REALTIME)) != thrd_success) continue;
#elif defined CONDITION || defined TIMED_CONDITION
    mtx_lock(&of_c11);
#ifdef CONDITION
    while (is_taken) cnd_wait(&changed, &of_c11);
#else
    while (is_taken) cnd_timedwait(&changed, &of_c11, in_10_s(CLOCK_REALTIME));
#endif
    is_taken = 1;
    mtx_unlock(&of_c11);
#endif
}
static void give(void) {
#if defined MUTEX
    pthread_mutex_unlock(&plain);
#elif defined RWLOCK
    pthread_rwlock_unlock(&both);
#elif defined SEMAPHORE
    sem_post(&semaphore);
#elif defined MTX
    mtx_unlock(&of_c11);
#elif defined CONDITION || defined TIMED_CONDITION
    mtx_lock(&of_c11);
    is_taken = 0;
    mtx_unlock(&of_c11);
    cnd_signal(&changed);
#endif
}
static void* work(void* unused) {
    for (int i = 0; i < 2000; i++) {
        take();
        count++;
        if (i % 5 == 0) sched_yield();
        give();
    }
    return unused;
}
int main(void) {
    pthread_t threads[2];
    sem_init(&semaphore, 0, 1);
    mtx_init(&of_c11, mtx_timed);
    cnd_init(&changed);
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    printf("%ld\n", count);
    return 0;
}
END

# What a program prints under ThreadSanitizer. @how: as it is compiled.
sub under_tsan ( $source, @how ) {
    my $path    = write_file( "$folder/program.c", $source );
    my $program = "$folder/program";
    system( qw(gcc -std=c11 -D_GNU_SOURCE= -w -O1 -pthread -fsanitize=thread -o), $program, $path, @how ) == 0
      or return 'it was not built';
    local $ENV{TSAN_OPTIONS} = 'halt_on_error=1:exitcode=66';
    return scalar qx(setarch --addr-no-randomize $program 2>&1);
}

subtest 'locks that ThreadSanitizer does not know' => sub {
    my $known = 'tests/contract/known_to_tsan.c';
    plan skip_all => 'ThreadSanitizer does not work here' if under_tsan('int main(void) { return 0; }') ne q{};
    for my $lock (qw(MUTEX RWLOCK SEMAPHORE MTX CONDITION TIMED_CONDITION)) {
        is( under_tsan( $COUNTS, "-D$lock", $known ), "4000\n", "$lock: are seen" );
    }
    like( under_tsan( $COUNTS, $known ), qr/data race/, 'without any the race is found' );
};

# Each call gives what the C library's gives.
subtest 'calls that stand for others' => sub {
    my $asks = <<'END';
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <threads.h>
#include <time.h>
static struct timespec in_20_ms(clockid_t clock) {
    struct timespec moment;
    clock_gettime(clock, &moment);
    moment.tv_nsec += 20000000;
    if (moment.tv_nsec >= 1000000000) moment.tv_nsec -= 1000000000, moment.tv_sec++;
    return moment;
}
int main(void) {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_rwlock_t both = PTHREAD_RWLOCK_INITIALIZER;
    sem_t semaphore;
    mtx_t of_c11;
    sem_init(&semaphore, 0, 0);
    mtx_init(&of_c11, mtx_timed);
    pthread_mutex_lock(&lock);
    pthread_rwlock_wrlock(&both);
    mtx_lock(&of_c11);
    for (int i = 0; i < 2; i++) {
        clockid_t clock = i ? CLOCK_MONOTONIC : CLOCK_REALTIME;
        struct timespec moment = in_20_ms(clock), bad = {0, -1};
        printf("%d ", pthread_mutex_clocklock(&lock, clock, &moment) == ETIMEDOUT);
        printf("%d ", pthread_rwlock_clockrdlock(&both, clock, &moment) != 0);
        printf("%d ", pthread_rwlock_clockwrlock(&both, clock, &moment) != 0);
        printf("%d ", sem_clockwait(&semaphore, clock, &moment) == -1 && errno == ETIMEDOUT);
        printf("%d ", pthread_mutex_clocklock(&lock, clock, &bad) == EINVAL);
        struct timespec now;
        clock_gettime(clock, &now);
        printf("%d ", now.tv_sec > moment.tv_sec || now.tv_nsec >= moment.tv_nsec);
    }
    struct timespec moment = in_20_ms(CLOCK_REALTIME);
    printf("%d ", mtx_trylock(&of_c11) == thrd_busy);
    printf("%d ", mtx_timedlock(&of_c11, &moment) == thrd_timedout);
    printf("%d ", pthread_mutex_clocklock(&lock, CLOCK_THREAD_CPUTIME_ID, &moment) == EINVAL);
    printf("%d\n", sem_clockwait(&semaphore, CLOCK_THREAD_CPUTIME_ID, &moment) == -1 && errno == EINVAL);
    return 0;
}
END
    my $path = write_file( "$folder/asks.c", $asks );
    for my $known ( q{}, 'tests/contract/known_to_tsan.c' ) {
        system "gcc -std=c11 -D_GNU_SOURCE= -w -O1 -pthread -o $folder/asks $path $known";
        is( scalar qx($folder/asks), join( q{ }, (1) x 16 ) . "\n", ( $known || 'the C library' ) . ' says the same' );
    }
};

done_testing;
