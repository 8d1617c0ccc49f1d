// suite.c: runs every test case on the backend that it is linked with.
//
// Usage: suite-NAME [TRAITS [WORD]]. The backend's NAME is the program's own; what is expected of it is in the table of
// traits.c under that name, or under TRAITS. Each test runs in a process of its own, so a crash or a hang is one failed
// test. Check's variables work: CK_RUN_CASE="overlap" runs one test case, RUN_TEST=name one test of it, and
// RUN_TEST=name:3 one of its loop; with CK_FORK=no as well it stays in one process, for gdb (one case at a time: each
// test expects a fresh process). So it does when the backend has started a thread of its own before main, which a
// process that was forked would miss, unless CK_FORK=yes says that such a thread is somebody else's, like that of an
// emulator. SEED=number repeats the random choices of an earlier run.
//
// A person gets the first failure at once and at most two of a kind (screen.h); VERBOSE=1 gives every failure as Check
// prints it, with its file and line, and so does a WORD.
//
// With PROMISES=course in the environment, as make sets it in the student kit, hw08 and par are asked for what the
// course promised, unless TRAITS says otherwise.
//
// A grader gives a WORD: then nothing is run after the first test that failed, and the last line repeats the WORD with
// what was run, so that silence is not taken for success.

#include "tests/suite/support/suite.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/contract/closing.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/screen.h"
#include "tests/suite/support/traits.h"
#include "tests/suite/support/watch.h"
#include "xmalloc.h"

typedef TCase* CaseMaker(void);

typedef enum Owner { COURSE = 1, OURS = 2, BOTH = COURSE | OURS } Owner;

// Whose promise a topic is, the quick ones first. CK_RUN_CASE runs any topic.
static const struct {
    CaseMaker* make;
    Owner owner;
} cases[] = {
    {alignment_case, BOTH},     {overlap_case, BOTH},     {sizes_case, BOTH},         {resize_case, BOTH},
    {huge_case, OURS},          {errno_case, OURS},       {null_and_zero_case, OURS}, {reuse_case, BOTH},
    {thread_exit_case, BOTH},   {threads_case, BOTH},     {peak_case, OURS},          {memory_case, COURSE},
    {shrink_case, OURS},        {process_end_case, OURS}, {mappings_case, COURSE},    {large_case, COURSE},
    {out_of_memory_case, OURS}, {small_space_case, BOTH}, {programs_case, OURS},
};

// Each topic is made twice, first of its quick tests, then of its long ones.
static bool long_ones;

static bool is_run(Owner owner) {
    return getenv("CK_RUN_CASE") != NULL || (owner & (backend.course ? COURSE : OURS)) != 0;
}

void leave_out(const char* topic, const char* reason) {
    const char* wanted = getenv("CK_RUN_CASE");
    if (long_ones) return;  // it has been said
    if (wanted == NULL || strcmp(wanted, topic) == 0) printf("left out: %s: %s\n", topic, reason);
}

// A backend may offer a check of its own records; it ends the process with a line when something is wrong with them.
__attribute__((weak)) void par_check(void);

static void check_heap(void) {
    if (par_check != NULL) par_check();
}

// How far the tests have come, in a file without a name that their processes share. A test that begins and does not end
// has failed, or has been left by somebody who called exit(0), which Check cannot tell from success. It is not memory,
// for that could lie beside a backend's, which may write over it.
struct progress {
    size_t begun;
    size_t ended;
    size_t left_out;
    size_t hung;
    char left_in[256];  // the test and its last call, when a test was left by exit()
};

static int progress_file = -1;

static struct progress progress_now(void) {
    struct progress progress = {0};
    if (pread(progress_file, &progress, sizeof progress, 0) < 0) progress.left_out = SIZE_MAX;  // which is told
    return progress;
}

// One process at a time does this.
static void note_progress(struct progress progress) {
    ssize_t written = pwrite(progress_file, &progress, sizeof progress, 0);
    (void)written;  // what is not noted counts as not done
}

static bool stop_at_first_failure;

static bool test_has_ended;

// After so many tests that hung the others are not waited for.
enum { MOST_HUNG = 2 };

static void note_hang(const char* why) {
    (void)why;
    struct progress progress = progress_now();
    progress.hung++;
    note_progress(progress);
}

// Tests that failed end here, too, but only those that did not fail are asked about it.
static void note_exit(void) {
    const char* test = tcase_name();
    if (test_has_ended) return;
    struct progress progress = progress_now();
    snprintf(progress.left_in, sizeof progress.left_in, "%s called exit(0), in or after %s", test == NULL ? "it" : test,
             last_call());
    note_progress(progress);
    char sentence[256];
    snprintf(sentence, sizeof sentence,
             "the process was ended by exit(), in or after %s: none of the calls may do that", last_call());
    screen_tells_failure(sentence);
}

bool tests_have_processes(void) {
    const char* mode = getenv("CK_FORK");
    return mode == NULL || strcmp(mode, "no") != 0;
}

static void begin_test(void) {
    screen_begins_test();
    test_has_ended = false;
    struct progress progress = progress_now();
    bool leaves_out = tests_have_processes() &&
                      (progress.hung >= MOST_HUNG || (stop_at_first_failure && progress.begun > progress.ended));
    progress.left_out += leaves_out;
    progress.begun += !leaves_out;
    note_progress(progress);
    if (leaves_out) _exit(0);
    atexit(note_exit);
    watch_test(note_hang);
}

static void end_test(void) {
    check_heap();
    struct progress progress = progress_now();
    progress.ended++;
    note_progress(progress);
    test_has_ended = true;
}

TCase* new_case(const char* name) {
    TCase* topic = tcase_create(name);
    tcase_add_checked_fixture(topic, begin_test, end_test);
    tcase_set_timeout(topic, 240);  // the watch knows earlier, and goes by CPU time
    return topic;
}

static void add_if(bool is_its_turn, TCase* topic, const TTest* test, int first, int end) {
    const char* wanted = getenv("RUN_TEST");
    if (!is_its_turn) return;
    if (wanted != NULL) {
        size_t length = strcspn(wanted, ":");
        if (strncmp(wanted, test->name, length) != 0 || test->name[length] != '\0') return;
        if (wanted[length] == ':') {
            first = atoi(wanted + length + 1);
            if (first < end) end = first + 1;
        }
    }
    tcase_add_loop_test(topic, test, first, end);
}

void add_test(TCase* topic, const TTest* test) { add_if(!long_ones, topic, test, 0, 1); }

void add_loop_test(TCase* topic, const TTest* test, int first, int end) { add_if(!long_ones, topic, test, first, end); }

void add_long_test(TCase* topic, const TTest* test) { add_if(long_ones, topic, test, 0, 1); }

void add_long_loop_test(TCase* topic, const TTest* test, int first, int end) {
    add_if(long_ones, topic, test, first, end);
}

// The program's own name after its last '/' and its first '-'.
static const char* name_of_backend(const char* program) {
    const char* slash = strrchr(program, '/');
    const char* file = slash == NULL ? program : slash + 1;
    const char* dash = strchr(file, '-');
    return dash == NULL ? file : dash + 1;
}

// What is asked of a backend of which the command line says nothing; NULL for all that its own name stands for.
static const char* usual_traits(const char* name) {
    const char* promises = getenv("PROMISES");
    if (promises == NULL || strcmp(promises, "course") != 0 || strcmp(name, "sys") == 0) return NULL;
    return strcmp(name, "hw08") == 0 ? "course-hw08" : "course";
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

// ---- The first call of all ----

// With this status the stubs of the student kit end the process, and the suite then ends with it, too.
enum { NOT_WRITTEN = 77, GAVE_NULL = 99, FIRST_CALL_S = 10 };

enum { MOST_FIRST_BYTES = 64 * 1024 };

// The first line that a backend printed in its first call, without a newline; empty when it printed nothing.
static const char* first_line(int file) {
    static char line[240];
    ssize_t length = pread(file, line, sizeof line - 1, 0);
    line[length > 0 ? length : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return line;
}

// Makes one call in a process of its own. When that does not work nothing does, and each test would say so.
// file: takes what the call prints. Result: the wait status.
static int make_first_call(int file) {
    pid_t child = fork();
    if (child == -1) return 0;
    if (child == 0) {
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = MOST_FIRST_BYTES, .rlim_max = MOST_FIRST_BYTES});
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
        alarm(FIRST_CALL_S);
        bool gave_null = xmalloc(1) == NULL;
        fflush(NULL);
        _exit(gave_null ? GAVE_NULL : 0);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child ? status : 0;
}

// Result: 0, or what the suite is to end with, when it has printed a line that says what happened.
static int try_first_call(const char* name, const char* program) {
    int file = memfd_create("first call", MFD_CLOEXEC);
    int status = make_first_call(file);
    const char* line = first_line(file);
    close(file);
    if (status == 0) {
        if (line[0] != '\0') printf("%s: xmalloc(1) printed \"%s\": an allocator prints nothing\n", name, line);
        return 0;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_WRITTEN) {
        printf("%s: nothing was tested: %s\n", name, line[0] == '\0' ? "xmalloc is not written yet" : line);
        return NOT_WRITTEN;
    }
    printf("%s: nothing was tested: the first call, xmalloc(1), ", name);
    if (WIFEXITED(status) && WEXITSTATUS(status) == GAVE_NULL) {
        printf("returned NULL although there is memory\n");
        return 1;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        printf("did not return within %d s", FIRST_CALL_S);
    } else if (WIFSIGNALED(status)) {
        printf("crashed (%s)", strsignal(WTERMSIG(status)));
    } else {
        printf("ended the process with exit status %d", WEXITSTATUS(status));
    }
    if (line[0] != '\0') printf(", after it printed \"%s\"", line);
    printf("; in a debugger: CK_FORK=no CK_RUN_CASE=\"sizes\" gdb --args %s\n", program);
    return 1;
}

// ---- What is said at the end ----

// Looks at what the tests have noted about themselves. Result: how many were left before they were over.
static size_t count_cut_short(const struct progress* progress, size_t ran, size_t failed, bool is_told) {
    size_t over = progress->ended + progress->left_out + failed;
    if (ran <= over) return 0;
    if (!is_told) printf("left early: %s\n", progress->left_in);
    return ran - over;
}

// Whether what the tests have noted can be: each has begun or was left out, no more have ended than begun, none hung
// without failing, and none was left out but for one that failed or did not end.
static bool adds_up(const struct progress* progress, size_t ran, size_t failed) {
    return progress->begun <= ran && progress->left_out == ran - progress->begun &&
           progress->ended <= progress->begun && progress->hung <= failed &&
           (progress->left_out == 0 || failed > 0 || progress->ended < progress->begun);
}

static bool is_known_case(TestResult** failures, int i) {
    for (int known = 0; known < i; known++) {
        if (strcmp(tr_tcname(failures[i]), tr_tcname(failures[known])) == 0) return true;
    }
    return false;
}

// How to run each failed test case alone, or only the first; a case with several failures is named once.
static void print_reruns(TestResult** failures, int count, const char* program, const char* traits, bool only_first) {
    const char* space = traits == NULL ? "" : " ";
    if (traits == NULL) traits = "";
    for (int i = 0; i < count; i++) {
        if (is_known_case(failures, i)) continue;
        printf("to run this again:  SEED=%" PRIu64 " CK_RUN_CASE=\"%s\" %s%s%s\n", suite_seed, tr_tcname(failures[i]),
               program, space, traits);
        if (only_first) break;
    }
    for (int i = 0; i < count; i++) {
        if (tr_rtype(failures[i]) != CK_ERROR) continue;
        printf("in a debugger:      CK_FORK=no SEED=%" PRIu64 " CK_RUN_CASE=\"%s\" gdb --args %s%s%s\n", suite_seed,
               tr_tcname(failures[i]), program, space, traits);
        break;
    }
}

// The grader knows for each case what its failures often come from; it calls "thread exit" thread_exit, and "overlap"
// blocks.
static void print_advice(TestResult** failures, int count, const char* name) {
    printf("what it may be:     perl test.pl --tests '%s[.](", name);
    for (int i = 0; i < count; i++) {
        const char* topic = tr_tcname(failures[i]);
        if (is_known_case(failures, i)) continue;
        if (i > 0) printf("|");
        if (strcmp(topic, "overlap") == 0) topic = "blocks";
        for (const char* letter = topic; *letter != '\0'; letter++) putchar(*letter == ' ' ? '_' : *letter);
    }
    printf(")'\n");
}

// Tools report in the output of the tests themselves, and a debugger is no place for a pipe.
static bool wants_screen(const char* word) {
    return word == NULL && getenv("VERBOSE") == NULL && tests_have_processes() && !under_a_tool();
}

int main(int count, char** arguments) {
    const char* name = name_of_backend(arguments[0]);
    if (count > 3) {
        fprintf(stderr, "usage: %s [TRAITS [WORD]]\n", arguments[0]);
        return 2;
    }
    const char* traits = count >= 2 ? arguments[1] : usual_traits(name);
    const char* word = count == 3 ? arguments[2] : NULL;
    know_backend(traits == NULL ? name : traits);
    stop_at_first_failure = word != NULL;
    // Check makes a file for what tests say: where TEMP is, else in /tmp, which need not be there. It does not know
    // TMPDIR.
    const char* temporary = getenv("TMPDIR");
    if (temporary != NULL && access(temporary, W_OK) == 0) setenv("TEMP", temporary, 0);
    progress_file = memfd_create("progress", MFD_CLOEXEC);
    if (progress_file < 0) {
        perror("the tests cannot share a file");
        return 2;
    }
    note_progress((struct progress){0});
    suite_seed = choose_seed();
    if (getenv("CK_FORK") == NULL && !under_a_tool() && thread_count() > 1) {
        setenv("CK_FORK", "no", 1);
        if (word == NULL) printf("%s: it has a thread of its own before main, so all tests run in one process\n", name);
    }
    if (word == NULL && tests_have_processes() && !under_a_tool()) {
        int refusal = try_first_call(name, arguments[0]);
        if (refusal != 0) return refusal;
    }
    if (wants_screen(word)) start_screen(name);
    report_crashes();

    Suite* suite = suite_create(name);
    // What the course asked for comes first, also where more is asked.
    enum { TOPICS = sizeof cases / sizeof cases[0] };
    for (size_t i = 0; i < 4 * TOPICS; i++) {
        long_ones = i / TOPICS % 2 == 1;
        Owner owner = cases[i % TOPICS].owner;
        if ((owner == OURS) == (i >= 2 * TOPICS) && is_run(owner)) suite_add_tcase(suite, cases[i % TOPICS].make());
    }
    SRunner* runner = srunner_create(suite);
    srunner_run_all(runner, CK_SILENT);

    int ran = srunner_ntests_run(runner);
    bool has_screen = screen_is_on();
    TestResult** results = srunner_results(runner);
    bool printed = end_screen(results, ran);
    free(results);
    int failed = srunner_ntests_failed(runner);
    struct progress progress = progress_now();
    bool is_sound = adds_up(&progress, (size_t)ran, (size_t)failed);
    if (!is_sound) {
        printf("%s: the tests were tampered with: of %d, %zu ended, %zu were left out, %zu hung and %d failed\n", name,
               ran, progress.ended, progress.left_out, progress.hung, failed);
        progress = (struct progress){0};
    } else if (has_screen && failed > 0) {
        printf("%s: %d of %zu tests failed\n", name, failed, (size_t)ran - progress.left_out);
    } else {
        printf("%s: ", name);
        fflush(stdout);
        srunner_print(runner, CK_NORMAL);
    }
    TestResult** failures = srunner_failures(runner);
    if (progress.hung >= MOST_HUNG && word == NULL && progress.left_out > 0) {
        printf("%zu more were not tried, since %d hung\n", progress.left_out, MOST_HUNG);
    }
    print_reruns(failures, failed, arguments[0], traits, has_screen);
    if (failed > 0 && backend.course && word == NULL) print_advice(failures, failed, name);
    free(failures);
    srunner_free(runner);
    if (ran == 0)
        fprintf(stderr,
                "%s: no test ran: there is no test case CK_RUN_CASE, or no RUN_TEST in it, or it is left out here\n",
                name);
    size_t cut_short = !is_sound ? (size_t)ran : count_cut_short(&progress, (size_t)ran, (size_t)failed, has_screen);
    if (word != NULL)
        printf("closing: %zu ended, %d failed, %zu cut short; %s\n", progress.ended, failed, cut_short,
               closing_word(word));
    return ran == 0 || failed > 0 || cut_short > 0 || printed || !is_sound ? 1 : 0;
}
