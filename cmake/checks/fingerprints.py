#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A seed's run is the same everywhere: compares the fingerprints that builds of the simulator print
for the same seeds (compilers, optimisation, sanitizers, word size, byte order), and each build's
with its own second run.

    fingerprints.py --seeds A..B [--jobs N] [--emulate NAME="COMMAND"] NAME=PROGRAM ...
    fingerprints.py --self-test

PROGRAM takes the options of `lunquake sim`; `lunquake` itself does too, as NAME="PROGRAM sim".
"""
import argparse
import concurrent.futures
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

LINE = re.compile(r"^fingerprint ([0-9a-f]{16})$", re.MULTILINE)
BOUND_S = 300


def fingerprint(command, seed):
    """Returns (fingerprint, None) or (None, what went wrong)."""
    words = [*command, "--seed", str(seed), "--fingerprint"]
    try:
        result = subprocess.run(words, capture_output=True, text=True, timeout=BOUND_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, f"{shlex.join(words)}: {error}"
    found = LINE.findall(result.stdout)
    if result.returncode != 0 or len(found) != 1:
        last = (result.stderr.strip() or result.stdout.strip() or "silence").splitlines()[-1]
        return None, (f"{shlex.join(words)}: exit {result.returncode}, {len(found)} fingerprints; "
                      f"last line: {last}")
    return found[0], None


def check(builds, seeds, jobs):
    """builds: {name: command words}. The first is run twice; all must agree with it."""
    complaints = []
    first = next(iter(builds))
    runs = [(name, seed) for seed in seeds for name in [first, *builds]]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda run: fingerprint(builds[run[0]], run[1]), runs))
    expected = {}
    for (name, seed), (value, problem) in zip(runs, results):
        if problem:
            complaints.append(problem)
        elif seed not in expected:
            expected[seed] = value
        elif value != expected[seed]:
            twice = "a second time" if name == first else f"with {name}"
            complaints.append(f"seed {seed}: {value} {twice}, {expected[seed]} with {first}")
    if len(set(expected.values())) < len(expected):
        complaints.append("two seeds have the same fingerprint: it does not depend on the run")
    return complaints


def self_test():
    # A stand-in for the simulator: fingerprint = seed + first argument + occurrence of the call.
    program = """import sys, pathlib
count = pathlib.Path(sys.argv[1]); count.write_text(count.read_text() + "x")
drift = int(sys.argv[3]) * len(count.read_text())
seed = int(sys.argv[sys.argv.index("--seed") + 1])
print(f"fingerprint {seed * int(sys.argv[4]) + int(sys.argv[2]) + drift:016x}")
sys.exit(int(sys.argv[5]))
"""
    failures = 0
    cases = [  # name, offset, drift, depends on seed, exit code, expected words
        ("the same everywhere", 0, 0, 1, 0, None),
        ("another fingerprint in one build", 7, 0, 1, 0, "with other"),
        ("a program that fails", 0, 0, 1, 1, "exit 1"),
    ]
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory)
        (path / "sim.py").write_text(program, encoding="utf-8")

        def build(name, offset=0, drift=0, depends=1, code=0):
            (path / name).write_text("", encoding="utf-8")
            return [sys.executable, str(path / "sim.py"), str(path / name), str(offset),
                    str(drift), str(depends), str(code)]

        def expect(name, builds, words):
            complaints = check(builds, range(1, 4), 1)
            ok = not complaints if words is None else any(words in line for line in complaints)
            print("\n    ".join([f"{'WRONG' if not ok else 'caught' if words else 'ok'}: {name}",
                                 *complaints]))
            return not ok

        for name, offset, drift, depends, code, words in cases:
            failures += expect(name, {"first": build("a"),
                                      "other": build("b", offset, drift, depends, code)}, words)
        failures += expect("a run that differs when repeated", {"first": build("a", drift=1)},
                           "a second time")
        failures += expect("a constant", {"first": build("a", depends=0)}, "does not depend")
        failures += expect("no program", {"first": ["/nonexistent/lunquake-sim"]}, "No such file")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(prog="fingerprints")
    parser.add_argument("--seeds", default="1..4", metavar="A..B")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--emulate", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("builds", nargs="*", metavar="NAME=PROGRAM")
    arguments = parser.parse_args()
    if arguments.self_test:
        sys.exit(self_test())
    if not arguments.builds:
        parser.error("no builds: nothing would be compared")
    first, last = (int(end) for end in arguments.seeds.split(".."))
    emulators = dict(pair.split("=", 1) for pair in arguments.emulate)
    builds = {}
    for pair in arguments.builds:
        name, program = pair.split("=", 1)
        builds[name] = shlex.split(emulators.get(name, "")) + shlex.split(program)
    complaints = check(builds, range(first, last + 1), arguments.jobs)
    for complaint in complaints:
        print(complaint)
    print(f"fingerprints of seeds {first}..{last} under {', '.join(builds)}: "
          f"{len(complaints)} complaints")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
