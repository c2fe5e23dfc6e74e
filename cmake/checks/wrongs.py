#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The deliberate wrongs that the program offers are those that docs/PROPERTIES.tsv gives to the
properties that must convict them: each once, none missing on either side, at least sixty.

    wrongs.py PROGRAM [ARGUMENT ...]     e.g. wrongs.py build/release/tools/lunquake-sim
"""
import pathlib
import subprocess
import sys

import properties

AT_LEAST = 60
ROOT = pathlib.Path(__file__).resolve().parents[2]


def check(offered, registered):
    """offered: names as --list-wrongs prints them; registered: [(property, name)]."""
    complaints = [f"{name} is offered twice" for name in sorted(set(offered))
                  if offered.count(name) > 1]
    owners = {}
    for identity, name in registered:
        if name in owners:
            complaints.append(f"{name} belongs to {owners[name]} and to {identity}; one property "
                              "must convict it")
        owners[name] = identity
        if name not in offered:
            complaints.append(f"{name} of {identity} is not offered by the program")
    complaints += [f"{name} has no property that must convict it" for name in offered
                   if name not in owners]
    if len(offered) < AT_LEAST:
        complaints.append(f"{len(offered)} wrongs; at least {AT_LEAST} expected")
    return complaints


def self_test():
    names = [f"wrong-{number}" for number in range(AT_LEAST)]
    good = [("TM-1", name) for name in names]
    cases = [
        ("nothing planted", names, good, None),
        ("a wrong without a property", [*names, "other"], good, "other has no property"),
        ("a registered wrong that does not exist", names, [*good, ("TM-2", "gone")], "gone of TM-2"),
        ("two properties for one wrong", names, [*good, ("TM-2", names[0])], "and to TM-2"),
        ("offered twice", [*names, names[0]], good, "twice"),
        ("too few", names[1:], good[1:], "at least"),
    ]
    failures = 0
    for name, offered, registered, words in cases:
        complaints = check(offered, registered)
        ok = not complaints if words is None else any(words in line for line in complaints)
        print(f"{'WRONG' if not ok else 'caught' if words else 'ok'}: {name}")
        failures += not ok
    return 1 if failures else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    result = subprocess.run([*sys.argv[1:], "--list-wrongs"], capture_output=True, text=True,
                            timeout=60)
    offered = [line.split()[0] for line in result.stdout.splitlines() if line.strip()]
    rows, complaints = properties.registry(ROOT)
    registered = [(identity, name) for identity, row in rows.items()
                  for name in row["wrongs"].split()]
    if result.returncode != 0:
        complaints.append(f"--list-wrongs: exit {result.returncode}: {result.stderr.strip()}")
    complaints += check(offered, registered)
    for complaint in complaints:
        print(complaint)
    print(f"wrongs: {len(offered)} offered, {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
