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
use grader::Job;
use grader::contract::Memcheck;
use grader::contract::Races;
use measure::Launch;
use tests::lib::Built;
use tests::lib::ContractJob;
use tests::lib::Files qw(write_file);
use tests::lib::HandedIn;

my $launcher = tests::lib::Built::launcher();
my $folder   = tests::lib::HandedIn::fresh();
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

# ---- What is told of what a tool cannot follow -----------------------------------------------------------------------

# A job that grades par, whose runs end as a function of the options of launch() says.
sub job ($ends) {
    return tests::lib::ContractJob->new( launcher => $launcher )->with( par => 'par' )->pretending($ends);
}

sub ended (%how) { return { stdout => q{}, stderr => q{}, exit => 0, strays => 0, wall_s => 1, %how } }
my %GOOD = ( stdout => "watched: 2 threads, 9 rounds each; WORD\n" );

subtest 'code that ThreadSanitizer cannot follow' => sub {
    plan skip_all => 'the compiler makes other instructions here' if qx(gcc -dumpmachine) !~ /\Ax86_64/;
    my $told = sub ($assembly) {
        my $source  = "int main(void) { __asm__ volatile($assembly); return 0; }\n";
        my $program = "$folder/blind";
        system( qw(gcc -o), $program, write_file( "$folder/blind.c", $source ) ) == 0 or die 'it does not compile';
        my $looked_into = sub (%options) {
            my @command = @{ $options{command} };
            return ended(%GOOD) if $command[0] !~ /\A(?:nm|objdump)\z/;
            $command[-1] = $program;
            return measure::Launch::run( command => \@command, capture_bytes => 1 << 20, output_bytes => 1 << 20 );
        };
        my $outcome = grader::contract::Races::check()->{run}->( job($looked_into), 'par', {} );
        return "$outcome->{verdict} " . ( $outcome->{reason} // q{} );
    };
    my $section = '".pushsection NAME, \"aw\"\n.quad 0\n.popsection"';
    is(
        $told->( $section =~ s/NAME/__rseq_cs/r ),
        'skip thread sanitizer cannot follow restartable sequences (rseq), which it has',
        'a sequence that the kernel starts again is told'
    );
    like( $told->('"lock incl (%rsp)"'), qr/\Askip .* locks made in assembly/, '... and a lock made in assembly' );
    is( $told->( $section =~ s/NAME/my_own/r ), 'pass ', '... and no other section' );
};

subtest 'an instruction that valgrind does not know' => sub {
    plan skip_all => 'there is no valgrind' if !grep { -x "$_/valgrind" } split /:/, $ENV{PATH};
    my $said =
        "==7== Process terminating with default action of signal 4 (SIGILL)\n==7==  Illegal opcode at address 0x1\n"
      . "==7==    at 0x1: cpu_now (par_alloc.c:107)\n==7==    by 0x2: xmalloc (par_alloc.c:120)\n==7== \n";
    my $told = sub ( $said, %without ) {
        my $ends = sub (%options) {
            return "@{ $options{command} }" =~ /valgrind --/
              ? ended( exit => undef, signal => 4, stderr => $said )
              : ended(%without);
        };
        my $outcome = grader::contract::Memcheck::check()->{run}->( job($ends), 'par', {} );
        return join q{ }, $outcome->{verdict}, $outcome->{reason} // @{ $outcome->{diag} };
    };
    is(
        $told->( $said, %GOOD ),
'skip valgrind does not know an instruction in cpu_now (par_alloc.c:107): without valgrind the program ends well',
        'is a limit of valgrind where the program ends well without it'
    );
    my $fails = qr/\Afail Process terminating .*SIGILL/;
    like( $told->( $said, exit => undef, signal => 4 ), $fails, '... but a failure where it ends so, too' );
    like( $told->( $said, stdout => "watched: 2 threads, 9 rounds each; no word\n" ), $fails, '... or early' );
    like(
        $told->( "==7== Invalid read of size 8\n==7==    at 0x1: f (a.c:1)\n==7== \n$said", %GOOD ),
        qr/\Afail Invalid read/,
        '... nor does it hide what was found before'
    );
};

subtest 'code that is other code for ThreadSanitizer' => sub {
    my $of = sub (%tsan) {
        my $job  = grader::Job->new( settings => { library => 'sys', reference => 'reference' } );
        my %made = ( object => 'par.o', facts => {}, judged => { missing => [], refused => [] } );
        $job->{made}{par} = { %made, tsan => { object => 'par-tsan.o', other_code => 'par/heap.c', %tsan } };
        $job->{built}{'release tests/contract/watched-par'} = 'watched-par';
        my $outcome = grader::contract::Races::check()->{run}->( $job, 'par', {} );
        return join q{ }, $outcome->{verdict}, $outcome->{reason} // @{ $outcome->{diag} };
    };
    like( $of->(), qr{\Askip par/heap[.]c gives thread sanitizer other code}, 'tells nothing, whatever is seen' );
    like(
        $of->( facts => { asked => { pthread_mutex_lock => 1 } } ),
        qr/\Afail built for ThreadSanitizer it asks for other things: pthread_mutex_lock/,
        '... but a failure where it calls other functions'
    );
};

done_testing;
