# SPDX-License-Identifier: Apache-2.0
"""Failures made small: the shrunk file fails for the same property, is short, is the same file each
time, and gives one fingerprint with its own trace."""
import os
import pathlib
import re

import pytest

SOURCE = pathlib.Path(os.environ["LUNQUAKE_SOURCE_DIR"])
FINGERPRINT = re.compile(r"^fingerprint ([0-9a-f]{16})$", re.MULTILINE)
SHRUNK = re.compile(r"^shrunk to (\d+) lines in \S+ s and \d+ runs: (\S+)$", re.MULTILINE)
# Wrongs, and the first seed to try: of others before it only a swarm's file is left.
FIRST = {"ordered-as-simple": 1, "abort-task-set-hits-everybody": 1, "ua-only-to-issuer": 1,
         "stat-sn-reused": 1, "task-leaked-at-logout": 20, "any-key-registers": 4}
# The same demands on one of each judge's, but for the number of lines.
OTHERS = ["quarantine-forgets-block", "nexus-loss-tells-nobody", "two-statuses", "data-sn-gap",
          "write-error-as-good"]


def shrink(run, out, wrong, *arguments):
    result = run("sim", *arguments, "--wrong", wrong, "--shrink", 50, "--out", out)
    assert result.returncode == 1, result.stdout
    found = SHRUNK.search(result.stdout)
    assert found, result.stdout
    return int(found.group(1)), pathlib.Path(found.group(2)), result.stdout


def properties(text):
    return re.findall(r"^([A-Z]+-\d+) ", text, re.MULTILINE)


@pytest.mark.parametrize("wrong", FIRST)
def test_shrunk(run, tmp_path, wrong):
    lines, path, printed = shrink(run, tmp_path, wrong, "--seeds", f"{FIRST.get(wrong, 1)}..300")
    text = path.read_text(encoding="ascii")
    statements = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines == len(statements) <= 15, text
    assert "swarm" not in text and re.search(r"^at 0 ", text, re.MULTILINE), text
    assert f"reproduce: lunquake sim {path} --wrong {wrong}   # version " in printed
    trace = tmp_path / "x.trace"
    again = run("sim", path, "--wrong", wrong, "--record", trace, "--fingerprint")
    assert again.returncode == 1 and "\nconvicted " in again.stdout
    assert properties(again.stdout)[0] == properties(printed)[0]
    replayed = run("sim", "--replay", trace)
    assert replayed.returncode == 1
    assert FINGERPRINT.search(replayed.stdout).group() == FINGERPRINT.search(again.stdout).group()
    assert properties(replayed.stdout) == properties(again.stdout)
    assert run("sim", path).returncode == 0 # without the wrong nothing is wrong


def outcome(result):
    """Properties and fingerprint of a run that failed."""
    assert result.returncode == 1, result.stdout + result.stderr
    found = properties(result.stdout)
    assert found, result.stdout
    return found, re.search(r"\bfingerprint ([0-9a-f]{16})\b", result.stdout).group(1)


@pytest.mark.parametrize("wrong", [*FIRST, *OTHERS])
def test_a_seed_its_scenario_and_its_trace_are_one_run(run, tmp_path, wrong):
    _, shrunk, printed = shrink(run, tmp_path, wrong, "--seeds", f"{FIRST.get(wrong, 1)}..300")
    seed = re.search(r"^FAILED seed (\d+)", printed, re.MULTILINE).group(1)
    scenario, trace, small = (tmp_path / name for name in ("a.scn", "a.trace", "small.trace"))
    of_seed = outcome(run("sim", "--seed", seed, "--wrong", wrong, "--record", trace))
    scenario.write_text(run("sim", "--seed", seed, "--print-scenario").stdout, encoding="ascii")
    assert outcome(run("sim", scenario, "--wrong", wrong)) == of_seed
    assert outcome(run("sim", "--replay", trace)) == of_seed
    of_shrunk = outcome(run("sim", shrunk, "--wrong", wrong, "--record", small))
    assert of_shrunk[0][0] == properties(printed)[0] and of_shrunk[0][0] in of_seed[0]
    assert outcome(run("sim", "--replay", small)) == of_shrunk


def test_same_file_each_time(run, tmp_path):
    files = []
    for name in "one", "two":
        (tmp_path / name).mkdir()
        files.append(shrink(run, tmp_path / name, "stat-sn-reused", "--seed", 3)[1])
    assert files[0].read_bytes() == files[1].read_bytes()


def test_of_a_scenario(run, tmp_path):
    museum = SOURCE / "scenarios" / "museum" / "BM-01-two-lun-resets.scn"
    lines, path, _ = shrink(run, tmp_path, "second-tm-overwrites-waiter", museum)
    assert path.name == "shrunk-BM-01-two-lun-resets.scn"
    before = [line for line in museum.read_text(encoding="ascii").splitlines()
              if line and not line.startswith("#")]
    assert lines < len(before)
    again = run("sim", path, "--wrong", "second-tm-overwrites-waiter")
    assert again.returncode == 1 and "\nTM-7 " in again.stdout


def test_what_is_left_of_a_swarm(run, tmp_path):
    """Where there is no time for a timeline the seed is written out; it fails as the seed did."""
    result = run("sim", "--seed", 3, "--wrong", "stat-sn-reused", "--shrink", 0, "--out", tmp_path)
    assert result.returncode == 1 and "(more --shrink SECONDS may make it smaller)" in result.stdout
    path = tmp_path / "shrunk-3.scn"
    assert "\nswarm 3 {\n" in path.read_text(encoding="ascii")
    again = run("sim", path, "--wrong", "stat-sn-reused")
    assert FINGERPRINT.search(result.stdout).group(1) in again.stdout


def test_only_when_wanted(run, tmp_path):
    wrong = ["--seed", 3, "--wrong", "stat-sn-reused"]
    for arguments in [], ["--shrink", 9, "--no-shrink"]:
        result = run("sim", *wrong, *arguments, cwd=tmp_path)
        assert result.returncode == 1 and "shrunk" not in result.stdout
    assert list(tmp_path.iterdir()) == []
    result = run("sim", *wrong, "--shrink", 9, "--out", tmp_path / "none")
    assert result.returncode == 3 and result.stdout == ""
    assert "none: cannot be written to: No such file or directory" in result.stderr
