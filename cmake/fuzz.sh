#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a libFuzzer program for FUZZ_SECONDS (5) from the seeds, and what it kept of earlier runs beside
# the program. Not 0: it found something, and says with which input.
# Usage: fuzz.sh PROGRAM SEEDS...
set -eu
program=$1
shift
corpus=$program.corpus
mkdir -p "$corpus"
exec "$program" -max_total_time="${FUZZ_SECONDS:-5}" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -verbosity=1 -artifact_prefix="$program." "$corpus" "$@"
