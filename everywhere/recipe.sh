# shellcheck shell=sh disable=SC2034 # read by checks.sh and by what a recipe defines anew
# What a recipe of everywhere/places may set or define anew; this is what holds where it does not.

# The compiler, and what starts its programs where this processor cannot.
CC=gcc
RUN=
# Other words for make, without blanks in them.
MAKE_WITH=
# Why there is no Check to link the suites with; empty: there is one.
NO_CHECK=
# What is built, and what the suites and the programs are asked of; and the topics of the suite that a student's loop runs: one is enough
# where the place could only harm how things are built and started.
BACKENDS="hw08 par"
TOPIC="alignment"
# The checks that root runs.
AS_ROOT="setup corpus tests/grader/sandbox.t"

# Before each check: as root, in mounts that only this check sees; and as whoever runs it, in the kit's folder.
prepare_root() { :; }
habits() { :; }

# How make is called in the kit.
kit_make() {
    # shellcheck disable=SC2086 # words
    make --silent CC="$CC" $MAKE_WITH "$@"
}
