# SPDX-License-Identifier: Apache-2.0
"""`lunquake features`: the whole comparison, and no claim without a test that passed."""
import os
import pathlib
import re
import subprocess

import pytest

LUNQUAKE = os.environ["LUNQUAKE"]
TABLE = pathlib.Path(os.environ["LUNQUAKE_SOURCE_DIR"]) / "docs" / "FEATURES.tsv"
SECTIONS = {"E": 37, "T": 11, "B": 16, "I": 20, "L": 2}
OTHERS = ("SCST", "STGT", "IET", "LIO")


def rows():
    head, *lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [dict(zip(head.split("\t"), line.split("\t"))) for line in lines
            if not line.startswith("#")]


def features(*arguments):
    return subprocess.run([LUNQUAKE, "features", *arguments], capture_output=True, text=True,
                          timeout=60)


def ctest_line(number, name, said):
    """As ctest 3.25 prints it."""
    return f"{number:3}/999 Test #{number}: {name} {'.' * (40 - len(name))} {said:>8}    0.02 sec"


def results(tmp_path, verdicts):
    path = tmp_path / "ctest.log"
    lines = ["Test project /x", "    Start 1: x"]
    lines += [ctest_line(number, name, said) for number, (name, said)
              in enumerate(verdicts.items(), 1)]
    path.write_text("\n".join(lines) + "\n\n100% tests passed\n", encoding="utf-8")
    return str(path)


def claims():
    return [row for row in rows() if row["proofs"]]


def all_pass():
    return {name: "Passed" for row in claims() for name in row["proofs"].split()}


def test_the_table_is_whole():
    for letter, count in SECTIONS.items():
        wanted = [f"{letter}{number:02}" for number in range(1, count + 1)]
        assert [row["id"] for row in rows() if row["id"][0] == letter] == wanted
    for row in rows():
        assert len(row) == 8, row
        assert row["feature"] and all(row[other] for other in OTHERS), row
        if row["proofs"]:
            assert row["Lunquake"] not in ("", "-", "not yet"), row["id"]
            assert len(row["proofs"].split()) == len(set(row["proofs"].split())), row["id"]
        else:
            assert row["Lunquake"] in ("-", "not yet"), row["id"]


def test_every_proof_is_a_test():
    listed = subprocess.run(["ctest", "--test-dir", os.environ["LUNQUAKE_BUILD_DIR"], "-N"],
                            capture_output=True, text=True, timeout=120, check=True).stdout
    known = set(re.findall(r"^ *Test +#\d+: (\S+)", listed, flags=re.M))
    assert len(known) > 100
    assert not [name for name in all_pass() if name not in known]


def test_the_table_is_printed():
    done = features()
    assert done.returncode == 0
    for row in rows():
        block = re.search(rf"^{row['id']}  {re.escape(row['feature'])}\n(.*?)(\n\n|\n[A-Z])",
                          done.stdout, flags=re.M | re.S).group(1)
        for name in OTHERS + ("Lunquake",):
            assert f"{name}: {row[name]}" in block
        assert ("proved by" in block) == bool(row["proofs"])
        assert all(name in block for name in row["proofs"].split())
    assert f"{len(rows())} rows: {len(claims())} claimed, " in done.stdout
    assert "have not been looked at" in done.stdout


def test_every_claim_is_proved(tmp_path):
    done = features("--results", results(tmp_path, all_pass()))
    assert done.returncode == 0 and done.stderr == ""
    assert f"{len(claims())} claimed and proved, " in done.stdout


@pytest.mark.parametrize("said, word", [
    ("***Failed", "FAILED"), ("***Skipped", "SKIPPED"), ("***Timeout", "FAILED"),
    ("***Exception: SegFault", "FAILED"), ("***Not Run", "NOT RUN"), (None, "NOT RUN")])
def test_a_claim_without_a_passing_test(tmp_path, said, word):
    row = claims()[0]
    name = row["proofs"].split()[0]
    verdicts = all_pass()
    if said is None:
        del verdicts[name]
    else:
        verdicts[name] = said
    done = features("--results", results(tmp_path, verdicts))
    assert done.returncode == 1
    assert f"{name} ({word})" in done.stdout
    hit = [claim for claim in claims() if name in claim["proofs"].split()]
    assert f"{len(hit)} CLAIMED AND NOT PROVED" in done.stdout
    lines = done.stderr.splitlines()
    assert len(lines) == len(hit) and lines[0].startswith(f"lunquake: features: {row['id']} ")


def test_the_last_time_counts(tmp_path):
    name = next(iter(all_pass()))
    path = results(tmp_path, {**all_pass(), "other": "Passed"})
    with open(path, "a", encoding="utf-8") as stream:
        stream.write(ctest_line(1, name, "***Failed") + "\n")
    assert features("--results", path).returncode == 1
    with open(path, "a", encoding="utf-8") as stream:
        stream.write("x" * 5000 + ctest_line(1, name, "Passed") + "\n")   # within a line: not ctest's
    assert features("--results", path).returncode == 1
    with open(path, "a", encoding="utf-8") as stream:
        stream.write(ctest_line(1, name, "Passed") + "\n")
    assert features("--results", path).returncode == 0


def test_results_that_are_none(tmp_path):
    done = features("--results", str(tmp_path / "absent"))
    assert done.returncode == 3 and "cannot be read" in done.stderr
    empty = tmp_path / "empty"
    empty.write_text("nothing of the kind\n", encoding="utf-8")
    done = features("--results", str(empty))
    assert done.returncode == 3 and "tells of no test" in done.stderr


def test_what_real_ctest_prints(tmp_path):
    """The format is ctest's own: one that passes, fails, is skipped and is not there."""
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(x NONE)\nenable_testing()\n"
        'add_test(NAME sim_seeds COMMAND sh -c "exit 0")\n'
        'add_test(NAME check_layering COMMAND sh -c "exit 1")\n'
        'add_test(NAME check_symbols COMMAND sh -c "exit 77")\n'
        "set_tests_properties(check_symbols PROPERTIES SKIP_RETURN_CODE 77)\n"
        "add_test(NAME live_loop COMMAND /nonexistent)\n", encoding="utf-8")
    log = tmp_path / "ctest.log"
    subprocess.run(["cmake", "-B", str(tmp_path / "b"), str(tmp_path)], check=True,
                   capture_output=True, timeout=120)
    subprocess.run(["ctest", "--test-dir", str(tmp_path / "b"), "--output-log", str(log)],
                   capture_output=True, timeout=120, check=False)
    printed = features("--results", str(log)).stdout
    for words in ("sim_seeds (passed)", "check_layering (FAILED)", "check_symbols (SKIPPED)",
                  "live_loop (NOT RUN)"):
        assert words in printed
