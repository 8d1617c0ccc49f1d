# shellcheck shell=sh
# recipe.sh: what the recipes in programs/ are made of. realworld/run starts it as: sh recipe.sh input|run RECIPE
#
# A recipe has a first line that says what runs, and then
#
#     # needs: COMMAND...      commands without which the program is "not here"
#     # packages: PACKAGE...   the Debian packages that have them
#     # counts: NAME...        processes in which libpar must have been called (default: the first that is needed)
#     # may be empty: WHY      libpar need not have been called
#     # known: WHY             libpar is known to fail here
#     input() { ... }          makes the files that all runs read, in an empty folder; the same ones on every machine
#     run() { ... }            reads $INPUT/..., may write to the empty folder in which it starts, and prints what must not
#                              depend on the allocator: whatever does (times, addresses, order) is left out of it
#
# Only what run() starts with `under` runs on an allocator of the race, and is measured. A status other than 0 of any command
# is a failure, also of what `under` starts within a pipe. What is left of a run is killed, so a server that was forgotten does no harm.
#
# A recipe may write what a server holds when it has nothing left to do, in bytes, to $USAGE/rest.
#
# From the runner: INPUT, the folder of the inputs; TREE, the kit; and for `under`: LAUNCH, the launcher, PRELOAD, the
# allocator's library, and USAGE, the folder for reports on what was used.
set -eu

# Runs a program on the allocator. The launcher reports CPU time and peak memory, also of all children that were waited for,
# and stops those that were left. Its signals and its end are those of the program.
under() {
    "$LAUNCH" --stdin --report "$(mktemp "$USAGE/XXXXXXXX")" -- env LD_PRELOAD="$PRELOAD" "$@"
}

# text BYTES: words of three to nine letters, four to sixteen a line, as often as in a language: a few very often.
text() {
    perl -e 'srand 42; my @word = map { join "", map { chr 97 + int rand 26 } 1 .. 3 + rand 7 } 1 .. 5000;
        for (my $left = $ARGV[0]; $left > 0;) {
            my $line = join(" ", map { $word[5000 * rand() ** 3] } 1 .. 4 + rand 13) . "\n";
            print substr $line, 0, $left; $left -= length $line;
        }' "$1"
}

# numbers COUNT: whole numbers below 2^31, one a line.
numbers() { perl -e 'srand 7; print int(rand 2**31), "\n" for 1 .. $ARGV[0]' "$1"; }

# A port of the loopback interface that nobody listens to.
free_port() {
    perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

# wait_for COMMAND...: until it succeeds, or half a minute has passed.
wait_for() {
    for _ in $(seq 300); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    echo "after 30 s this still failed: $*" >&2
    return 1
}

# Whether somebody listens to the port.
answers() { perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("127.0.0.1:$ARGV[0]")' "$1"; }

input() { :; }

# shellcheck source=/dev/null
. "$2"
"$1"
