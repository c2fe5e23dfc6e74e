#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run every test of Debian's iscsi-test-cu against every shape of a logical unit.

Each test runs alone (`--dataloss --allow-sanitize -t ALL.SUITE.TEST`) with two initiator names and
two portals against a fresh target, for each shape below. The table says of each test and shape:
+ passed, s skipped, F failed, t failed by a limit of the tool, ! the tool died or hung, or the
target did, . it is not about such a shape. A test counts as passed when it passed with one shape at least and failed with none. Exit
code 1: something failed.

This takes minutes and is not in CTest; iscsi_test_cu.py is.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

import iscsi_test_cu
import targets


class Shape:
    """How the logical unit is made: arguments of `lunquake serve`, and what it is like; TESTS is
    a pattern of those that have something to say about it."""

    def __init__(self, name, sentence, *arguments, tests=""):
        self.name, self.sentence, self.arguments = name, sentence, arguments
        self.tests = tests


# Most tests of the suite write without asking whether they may.
READERS = (r"^(GetLBAStatus\.(Simple|BeyondEol)|Inquiry|Mandatory|ModeSense6|NoMedia|Prefetch|"
           r"Prevent|Prin|Prout(Register|Clear|Preempt)|ProutReserve\.(Simple|Own)|Read|"
           r"ReportSupp|Reserve6|StartStop|TestUnit|iSCSIdatasn|iSCSIResiduals\.Read)")
SHAPES = [
    Shape("ram", "memory, 256 MiB, 512-byte blocks", "--ram", "256MiB"),
    Shape("file", "a file of 64 MiB", "--file", "{file}"),
    Shape("read-only", "a file, write protected: tests that don't write", "--file", "{file}",
          "--read-only", tests=READERS),
    # Not StartStopUnit.PwrCnd, which wants reserved power conditions to be accepted, and NoLoej,
    # which wants a unit that is stopped to be ready: SBC-4 r22 5.31 and SPC-4 5.11 say otherwise.
    Shape("removable", "memory, removable: tests of media", "--ram", "256MiB", "--removable",
          tests=r"^(NoMedia|PreventAllow|StartStopUnit\.Simple|Inquiry|TestUnit|ReadCapacity)"),
    # Beyond 2^32 blocks the suite's 10-byte commands would wrap; SANITIZE would write it all.
    Shape("large", "a file of 1.5 TiB, mostly a hole", "--file", "{large}",
          tests=r"^(?!Sanitize)"),
]
# It asks a variable that only another test of its suite sets, and so needs it before.
IN_SUITE = {"iSCSITMF.LUNResetSimpleAsync"}
# Said in the table's document.
REMARKS = """\
The tool's own: `ReportSupportedOpcodes.OneCommand` keeps 16 of a CDB's 32 bytes of usage data;
`GetLBAStatus.UnmapSingle`, with 8 logical blocks in a physical one, asks for block 9 and wants an
answer about block 16; `WriteSame10.UnmapUntilEnd` sends a block of FFh with UNMAP and wants zeros,
where SBC-4 wants what was sent. `Sanitize.Reset` wants SANITIZE still to be at work three seconds
later, and to go on after resets; here it is done within milliseconds, and one that is aborted before
ends: SBC-4 4.11.2 asks for more.
"""
MARKS = {"tool": "t", "not for it": ".", "passed": "+", "skipped": "s", "failed": "F",
         "trouble": "!"}


class Verdict:
    def __init__(self, kind, why=""):
        self.kind, self.why = kind, why


def every_test():
    tool, = targets.need("iscsi-test-cu")
    text = subprocess.run([tool, "--list"], capture_output=True, text=True, timeout=60,
                          check=False).stdout
    return re.findall(r"^ALL\.([^.\s]+\.[^.\s]+)$", text, flags=re.M)


def run_one(test, shape, arguments):
    """One test against one fresh target."""
    tool, = targets.need("iscsi-test-cu")
    suite, name = test.split(".")
    with tempfile.TemporaryDirectory(prefix="lq-cu-") as scratch:
        files = {"file": os.path.join(scratch, "disk.img"),
                 "large": os.path.join(scratch, "large.img")}
        for kind, size in (("file", 64 << 20), ("large", 3 << 39)):
            with open(files[kind], "wb") as stream:
                stream.truncate(size)
        options = [argument.format(**files) for argument in shape.arguments]
        target = targets.Lunquake(arguments.lunquake)
        with target.start([], [*options, "--portals", "2"]):
            argv = [tool, "--dataloss", "--allow-sanitize", "-V", *iscsi_test_cu.INITIATORS,
                    "-t", f"ALL.{suite if test in IN_SUITE else test}", target.uri(0), target.further_uri(1)]
            try:
                done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, timeout=arguments.timeout)
            except subprocess.TimeoutExpired:
                target.kill()
                return Verdict("trouble", f"the tool still ran after {arguments.timeout} s")
            if not target.alive():
                return Verdict("trouble", f"the target died: {target.log(5)}")
    text = done.stdout.decode(errors="replace")
    if arguments.show:
        print(text)
    if done.returncode not in (0, 1):
        return Verdict("trouble", f"the tool exited {done.returncode}")
    outcome = iscsi_test_cu.Outcome(test)
    iscsi_test_cu.read_output(outcome, text)
    if name in outcome.failed and iscsi_test_cu.is_tools_own(test, outcome.complaints[name]):
        return Verdict("tool", outcome.complaints[name][0])
    for kind in ("passed", "skipped", "failed"):
        if name in getattr(outcome, kind):
            return Verdict(kind, outcome.why.get(name, ""))
    return Verdict("trouble", "; ".join(outcome.trouble) or "no verdict printed")


def run_bounded(test, shape, arguments):
    if not re.search(shape.tests, test):
        return Verdict("not for it")
    try:
        return run_one(test, shape, arguments)
    except targets.TargetError as error:
        return Verdict("trouble", str(error))


def whole(verdicts):
    """What a test comes to over all shapes."""
    kinds = {verdict.kind for verdict in verdicts}
    for kind in ("trouble", "failed", "passed", "tool"):
        if kind in kinds:
            return kind
    return "skipped"


def sums(kinds):
    kinds = list(kinds)
    return " | ".join(str(kinds.count(kind)) for kind in
                      ("passed", "skipped", "tool", "failed", "trouble"))


def write_table(stream, shapes, table):
    names = [shape.name for shape in shapes]
    stream.write("<!-- SPDX-License-Identifier: Apache-2.0 -->\n# iscsi-test-cu, whole\n\n"
                 "Made by `conformance/suites/iscsi_test_cu_whole.py --table FILE`: each test of "
                 "Debian's iscsi-test-cu\n(libiscsi 1.19.0) alone against a fresh target, with two "
                 "initiators and two portals. \"All shapes\": passed\nwith one at least and failed "
                 "with none.\n\n| shape | | passed | skipped | tool | failed | trouble |\n"
                 "|---|---|---|---|---|---|---|\n")
    for place, shape in enumerate(shapes):
        kinds = (verdicts[place].kind for verdicts in table.values())
        stream.write(f"| {shape.name} | {shape.sentence} | {sums(kinds)} |\n")
    stream.write(f"| all shapes | | {sums(whole(verdicts) for verdicts in table.values())} |\n")
    stream.write(f"\n{REMARKS}")
    stream.write("\n+ passed, s skipped, F failed, t failed by a limit of the tool, ! trouble, . not "
                 f"for this shape.\n\n| test | {' | '.join(names)} |"
                 f" why not |\n|---|{'---|' * len(names)}---|\n")
    for test, verdicts in table.items():
        marks = " | ".join(MARKS[verdict.kind] for verdict in verdicts)
        why = ""
        if whole(verdicts) != "passed":
            why = next(verdict.why for verdict in verdicts if verdict.kind == whole(verdicts))
        why = re.sub(r"\s+", " ", why).replace("|", "/").strip()
        stream.write(f"| {test} | {marks} | {why} |\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0],
                                     epilog="exit: 0 nothing failed, 1 something did, "
                                            "77 a tool is missing")
    parser.add_argument("--lunquake", metavar="PATH", default=os.environ.get(
                        "LUNQUAKE", "build/release/tools/lunquake"))
    parser.add_argument("--shape", action="append", choices=[shape.name for shape in SHAPES],
                        help="this shape only (repeatable; default: all)")
    parser.add_argument("--test", metavar="REGEX", default="",
                        help="tests whose SUITE.TEST matches (default: all)")
    parser.add_argument("--table", metavar="FILE", help="write the table as Markdown")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many at once")
    parser.add_argument("--timeout", type=float, default=60, metavar="SECONDS",
                        help="bound of one test (default: 60)")
    parser.add_argument("--show", action="store_true", help="print the tool's output")
    arguments = parser.parse_args()
    shapes = [shape for shape in SHAPES
              if arguments.shape is None or shape.name in arguments.shape]
    tests = [test for test in every_test() if re.search(arguments.test, test)]
    if not tests:
        print("no test of that name; expected one that iscsi-test-cu --list has")
        return 1
    table = {}
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        runs = {test: [pool.submit(run_bounded, test, shape, arguments) for shape in shapes]
                for test in tests}
        for test, futures in runs.items():
            table[test] = [future.result() for future in futures]
            marks = " ".join(MARKS[verdict.kind] for verdict in table[test])
            why = "" if whole(table[test]) == "passed" else next(
                verdict.why for verdict in table[test] if verdict.kind == whole(table[test]))
            print(f"{test:<40} {marks}  {why}", flush=True)
    kinds = [whole(verdicts) for verdicts in table.values()]
    print(f"tests: {len(kinds)}, passed {kinds.count('passed')}, skipped "
          f"{kinds.count('skipped')}, the tool's own {kinds.count('tool')}, failed {kinds.count('failed')}, trouble "
          f"{kinds.count('trouble')}")
    if arguments.table:
        with open(arguments.table, "w", encoding="utf-8") as stream:
            write_table(stream, shapes, table)
    return 1 if "failed" in kinds or "trouble" in kinds else 0


if __name__ == "__main__":
    sys.exit(targets.run_main(main))
