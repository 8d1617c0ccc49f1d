# shellcheck shell=sh
# The checks of a place, each a function check_NAME that prints TAP. One that asks something of the kit first asks a backend of
# tests/broken for it: where that is not caught, the check says nothing about the others, and they were not tested here.

number=0
said=$(mktemp)
trap 'rm -f "$said"' EXIT

ok() { number=$((number + 1)) && echo "ok $number - $1"; }
skip() { number=$((number + 1)) && echo "ok $number # SKIP $1"; }
not_ok() {
    number=$((number + 1))
    echo "not ok $number - $1"
    tail -n 25 "$said" | sed 's/^/# /'
}

# try SENTENCE COMMAND...: whether the command succeeds is the test.
try() {
    sentence=$1
    shift
    if "$@" >"$said" 2>&1; then ok "$sentence"; else not_ok "$sentence (status $?)"; fi
}

# succeeds COMMAND...: the same without a word.
succeeds() { "$@" >"$said" 2>&1; }

# ---- What is here -------------------------------------------------------------------------------------------------------

check_setup() {
    succeeds ./setup --grader || { not_ok './setup --grader installs what is missing' && return; }
    ok './setup --grader installs what is missing'
    try '... and then has nothing to do' sh -c './setup --grader | grep "nothing to do"'
}

versions() {
    "$CC" --version | sed -n '1s/([^)]*) *//p' | sed 's/ version//; s/-[0-9a-z~+.]*$//; s/Debian //'
    perl -e 'printf "Perl %vd\n", $^V'
    make --version | sed -n '1s/GNU Make/make/p'
    ldd --version 2>&1 | sed -n '1s/.* \([0-9.]*\)$/glibc \1/p'
    echo "as $(id -un)"
}

check_build() {
    echo "# here: $(versions | paste -sd, | sed 's/,/, /g')"
    for target in programs build/release/measure/launch lib/libpar.so; do
        try "$target: builds" kit_make BACKENDS="$BACKENDS" "$target"
        [ -s "$said" ] && not_ok "$target: ... without a word from the compiler"
    done
}

# ---- Backends -----------------------------------------------------------------------------------------------------------

# Topic of the suite | a backend that breaks it | the test that says so, where the topic takes long | as whom it is judged | the means
# that it needs (everywhere/means.c)
topics='alignment|misaligned|||
overlap|overlap|||
sizes|shortblock|every_size_from_0_to_70000_can_be_taken_and_used_to_its_last_byte||
resize|lostcontent|||
huge sizes|wraparound|||
errno|errno|||
null and zero|zeronull|||
reuse|leak|blocks_of_any_size_taken_and_freed_one_by_one_do_not_grow_memory||memory mappings
thread exit|threadloss|blocks_that_a_thread_freed_before_it_ended_are_reused||memory threads
threads|openwindow|threads_in_a_hurry_get_blocks_of_their_own||
peak|leak|memory_comes_back_after_a_peak_of_one_thread|par|memory giving_back
out of memory|oomcrash|||limits
small space|leak|||limits start'

# Builds without running.
build_suites() {
    # shellcheck disable=SC2046 # words
    kit_make BACKENDS="$*" $(printf "build/release/tests/suite-%s " "$@")
}

# What the suites need of the system and is missing here.
find_missing() {
    # shellcheck disable=SC2086 # RUN: words
    [ -e build/release/tests/means ] ||
        try 'what asks for the means of the suites builds' "$CC" -O1 -pthread -D_GNU_SOURCE -o build/release/tests/means everywhere/means.c
    # shellcheck disable=SC2086 # RUN: words
    $RUN build/release/tests/means >"$said.missing" </dev/null || echo "all what asks for the means of the suites does not run here" >"$said.missing"
}

# missing MEANS...: prints why the first of these is missing here; fails when none is.
missing() {
    for means in all "$@"; do
        grep -m1 "^$means " "$said.missing" | cut -d' ' -f2- | grep . && return
    done
    return 1
}

# suite BACKEND TOPIC [TEST [TRAITS]]
suite() {
    # shellcheck disable=SC2086 # RUN: words; TRAITS: none or one
    (
        [ -z "${3:-}" ] || export RUN_TEST="$3"
        CK_RUN_CASE=$2 $RUN build/release/tests/suite-"$1" ${4:-}
    )
}

check_suites() {
    [ -z "$NO_CHECK" ] || { skip "$NO_CHECK" && return; }
    broken=$(echo "$topics" | cut -d'|' -f2 | sort -u | tr '\n' ' ')
    # shellcheck disable=SC2086 # words
    try "the suites build, also those of broken backends" build_suites $BACKENDS $broken
    find_missing
    echo "$topics" >"$said.topics"
    while IFS='|' read -r topic bug test traits means; do
        # shellcheck disable=SC2086 # words
        if why=$(missing $means); then
            skip "not tested here: the suite's '$topic': $why"
            continue
        elif succeeds suite "$bug" "$topic" "$test" "$traits" </dev/null; then
            skip "not tested here: the suite's '$topic' does not catch the backend '$bug'"
            continue
        fi
        for backend in $BACKENDS; do
            if succeeds suite "$backend" "$topic" </dev/null; then
                ok "suite-$backend: $topic"
            elif ! grep -q 'no test ran' "$said"; then
                not_ok "suite-$backend: $topic"
            fi # else it is no promise of that backend
        done
    done <"$said.topics"
    rm -f "$said.topics" "$said.missing"
}

# What can be asked of a release within minutes: it builds our backends without a word, and they pass their suites whole, where one
# with a bug does not.
check_short() {
    echo "# here: $(versions | paste -sd, | sed 's/,/, /g')"
    try 'the suites and the launcher build' kit_make -j2 BACKENDS='sys hw08 par overlap' build/release/measure/launch \
        build/release/tests/suite-sys build/release/tests/suite-hw08 build/release/tests/suite-par build/release/tests/suite-overlap
    [ -s "$said" ] && not_ok '... without a word from the compiler'
    if succeeds suite overlap overlap </dev/null; then
        skip "not tested here: the suite does not catch the backend 'overlap'"
        return
    fi
    for backend in sys hw08 par; do
        try "suite-$backend" build/release/tests/suite-$backend </dev/null
    done
}

# The answers of FACTS: TOP, and what is printed.
is_right() {
    case $2 in
    100) right='Max steps is at 97: 118 steps' ;;
    1000) right='Max steps is at 871: 178 steps' ;;
    10000) right='Max steps is at 6171: 261 steps' ;;
    esac
    # shellcheck disable=SC2086 # RUN: words
    $RUN bin/"$1" -t "$3" "$2" >"$said" 2>&1 && [ "$(cat "$said")" = "$right" ]
}

check_answers() {
    try 'the programs build, also with a broken backend' kit_make BACKENDS="$BACKENDS shortblock" programs
    if is_right ivec-shortblock 1000 4; then
        skip "not tested here: ivec is right with the backend 'shortblock'"
        return
    fi
    for backend in $BACKENDS; do
        for program in ivec list collatz; do
            for top in 100 1000 $([ "$backend" = hw08 ] || echo 10000); do
                if is_right "$program-$backend" "$top" 4; then ok "$program-$backend $top"; else not_ok "$program-$backend $top"; fi
            done
        done
    done
}

# Random calls against a model of the heap, without Check.
check_random() {
    # shellcheck disable=SC2046 # words
    try 'the random calls build' kit_make BACKENDS="par hw08 overlap" $(printf 'build/release/tests/torture/random-%s ' par hw08 overlap)
    # shellcheck disable=SC2086 # RUN: words
    {
        if succeeds $RUN build/release/tests/torture/random-overlap 1e5 4 7; then
            skip "not tested here: random calls do not catch the backend 'overlap'"
            return
        fi
        try 'par keeps every block in 500,000 random calls' $RUN build/release/tests/torture/random-par 5e5 4 7
        try 'hw08 keeps every block in 50,000 random calls' $RUN build/release/tests/torture/random-hw08 5e4 4 7
    }
}

# ---- The student's loop and the grader ----------------------------------------------------------------------------------

check_student() {
    export CK_RUN_CASE="$TOPIC"
    if succeeds kit_make test BACKEND=misaligned || ! grep -q 'aligned to' "$said"; then
        not_ok 'make test BACKEND=misaligned says what is wrong'
        return
    fi
    ok 'make test BACKEND=misaligned says what is wrong'
    try 'make test BACKEND=par' kit_make test BACKEND=par
    try 'make test BACKEND=hw08' kit_make test BACKEND=hw08
    unset CK_RUN_CASE
}

# graded NAMES...: each row of the table of tests/corpus/run as a test.
graded() {
    tests/corpus/run --quick --again --out build/everywhere-corpus "$@" >"$said" 2>&1 </dev/null
    grep -E '^\| (right|broken) ' "$said" >"$said.rows" || not_ok "tests/corpus/run --quick $*"
    while IFS='|' read -r _ kind name verdict _; do
        case $(echo "$kind $verdict" | tr -s ' ') in
        *passed* | *caught*) ok "$(echo "$kind $name: $verdict" | tr -s ' ')" ;;
        *) not_ok "$(echo "$kind $name: $verdict" | tr -s ' ')" ;;
        esac
    done <"$said.rows"
    rm -f "$said.rows"
}

check_corpus() {
    graded misaligned-size coalesce-overlap
    graded --kind right
}

# One right submission and one that is not.
check_grade() {
    graded caches lost-lock
}

# ---- Habits --------------------------------------------------------------------------------------------------------------

# Nothing may be written to the kit: the error says how to build elsewhere, and that works.
check_read_only() {
    if succeeds make programs || [ -w . ]; then
        skip 'not tested here: the kit can be written to'
        return
    fi
    if grep -q 'make programs O=' "$said"; then ok 'make programs says where to build'; else not_ok 'make programs says where to build'; fi
    elsewhere=$(mktemp -d)
    export CK_RUN_CASE="$TOPIC"
    try 'make O=... test BACKEND=par' kit_make O="$elsewhere" test BACKEND=par
    try '... and hw08' kit_make O="$elsewhere" test BACKEND=hw08
    rm -rf "$elsewhere"
}

# A folder for temporary files from which nothing can be run.
check_noexec() {
    printf '#!/bin/sh\n' >"$TMPDIR/script" && chmod +x "$TMPDIR/script"
    if "$TMPDIR/script" 2>/dev/null; then
        skip "not tested here: programs run from $TMPDIR"
        return
    fi
    if succeeds perl test.pl; then
        not_ok 'test.pl cannot work here, and says so'
    elif grep -q noexec "$said"; then
        ok 'test.pl says that it is noexec'
    else
        not_ok 'test.pl says that it is noexec'
    fi
    check_student
}

# Two users, each with a kit of his own, and one folder for temporary files.
check_two_users() {
    other=$(mktemp -d)
    export CK_RUN_CASE="$TOPIC"
    cp -a . "$other/kit" && chown -R 1001:1001 "$other" && chmod 755 "$other"
    (cd "$other/kit" && setpriv --reuid 1001 --regid 1001 --clear-groups make --silent test BACKEND=hw08) >"$said.other" 2>&1 &
    both=$!
    try 'one user: make test BACKEND=par' setpriv --reuid 1000 --regid 1000 --clear-groups make --silent test BACKEND=par
    wait $both
    status=$?
    cp "$said.other" "$said"
    if [ $status = 0 ]; then ok 'another at the same time: make test BACKEND=hw08'; else not_ok 'another at the same time: make test BACKEND=hw08'; fi
    rm -rf "$other" "$said.other"
}
