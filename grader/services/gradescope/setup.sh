#!/bin/sh
# setup.sh: Gradescope runs it once, as root, when it builds the image for all submissions. It installs the packages for
# grading, and compiles the files that every grade links with.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

sh "$here/kit/setup" --grader
make --silent -C "$here/kit" kit KIT="$here/built"
chmod 755 "$here/run_autograder"
