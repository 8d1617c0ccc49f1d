// programs.c: the parts that the three programs are made of.

#include <check.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "programs/answer.h"
#include "programs/ivec.h"
#include "programs/list.h"
#include "programs/options.h"
#include "programs/queue.h"
#include "programs/step.h"
#include "programs/trajectory.h"
#include "tests/suite/support/suite.h"
#include "xmalloc.h"

START_TEST(a_step_halves_even_numbers_and_triples_odd_ones) {
    static const uint64_t pairs[][2] = {{1, 4}, {2, 1}, {3, 10}, {6, 3}, {871, 2614}, {UINT64_MAX - 1, UINT64_MAX / 2}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        uint64_t next = 0;
        ck_assert_msg(collatz_step(pairs[i][0], &next), "the step of %" PRIu64 " fits", pairs[i][0]);
        ck_assert_msg(next == pairs[i][1], "%" PRIu64 " is followed by %" PRIu64 ", not by %" PRIu64, pairs[i][0],
                      pairs[i][1], next);
    }
}
END_TEST

START_TEST(a_step_past_64_bits_is_an_error) {
    const uint64_t largest = (UINT64_MAX - 1) / 3 - 1;  // the largest odd number whose 3n+1 fits
    uint64_t next = 7;
    ck_assert_uint_eq(largest % 2, 1);
    ck_assert_msg(collatz_step(largest, &next), "3 * %" PRIu64 " + 1 fits into 64 bits", largest);
    ck_assert_uint_eq(next, 3 * largest + 1);
    next = 7;
    ck_assert_msg(!collatz_step(largest + 2, &next), "3 * %" PRIu64 " + 1 does not fit", largest + 2);
    ck_assert_msg(!collatz_step(UINT64_MAX, &next), "3 * %" PRIu64 " + 1 does not fit", UINT64_MAX);
    ck_assert_msg(next == 7, "a failed step leaves its result alone, but wrote %" PRIu64, next);
    ck_assert_msg(collatz_step(largest + 1, &next), "an even number has no limit");
}
END_TEST

START_TEST(the_most_steps_win_and_the_smaller_number_on_a_tie) {
    static const struct answer orders[][4] = {
        {{1, 0}, {9, 19}, {18, 20}, {19, 20}},
        {{19, 20}, {18, 20}, {9, 19}, {1, 0}},
        {{18, 20}, {1, 0}, {19, 20}, {9, 19}},
    };
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct answer answer = {0};
        for (size_t k = 0; k < 4; k++) answer_consider(&answer, orders[i][k].number, orders[i][k].steps);
        ck_assert_uint_eq(answer.number, 18);
        ck_assert_uint_eq(answer.steps, 20);
    }
}
END_TEST

// Reads the command line `program WORDS...`, where the words end with NULL.
static bool read_words(char** words, struct options* options, char* complaint, size_t complaint_bytes) {
    char* argv[8] = {"program"};
    int argc = 1;
    while (words[argc - 1] != NULL) {
        argv[argc] = words[argc - 1];
        argc++;
    }
    complaint[0] = '\0';
    return options_read(argc, argv, options, complaint, complaint_bytes);
}

START_TEST(a_right_command_line_is_understood) {
    static const struct {
        char* words[4];
        uint64_t top;
        unsigned threads;
    } lines[] = {
        {{"2"}, 2, 4},
        {{"100000"}, 100000, 4},
        {{"-t", "1", "1000"}, 1000, 1},
        {{"1000", "-t", "1024"}, 1000, 1024},
        {{"18446744073709551615"}, UINT64_MAX, 4},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct options options;
        char complaint[256];
        bool right = read_words((char**)lines[i].words, &options, complaint, sizeof complaint);
        ck_assert_msg(right, "line %zu was refused: %s", i, complaint);
        ck_assert_uint_eq(options.top, lines[i].top);
        ck_assert_uint_eq(options.threads, lines[i].threads);
    }
}
END_TEST

START_TEST(a_wrong_command_line_is_refused_by_naming_the_value) {
    static const struct {
        char* words[4];
        const char* named;
    } lines[] = {
        {{NULL}, "TOP is missing"},
        {{"10", "20"}, "'20'"},
        {{"ten"}, "'ten'"},
        {{""}, "''"},
        {{" 10"}, "' 10'"},
        {{"10x"}, "'10x'"},
        {{"+10"}, "'+10'"},
        {{"-10"}, "'-10'"},
        {{"1"}, "'1'"},
        {{"0"}, "'0'"},
        {{"18446744073709551616"}, "'18446744073709551616'"},
        {{"99999999999999999999999"}, "'99999999999999999999999'"},
        {{"-t", "0", "10"}, "'0'"},
        {{"-t", "1025", "10"}, "'1025'"},
        {{"-t", "-1", "10"}, "'-1'"},
        {{"-t", "4.5", "10"}, "'4.5'"},
        {{"10", "-t"}, "-t must be followed"},
        {{"-x", "10"}, "'-x'"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct options options;
        char complaint[256];
        bool right = read_words((char**)lines[i].words, &options, complaint, sizeof complaint);
        ck_assert_msg(!right, "the line that should be refused for %s was taken", lines[i].named);
        ck_assert_msg(strstr(complaint, lines[i].named) != NULL, "the complaint \"%s\" does not name %s", complaint,
                      lines[i].named);
        ck_assert_msg(strchr(complaint, '\n') == NULL, "the complaint is more than a line: %s", complaint);
    }
}
END_TEST

START_TEST(vectors_and_lists_keep_what_was_appended) {
    enum { COUNT = 1000 };
    struct ivec* vector = ivec_make();
    struct list* list = list_make();
    for (uint64_t i = 0; i < COUNT; i++) {
        ivec_append(vector, i * i);
        list_append(list, i * i);
    }
    ck_assert_uint_eq(vector->length, COUNT);
    ck_assert_uint_eq(list->length, COUNT);
    const struct cell* cell = list->first;
    for (uint64_t i = 0; i < COUNT; i++, cell = cell->next) {
        ck_assert_uint_eq(vector->elements[i], i * i);
        ck_assert_uint_eq(cell->number, i * i);
    }
    ck_assert_ptr_null(cell);
    ivec_release(vector);
    list_release(list);
}
END_TEST

START_TEST(a_trajectory_goes_from_its_number_to_1) {
    static const uint64_t numbers_and_steps[][2] = {{1, 0}, {2, 1}, {27, 111}, {97, 118}, {871, 178}, {837799, 524}};
    for (size_t i = 0; i < sizeof numbers_and_steps / sizeof numbers_and_steps[0]; i++) {
        uint64_t number = numbers_and_steps[i][0];
        uint64_t steps = numbers_and_steps[i][1];
        struct trajectory* trajectory = trajectory_generate(number);
        ck_assert_uint_eq(trajectory->length, steps + 1);
        ck_assert_uint_eq(trajectory->values[0], number);
        ck_assert_uint_eq(trajectory->values[steps], 1);
        ck_assert_uint_eq(trajectory_steps(trajectory), steps);
        xfree(trajectory);
    }
}
END_TEST

enum { PUTTERS = 3, TAKERS = 3, ITEMS_EACH = 5000 };

static struct queue queue;
static uintptr_t taken_sums[TAKERS];

static void* put_items(void* first) {
    for (uintptr_t i = 0; i < ITEMS_EACH; i++) queue_put(&queue, (void*)((uintptr_t)first + i));
    queue_close(&queue);
    return NULL;
}

static void* take_items(void* sum) {
    void* item;
    while ((item = queue_take(&queue)) != NULL) *(uintptr_t*)sum += (uintptr_t)item;
    return NULL;
}

START_TEST(a_queue_hands_over_every_item_once_and_ends) {
    pthread_t threads[PUTTERS + TAKERS];
    uintptr_t expected = 0;
    uintptr_t taken = 0;
    queue_init(&queue, PUTTERS);
    for (uintptr_t k = 0; k < PUTTERS; k++) {
        uintptr_t first = 1 + k * ITEMS_EACH;
        for (uintptr_t i = 0; i < ITEMS_EACH; i++) expected += first + i;
        ck_assert_int_eq(pthread_create(&threads[k], NULL, put_items, (void*)first), 0);
    }
    for (size_t k = 0; k < TAKERS; k++) {
        ck_assert_int_eq(pthread_create(&threads[PUTTERS + k], NULL, take_items, &taken_sums[k]), 0);
    }
    for (size_t k = 0; k < PUTTERS + TAKERS; k++) pthread_join(threads[k], NULL);
    for (size_t k = 0; k < TAKERS; k++) taken += taken_sums[k];
    queue_destroy(&queue);
    ck_assert_msg(taken == expected, "the items put add up to %" PRIuPTR ", those taken to %" PRIuPTR, expected, taken);
}
END_TEST

TCase* programs_case(void) {
    TCase* topic = new_case("programs");
    add_test(topic, a_step_halves_even_numbers_and_triples_odd_ones);
    add_test(topic, a_step_past_64_bits_is_an_error);
    add_test(topic, the_most_steps_win_and_the_smaller_number_on_a_tie);
    add_test(topic, a_right_command_line_is_understood);
    add_test(topic, a_wrong_command_line_is_refused_by_naming_the_value);
    add_test(topic, vectors_and_lists_keep_what_was_appended);
    add_test(topic, a_trajectory_goes_from_its_number_to_1);
    add_test(topic, a_queue_hands_over_every_item_once_and_ends);
    return topic;
}
