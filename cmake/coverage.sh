#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs the tests of a build made with the coverage preset and reports line and branch coverage:
#   cmake/coverage.sh BUILD_DIR [JOBS]
# Branches of asserts that never fire are left out, and nothing else is.
set -euo pipefail
# Debian 12's perl warns about geninfo itself.
exec 2> >(grep -v "^Subroutine .* redefined at" >&2)
build=${1:?build directory expected}
jobs=${2:-2}
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
options=(--quiet --rc lcov_branch_coverage=1 --rc lcov_excl_br_line=LQ_ASSERT)

lcov "${options[@]}" --directory "$build" --zerocounters
# Objects that no test has loaded count as not covered.
lcov "${options[@]}" --directory "$build" --capture --initial -o "$build/base.info"
status=0
ctest --test-dir "$build" -j "$jobs" --output-on-failure -LE 'slow|check' || status=$?
lcov "${options[@]}" --directory "$build" --capture -o "$build/run.info"
lcov "${options[@]}" -a "$build/base.info" -a "$build/run.info" -o "$build/all.info"
lcov "${options[@]}" --extract "$build/all.info" "$top"/{core,proto,faults,scenarios,sim,tools}/'*' \
     "$top/conformance/wire/*" "$top/conformance/judges/*" -o "$build/product.info"
lcov "${options[@]}" --remove "$build/product.info" '*/test/*' -o "$build/coverage.info"
genhtml "${options[@]}" --branch-coverage --prefix "$top" --title Lunquake \
        -o "$build/report" "$build/coverage.info"
lcov --rc lcov_branch_coverage=1 --list "$build/coverage.info"
echo "report: $build/report/index.html"
exit $status
