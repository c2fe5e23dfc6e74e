#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run Debian's iscsi-test-cu (libiscsi's conformance suite) against a target.

Each suite runs as `-t ALL.SUITE --dataloss` in a process of its own against a fresh target, so
that a leftover of one suite (a reservation, a unit attention) cannot colour the next.

The tool cannot be trusted by its exit code: CUnit counts a skipped test as passed, a pattern that
matches nothing runs no test, and both exit 0. So the output is read. A suite fails when it ran no
test, when the tool died or hung, and when a test failed or printed [SKIPPED] without standing in iscsi_test_cu.skips (one `SUITE.TEST: reason` a line). An entry that does not apply any
more fails too: the list shall not outlive its reasons.
"""
import argparse
import os
import re
import subprocess
import sys
import time

import targets

SUITES = ["Read6", "Read10", "Read12", "Read16", "Verify10",
          "Verify12", "Verify16", "Write12", "WriteVerify10", "WriteVerify12", "WriteVerify16",
          "ReadCapacity10", "ReadCapacity16", "Write10", "Write16", "WriteSame10", "WriteSame16",
          "Unmap", "GetLBAStatus", "CompareAndWrite", "OrWrite", "Prefetch10", "Prefetch16",
          "ReadDefectData10", "ReadDefectData12",
          "Inquiry", "TestUnitReady", "iSCSIcmdsn", "iSCSIdatasn", "iSCSITMF", "iSCSIResiduals",
          "PrinReadKeys", "PrinServiceactionRange", "PrinReportCapabilities", "ProutRegister",
          "ProutReserve", "ProutClear", "ProutPreempt", "Reserve6"]
HERE = os.path.dirname(os.path.abspath(__file__))
INITIATORS = ["-i", "iqn.2026-11.org.lunquake.test:cu-1",
              "-I", "iqn.2026-11.org.lunquake.test:cu-2"]

# Failures of the tool's own: every complaint must match.
TOOLS_OWN = {
    # Debian's libiscsi keeps 16 bytes of CDB usage data, and a variable length CDB has 32.
    "ReportSupportedOpcodes.OneCommand":
        r"\[FAILED\] CDB\[0\] Usage Data was 0x00, expected 0x7f for opcode 0x7f",
    # Of N logical blocks in a physical one, N > 1, it asks for block N + 1 and wants the answer to
    # begin with block 2 N, which is not the one asked for [SBC-4 r22 5.7].
    "GetLBAStatus.UnmapSingle":
        r"\[FAILED\] GETLBASTATUS command: .*lba offset in first descriptor does not",
    # It sends a block of FFh with UNMAP and wants zeros. Where unmapped blocks read as zeros, only
    # a block of zeros may be unmapped; any other is written [SBC-4 r22 4.7.3.4.4].
    "WriteSame10.UnmapUntilEnd": r"\[FAILED\] Blocks did not read back .*as zero",
}


class Outcome:
    """What one suite said: per test its verdict and whether a skip was printed."""

    def __init__(self, suite):
        self.suite = suite
        self.passed, self.failed, self.skipped = [], [], []
        self.why = {}                                      # by test: words
        self.complaints = {}                               # by failed test: what the tool says
        self.trouble = []                                  # what the suite fails for
        self.seconds = 0.0


def read_list(path):
    """The committed list: {'Suite.Test': reason}."""
    listed = {}
    with open(path, encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            line = line.split("#", 1)[0].strip()
            if not line:
                continue
            name, colon, reason = line.partition(": ")
            if not colon or not reason.strip() or "." not in name:
                raise targets.TargetError(f"{path}:{number}: {line!r}; expected 'NAME: reason'")
            listed[name.strip()] = reason.strip()
    return listed


def read_output(outcome, text):
    """Cut the tool's output into tests and collect their verdicts."""
    pieces = re.split(r"^  Test: (\S+) \.\.\.", text.split("\nRun Summary:")[0],
                      flags=re.M)
    for name, body in zip(pieces[1::2], pieces[2::2]):
        # The verdict begins a line of its own; what is printed after it is the suite's clean-up.
        verdict = re.search(r"^(passed|FAILED)(.*)", body, flags=re.M | re.S)
        if verdict is None or verdict.group(1) == "FAILED":
            outcome.failed.append(name)
            asserts = re.findall(r"^ +[0-9]+\. (\S+:[0-9]+ .*?)(?: {3}.*)?$",
                                 verdict.group(2) if verdict else "", flags=re.M)
            outcome.why[name] = "; ".join(asserts[:4]) or "no verdict printed"
            outcome.complaints[name] = re.findall(
                r"^ *(?:\d+\. .*CU_FAIL\(\")?(\[FAILED\].*)$", body, flags=re.M)
        elif "[SKIPPED]" in body[:verdict.start()]:
            outcome.skipped.append(name)
            outcome.why[name] = body.split("[SKIPPED]", 1)[1].strip().splitlines()[0]
        else:
            outcome.passed.append(name)
    summary = re.search(r"^ +tests +([0-9]+) +([0-9]+) +([0-9]+) +([0-9]+)", text, flags=re.M)
    if summary is None:
        outcome.trouble.append("the tool printed no summary")
        return
    total, ran, _, failed = (int(number) for number in summary.groups())
    if total == 0 or ran == 0:
        outcome.trouble.append("ran no test")
    seen = len(outcome.passed) + len(outcome.failed) + len(outcome.skipped)
    if failed != len(outcome.failed) or ran != seen:
        outcome.trouble.append(f"the summary says {ran} ran and {failed} failed; the tests' own "
                               f"lines say {len(outcome.failed)} failed")


def run_suite(suite, arguments, skips):
    """One suite against a fresh target."""
    tool, = targets.need("iscsi-test-cu")
    outcome = Outcome(suite)
    began = time.monotonic()
    target = targets.make(arguments)
    options = ["--pcap", os.path.join(arguments.pcap_dir, f"cu-{suite}.pcapng")] \
        if arguments.pcap_dir else []
    with target.start([targets.ram(arguments.size)], options):
        argv = [tool, "--dataloss", "-V", *INITIATORS, "-t", f"ALL.{suite}", target.uri(0)]
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=arguments.timeout)
            text = done.stdout.decode(errors="replace")
            if done.returncode not in (0, 1):          # 1: a test failed, and says so itself
                outcome.trouble.append(f"the tool exited {done.returncode}")
        except subprocess.TimeoutExpired as late:
            text = (late.stdout or b"").decode(errors="replace")
            outcome.trouble.append(f"the tool still ran after {arguments.timeout} s and was killed")
        read_output(outcome, text)
        if not target.alive():
            outcome.trouble.append(f"the target died: {target.log(5)}")
    outcome.seconds = time.monotonic() - began
    if arguments.verbose or (outcome.failed and arguments.show):
        print(text)
    judge(outcome, skips)
    return outcome


def is_tools_own(test, complaints):
    """True when a failed test complains of nothing but what is its own mistake."""
    return test in TOOLS_OWN and bool(complaints) and all(
        re.match(TOOLS_OWN[test], complaint) for complaint in complaints)


def judge(outcome, skips):
    """Turn what the suite said into troubles, with the list of known skips."""
    for name in outcome.failed:
        if is_tools_own(f"{outcome.suite}.{name}", outcome.complaints[name]):
            continue
        outcome.trouble.append(f"{outcome.suite}.{name} FAILED: {outcome.why[name]}")
    for name in outcome.skipped:
        if f"{outcome.suite}.{name}" not in skips:
            outcome.trouble.append(f"{outcome.suite}.{name} skipped and not in the list of known "
                                   f"skips: {outcome.why[name]}")
    for name in outcome.passed:
        if f"{outcome.suite}.{name}" in skips:
            outcome.trouble.append(f"{outcome.suite}.{name} is listed as a known skip but ran: "
                                   "take it off the list")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                     epilog="exit: 0 pass, 1 a suite failed, 77 a tool is missing")
    targets.add_target_options(parser)
    parser.add_argument("--suite", action="append", choices=SUITES,
                        help="run this suite only (repeatable; default: all)")
    parser.add_argument("--size", default="256MiB", help="size of the LUN (default: 256MiB)")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS",
                        help="bound of one suite (default: 120)")
    parser.add_argument("--skips", default=os.path.join(HERE, "iscsi_test_cu.skips"),
                        help="list of known skips (default: beside this script)")
    parser.add_argument("--pcap-dir", metavar="DIR", help="lunquake only: a capture of each suite")
    parser.add_argument("--show", action="store_true", help="print the tool's output on a failure")
    parser.add_argument("--verbose", action="store_true", help="print the tool's whole output")
    arguments = parser.parse_args()
    # The list is about lunquake.
    skips = read_list(arguments.skips) if arguments.target == "lunquake" else {}

    print(f"iscsi-test-cu against {arguments.target}, a fresh target for each suite")
    print(f"{'suite':<16}{'pass':>6}{'fail':>6}{'skip':>6}{'seconds':>9}  verdict")
    outcomes = []
    for suite in arguments.suite or SUITES:
        outcome = run_suite(suite, arguments, skips)
        outcomes.append(outcome)
        print(f"{suite:<16}{len(outcome.passed):>6}{len(outcome.failed):>6}"
              f"{len(outcome.skipped):>6}{outcome.seconds:>9.1f}  "
              f"{'FAILED' if outcome.trouble else 'ok'}", flush=True)
        for line in outcome.trouble:
            print(f"    {line}", flush=True)
    bad = [outcome.suite for outcome in outcomes if outcome.trouble]
    for suite in bad:
        print(f"again: {sys.argv[0]} --target {arguments.target} --lunquake {arguments.lunquake} "
              f"--suite {suite} --show")
    print(f"suites: {len(outcomes) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(targets.run_main(main))
