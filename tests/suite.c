// suite.c: runs every test case on the backend that it is linked with.
//
// Usage: suite-NAME [TRAITS]. The backend's NAME is the program's own; what is expected of it is in the table of
// traits.c under that name, or under TRAITS. Each test runs in a process of its own, so a crash or a hang is one failed
// test. Check's variables work: CK_RUN_CASE="overlap" runs one test case; with CK_FORK=no as well it stays in one
// process, for gdb (one case at a time: each test expects a fresh process). SEED=number repeats the random choices of
// an earlier run.

#include "tests/suite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tests/calls.h"
#include "tests/traits.h"

typedef TCase* CaseMaker(void);

static CaseMaker* const cases[] = {
    alignment_case, overlap_case,       sizes_case,       resize_case,   huge_case,
    errno_case,     null_and_zero_case, threads_case,     reuse_case,    thread_exit_case,
    peak_case,      out_of_memory_case, small_space_case, programs_case,
};

// A backend may offer a check of its own records; it ends the process with a line when something is wrong with them.
__attribute__((weak)) void par_check(void);

static void check_heap(void) {
    if (par_check != NULL) par_check();
}

TCase* new_case(const char* name) {
    TCase* topic = tcase_create(name);
    tcase_add_checked_fixture(topic, NULL, check_heap);
    tcase_set_timeout(topic, under_a_tool() ? 240 : 30);
    return topic;
}

// The program's own name after its last '/' and its first '-'.
static const char* name_of_backend(const char* program) {
    const char* slash = strrchr(program, '/');
    const char* file = slash == NULL ? program : slash + 1;
    const char* dash = strchr(file, '-');
    return dash == NULL ? file : dash + 1;
}

// Drawn at random, so that each run tries something new; below 2^32, so that it is easily typed.
static uint64_t choose_seed(void) {
    uint32_t drawn = 1;
    const char* wanted = getenv("SEED");
    if (wanted == NULL) {
        if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn) drawn = 1;
        return drawn;
    }

    char* end;
    errno = 0;
    uint64_t seed = strtoull(wanted, &end, 10);
    if (errno != 0 || end == wanted || *end != '\0') {
        fprintf(stderr, "SEED is \"%s\", but must be a number\n", wanted);
        exit(2);
    }
    return seed;
}

// How to run each failed test case alone; a case with several failures is named once.
static void print_reruns(SRunner* runner, const char* program, const char* traits) {
    TestResult** failures = srunner_failures(runner);
    for (int i = 0; i < srunner_ntests_failed(runner); i++) {
        const char* name = tr_tcname(failures[i]);
        if (i > 0 && strcmp(name, tr_tcname(failures[i - 1])) == 0) continue;
        printf("to run this again:  SEED=%" PRIu64 " CK_RUN_CASE=\"%s\" %s%s%s\n", suite_seed, name, program,
               traits == NULL ? "" : " ", traits == NULL ? "" : traits);
    }
    free(failures);
}

int main(int count, char** arguments) {
    const char* name = name_of_backend(arguments[0]);
    if (count > 2) {
        fprintf(stderr, "usage: %s [TRAITS]\n", arguments[0]);
        return 2;
    }
    know_backend(count == 2 ? arguments[1] : name);
    suite_seed = choose_seed();
    report_crashes();

    Suite* suite = suite_create(name);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) suite_add_tcase(suite, cases[i]());
    SRunner* runner = srunner_create(suite);
    srunner_run_all(runner, CK_SILENT);

    printf("%s: ", name);
    fflush(stdout);
    srunner_print(runner, CK_NORMAL);
    print_reruns(runner, arguments[0], count == 2 ? arguments[1] : NULL);
    int ran = srunner_ntests_run(runner);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (ran == 0) fprintf(stderr, "%s: no test ran: there is no test case CK_RUN_CASE, or it is left out here\n", name);
    return ran == 0 || failed > 0 ? 1 : 0;
}
