#!/bin/sh
# Every phone that is plugged in and this computer, then one answer: the exit code is 1 where no file keeps the limits, so that a
# nightly job can go by it. Usage: sh which-ships.sh mtfl:PATH EXPORT...
set -eu
faces=$1
shift
facekp-bench decide "$@" --data "$faces" --split validation --device adb --serial all --device cpu \
  --max-ms 10 --max-mb 3 --max-nme-loss 2% --out decision.json --markdown decision.md --html decision.html
