#!/bin/sh
# A grader that gives full marks.
echo "1..1"; echo "ok 1 - all is well"
