#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compares what `PROGRAM --exhaust` finds in FILE with what it finds without going on from each state
# only once: for the engine as it is, and with each wrong. At least eight wrongs must show.
# Usage: honest.sh PROGRAM FILE
set -eu
program=$1 file=$2
verdicts() {
    "$program" --exhaust --verdicts "$@" "$file" | grep '^verdicts:'
}
compare() {
    with=$(verdicts "$@") || { echo "no verdicts: $*"; exit 1; }
    without=$(verdicts --no-reduction "$@") || { echo "no verdicts: $*"; exit 1; }
    if [ "$with" != "$without" ]; then
        echo "with the reduction: $with; without: $without ($*)"
        exit 1
    fi
}
compare
[ "$with" = "verdicts: none" ] || { echo "the engine: $with"; exit 1; }
shown=0
for wrong in $("$program" --list-wrongs | cut -d' ' -f1); do
    compare --wrong "$wrong"
    [ "$with" = "verdicts: none" ] || shown=$((shown + 1))
done
echo "equal verdicts; $shown wrongs show"
[ "$shown" -ge 8 ]
