#!/bin/sh
# setup.sh: what Gradescope runs once, as root, when it builds the image in which all submissions are graded. It installs
# what grading needs, and compiles what every grade links with.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

sh "$here/kit/setup" --grader
make --silent -C "$here/kit" kit KIT="$here/built"
chmod 755 "$here/run_autograder"
