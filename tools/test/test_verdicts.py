# SPDX-License-Identifier: Apache-2.0
"""What `lunquake sim` writes for machines: TAP, JUnit XML and JSON Lines, read by Python's own
parsers."""
import json
import re
import xml.etree.ElementTree


def test_tap_names_every_property(run, tmp_path):
    path = tmp_path / "run.tap"
    done = run("sim", "--seeds", "1..6", "--tap", path)
    assert done.returncode == 0, done.stdout
    lines = path.read_text().splitlines()
    assert lines[0] == "TAP version 14"
    planned = int(re.fullmatch(r"1\.\.(\d+)", lines[1]).group(1))
    cases = [line for line in lines if re.match(r"(not )?ok \d+ - [A-Z]+-\d+ ", line)]
    assert len(cases) == planned - 1 > 40
    assert f"ok {planned} - seeds 1..6" in lines
    assert not any(case.startswith("not ok") for case in cases)
    data = next(case for case in cases if " DATA-1 " in case)
    assert "SKIP" not in data


def test_junit_counts_the_convicting_property(run, tmp_path):
    path = tmp_path / "run.xml"
    done = run("sim", "--seeds", "1..20", "--wrong", "ordered-as-simple", "--junit", path,
               "--jobs", "1")
    assert done.returncode == 1, done.stdout
    # A campaign stops at a conviction; one seed tells its verdicts to the end.
    done = run("sim", "--seed", "1", "--wrong", "ordered-as-simple", "--junit", path)
    assert done.returncode == 1, done.stdout
    suite = xml.etree.ElementTree.parse(path).getroot()
    failed = [case.get("name") for case in suite.iter("testcase")
              if case.find("failure") is not None]
    assert "ORD-1 ordered-waits-for-older" in failed
    assert int(suite.get("failures")) == len(failed)
    assert int(suite.get("tests")) == len(list(suite.iter("testcase")))


def test_what_a_scenario_expects_is_a_case(run, source, tmp_path):
    bad, tap, junit = tmp_path / "bad.scn", tmp_path / "run.tap", tmp_path / "run.xml"
    good = f"{source}/scenarios/examples/cold-reset.scn"
    bad.write_text("scenario \"x\"\ntarget t { lun 0 disk 1MiB }\ninitiator a -> t\nat 0\n    a login\n"
                   "    a inquiry as i\n    expect i status BUSY\n")
    done = run("sim", good, bad, "--tap", tap, "--junit", junit)
    assert done.returncode == 1, done.stdout
    lines = tap.read_text().splitlines()
    passed = [line for line in lines if re.fullmatch(rf"ok \d+ - {good}", line)]
    failed = [line for line in lines if line.startswith("not ok")]
    assert len(passed) == 1 and len(failed) == 1 and failed[0].endswith(f" - {bad}")
    assert lines[1] == f"1..{failed[0].split()[2]}"
    assert any(line.startswith(f"      {bad}:7: expect i status BUSY: it got status ") for line in lines)
    suite = xml.etree.ElementTree.parse(junit).getroot()
    cases = {case.get("name"): case.find("failure") for case in suite.iter("testcase")}
    assert suite.get("failures") == "1" and int(suite.get("tests")) == len(cases)
    assert cases[good] is None
    assert f"\n  {bad}:7: expect i status BUSY: it got status " in cases[str(bad)].get("message")


def test_a_campaign_is_a_case(run, tmp_path):
    path = tmp_path / "run.xml"
    done = run("sim", "--seeds", "1..20", "--wrong", "ordered-as-simple", "--junit", path)
    assert done.returncode == 1, done.stdout
    suite = xml.etree.ElementTree.parse(path).getroot()
    case = next(case for case in suite.iter("testcase") if case.get("name") == "seeds 1..20")
    assert re.match(r"exit code 1: of 20 seeds .*; seed \d+ failed$",
                    case.find("failure").get("message"))


def test_json_lines_are_the_history(run, tmp_path):
    path = tmp_path / "run.jsonl"
    done = run("sim", "--seed", "3", "--json-lines", path)
    assert done.returncode == 0, done.stdout
    first, *records = [json.loads(line) for line in path.read_text().splitlines()]
    assert first["format"] == "lunquake-history" and first["version"] == 1
    assert [record["seq"] for record in records] == list(range(1, len(records) + 1))
    times = [record["time_ns"] for record in records]
    assert times == sorted(times)
    kinds = {record["kind"] for record in records}
    assert {"I_COMMAND", "E_ENTERED", "S_EFFECT", "TAP"} <= kinds and "?" not in kinds


def test_files_that_cannot_be_written(run, tmp_path):
    nowhere = str(tmp_path / "none" / "file")
    for option in ("--tap", "--junit", "--json-lines"):
        done = run("sim", "--seed", "3", option, nowhere)
        assert done.returncode == 3, (option, done.stdout, done.stderr)
        assert nowhere in done.stderr and "choose another one" in done.stderr
    for option in ("--tap", "--junit", "--html", "--record", "--out"):
        done = run("sim", "--seed", "3", option, nowhere)
        assert done.returncode == 3 and done.stdout == "", (option, done.stdout)
        assert f"{nowhere}: cannot be written" in done.stderr, done.stderr
        assert "No such file or directory" in done.stderr
    done = run("sim", "--seeds", "1..2", "--json-lines", tmp_path / "x")
    assert done.returncode == 2 and "--json-lines is for one seed" in done.stderr
