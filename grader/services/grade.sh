# grade.sh: what the scripts of all services share. They read it with `.`; it defines functions and does nothing else.

# What a result says until the grader has written the first one.
unknown="The grader ended before it could say anything. This is not your doing: please tell your instructor."

# Text that may stand in JSON and in XML as it is: standard input, but no more than $1 characters of it.
plain() {
    LC_ALL=C tr -c '[:alnum:] .,:;()/_+=-' ' ' | cut -c "1-$1"
}

# Prints what of folder $1 is the submission: the one archive in it when there is no C file beside, else the folder.
submission_in() {
    archive=
    for file in "$1"/*.tar.gz "$1"/*.tgz "$1"/*.tar "$1"/*.zip; do
        [ -f "$file" ] || continue
        [ -z "$archive" ] || { archive=several && break; }
        archive=$file
    done
    if [ -f "$archive" ] && [ -z "$(find "$1" -name '*.c' -print | head -n 1)" ]; then
        printf '%s\n' "$archive"
    else
        printf '%s\n' "$1"
    fi
}

# Grades: run_grader KIT LIMIT_S OPTIONS of test.pl. Prints what the grader prints. Afterwards `why` is empty, or a sentence
# that says why the grader did not finish. `as_root` holds the words that make a command root's, if any.
run_grader() {
    kit=$1
    limit_s=$2
    shift 2
    said=$(mktemp)
    # shellcheck disable=SC2086 # as_root is none, or two words
    ${as_root:-} timeout --kill-after=20 "$limit_s" perl "$kit/test.pl" "$@" >"$said" 2>&1 </dev/null
    status=$?
    cat "$said"
    case $status in
    0 | 1) why= ;;
    124 | 137) why="The grader was stopped after $limit_s seconds; tests that had not been run by then give no points." ;;
    *)
        why=$(sed -n 's/^Bail out!  *//p' "$said" | tail -n 1 | plain 1000)
        why=${why:-"$unknown (status $status: $(tail -n 1 "$said" | plain 300))"}
        ;;
    esac
    rm -f "$said"
}

# The same for services whose result is a file that test.pl writes: run_grader_into FILE KIT LIMIT_S OPTIONS. The file is there
# and valid from the beginning, whatever happens later. The script says in a function `failure` what it holds when nothing is
# known; $1 is the sentence for the student. What test.pl writes says by itself when it is not complete.
run_grader_into() {
    result=$1
    shift
    rm -rf "$result"
    failure "$unknown" >"$result.new" && mv "$result.new" "$result"
    run_grader "$@"
    if [ -n "$why" ] && [ "$(cat "$result")" = "$(failure "$unknown")" ]; then
        failure "$why" >"$result.new" && mv "$result.new" "$result"
    fi
}
