# SPDX-License-Identifier: Apache-2.0
"""Every example and every exhibit of the museum in the live world: clean, and with each wrong that
it names convicted. They mostly wait, so some run at once."""
import concurrent.futures
import os
import pathlib
import re
import subprocess

from conftest import PROGRAM

SCENARIOS = pathlib.Path(os.environ["LUNQUAKE_SOURCE_DIR"]) / "scenarios"
AT_ONCE = 8
BOUND_S = 200
# A seed's run is not a timeline.
VIRTUAL_ONLY = {"seed-written-out.scn"}
# What a live world cannot do, and refuses.
VIRTUAL_STATEMENTS = re.compile(
    r"^[^#\n]*\b(power-cut|crash|disk-reset|transport fcp|fault (power|target|lun)\.\S+)( |$)",
    re.M)
# A way too narrow for the target's data: here its sockets buffer them.
VIRTUAL_WRONGS = {"abort-stops-read-half-way"}


def cases():
    """(file, wrong or None)"""
    for file in sorted([*SCENARIOS.glob("examples/*.scn"), *SCENARIOS.glob("museum/*.scn")]):
        if file.name not in VIRTUAL_ONLY:
            yield file, None
            for wrong in re.findall(r"^# wrong: (\S+)$", file.read_text(encoding="utf-8"), re.M):
                if wrong not in VIRTUAL_WRONGS:
                    yield file, wrong


def play(case):
    file, wrong = case
    planted = [] if wrong is None else ["--wrong", wrong]
    done = subprocess.run([PROGRAM, "with", "--scenario", file, *planted, "--", "true"],
                          capture_output=True, text=True, check=False, timeout=BOUND_S)
    expected = 0 if wrong is None else 1
    if VIRTUAL_STATEMENTS.search(file.read_text(encoding="utf-8")):
        expected = 2  # and that is said, with its place
    return None if done.returncode == expected else f"{file} {wrong}: {done}"


def test_all():
    all_cases = list(cases())
    assert len(all_cases) >= 80
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        complaints = pool.map(play, all_cases)
    # The file's milliseconds are short for a busy machine: once more, alone.
    again = [case for case, complaint in zip(all_cases, complaints) if complaint]
    assert len(again) <= len(all_cases) // 10, again
    complaints = [complaint for complaint in map(play, again) if complaint]
    assert not complaints, "\n".join(complaints)
