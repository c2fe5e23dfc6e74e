# SPDX-License-Identifier: Apache-2.0
"""`lunquake sim` from outside: verdicts, exit codes, what a failure prints, determinism."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from conftest import PROGRAM

SOURCE = pathlib.Path(os.environ["LUNQUAKE_SOURCE_DIR"])
FINGERPRINT = re.compile(r"^fingerprint ([0-9a-f]{16})$", re.MULTILINE)


def test_seeds_pass(run):
    result = run("sim", "--seeds", "1..30", "--jobs", "2")
    assert result.returncode == 0, result.stdout
    last = result.stdout.splitlines()
    summary = next(line for line in last if line.startswith("30 seeds, "))
    assert "30 clean, 0 violated, 0 with too few commands, 0 unsteady" in summary
    assert int(summary.split()[2]) >= 30 * 1000
    assert result.stderr == ""  # progress is for terminals


def test_one_seed_repeats(run):
    first, second = run("sim", "--seed", "11"), run("sim", "--seed", "11")
    assert first.returncode == 0 and first.stdout == second.stdout
    assert FINGERPRINT.search(first.stdout)
    assert re.fullmatch(r"seed 11: clean; \d+ commands of .*\nfingerprint [0-9a-f]{16}\n",
                        first.stdout)
    totals = run("sim", "--seed", "11", "--totals").stdout
    for word in ("seed 11\n", "luns ", "quarantine-after ", "commands of "):
        assert word in totals
    assert totals.endswith(first.stdout)
    alone = run("sim", "--seed", "11", "--fingerprint")
    assert alone.stdout == f"fingerprint {FINGERPRINT.search(first.stdout).group(1)}\n"
    assert run("sim", "--seed", "12", "--fingerprint").stdout != alone.stdout


def test_campaign_and_single_runs_agree(run):
    lines = run("sim", "--seeds", "5..8", "--jobs", "3", "--twice", "--fingerprint").stdout
    listed = dict(re.findall(r"^seed (\d+) fingerprint ([0-9a-f]{16})$", lines, re.MULTILINE))
    assert sorted(listed) == ["5", "6", "7", "8"]
    for seed, value in listed.items():
        assert run("sim", "--seed", seed, "--fingerprint").stdout == f"fingerprint {value}\n"


def test_more_commands(run):
    short = run("sim", "--seed", "3", "--commands", "50").stdout
    ended = int(re.search(r"; (\d+) commands of ", short, re.MULTILINE).group(1))
    assert 50 <= ended < 500


def test_list_wrongs(run):
    result = run("sim", "--list-wrongs")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert len(lines) >= 16
    for line in lines:
        assert re.fullmatch(r"[a-z0-9-]+ +[A-Z]+-\d+ +\S.*", line), line
    assert lines[0].startswith("ordered-as-simple ")


def test_numbers_start_near_their_wrap_in_a_third_of_the_seeds(run, tmp_path):
    """What initiators really sent: CmdSN and initiator task tags that pass 2^32."""
    seeds, wraps = 36, 0
    for seed in range(1, seeds + 1):
        file = tmp_path / "history.json"
        assert run("sim", "--seed", seed, "--json-lines", file).returncode == 0
        records = [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]
        commands = [record for record in records if record.get("kind") == "I_COMMAND"]
        ends = [{record[number] >> 31 for record in commands} for number in ("stamp", "tag")]
        assert ends in ([{0, 1}, {0, 1}], [{0}, {0}]), seed # both numbers wrap, or neither is near
        wraps += len(ends[0]) == 2
    assert seeds / 5 < wraps < seeds / 2


def test_list_faults(run):
    """docs/FAULTS.md is the catalogue."""
    result = run("sim", "--list-faults")
    assert result.returncode == 0
    document = (SOURCE / "docs" / "FAULTS.md").read_text(encoding="utf-8")
    assert result.stdout in document
    assert document.count("\n| `") == result.stdout.count("\n| `") > 30


@pytest.mark.parametrize("arguments", [["--seeds", "1..500"], ["--seed", "1"]])
def test_wrong_is_convicted(run, arguments):
    result = run("sim", "--wrong", "ordered-as-simple", *arguments)
    assert result.returncode == 1
    out = result.stdout
    assert "ORD-1 ordered-waits-for-older [" in out
    assert re.search(r"^FAILED seed \d+: property violated$", out, re.MULTILINE)
    assert re.search(r"broken at \d+\.\d{9}s: ", out)
    proof = out[out.index("  proof:"):]
    assert len(re.findall(r"^ +\d+\.\d{9}s  ", proof, re.MULTILINE)) >= 2
    line = re.search(r"^reproduce: lunquake (sim --seed \d+ --wrong ordered-as-simple)   # version ",
                     out, re.MULTILINE)
    again = run(*line.group(1).split())
    assert again.returncode == 1 and "ORD-1 " in again.stdout


def test_trace_is_a_ladder(run):
    out = run("sim", "--seed", "2", "--commands", "20", "--trace").stdout
    assert re.search(r"^ +\d+\.\d{9}s  initiator 1 +LOGIN ", out, re.MULTILINE)
    assert re.search(r"^ +\d+\.\d{9}s  ------------> connection 1, \d+ bytes: 43", out,
                     re.MULTILINE)
    assert re.search(r"^ +\d+\.\d{9}s  target +ENTERED ", out, re.MULTILINE)


USAGE = [
    (["--wrong", "no-such", "--seed", "1"], ["`no-such' is no wrong", "--list-wrongs"]),
    (["--seeds", "1..2", "--trace"], ["--trace is for one seed"]),
    (["--seeds", "1..2", "--pcap", "x"], ["--pcap is for one seed"]),
]


@pytest.mark.parametrize("arguments,words", USAGE)
def test_usage(run, arguments, words):
    result = run("sim", *arguments)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.startswith("lunquake: ") and result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def test_capture_that_cannot_be_written(run, tmp_path):
    result = run("sim", "--seed", "1", "--commands", "5", "--pcap", tmp_path / "none" / "x")
    assert result.returncode == 3 and "cannot be created" in result.stderr


def test_interrupted_campaign_says_so():
    process = subprocess.Popen([PROGRAM, "sim", "--seeds", "1..1000000", "--jobs", "2"],
                               stdout=subprocess.PIPE, text=True)
    time.sleep(1)  # anywhere in the campaign will do
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 4
    assert re.search(r"^\d+ seeds, \d+ commands, ", out, re.MULTILINE)


def printed(run, tmp_path, seed):
    result = run("sim", "--seed", seed, "--print-scenario")
    assert result.returncode == 0
    path = tmp_path / f"seed{seed}.scn"
    path.write_text(result.stdout, encoding="ascii")
    return path


@pytest.mark.parametrize("seed", [1, 2, 3, 42, 2**63])
def test_printed_seed_is_the_seed(run, tmp_path, seed):
    path = printed(run, tmp_path, seed)
    of_seed = run("sim", "--seed", seed, "--fingerprint")
    of_file = run("sim", path, "--fingerprint")
    assert of_seed.returncode == of_file.returncode == 0
    assert of_file.stdout.splitlines()[-1] == of_seed.stdout.splitlines()[-1]
    assert run("sim", path, "--print-scenario").stdout == path.read_text(encoding="ascii")


def test_printed_seed_convicts_as_the_seed_does(run, tmp_path):
    path = printed(run, tmp_path, 3)
    wrong = ["--wrong", "residual-wrong"]
    of_seed, of_file = run("sim", "--seed", 3, *wrong), run("sim", path, *wrong)
    assert of_seed.returncode == of_file.returncode == 1
    fingerprint = of_seed.stdout.splitlines()[-1]
    assert fingerprint.startswith("fingerprint ") and fingerprint in of_file.stdout
    assert "\nSEQ-6 " in of_seed.stdout and "\nSEQ-6 " in of_file.stdout


@pytest.mark.parametrize("entry,words", [
    ("luna 1", ":3:5: `luna' is no setting of a swarm; expected commands, luns, stores"),
    ("luns 9", ":3:5: `luns' has no such value; expected 1, 2, 2, 3"),
    ("luns 1s", ":3:5: `luns' has no such value"),
    ("hang 1", ":3:5: `hang' has no such value; expected 1s, 300ms, 5s, 20s"),
    ("commands 0", ":3:5: `commands' has no such value; expected 1 to 1000000000"),
])
def test_swarm_refused(run, tmp_path, entry, words):
    path = tmp_path / "x.scn"
    path.write_text(f'scenario "x"\nswarm 1 {{\n    {entry}\n}}\n', encoding="ascii")
    result = run("sim", path)
    assert result.returncode == 2 and words in result.stderr, result.stderr
    assert "    ^~" in result.stderr


def test_swarm_has_its_own_seed(run, tmp_path):
    path = printed(run, tmp_path, 4)
    result = run("sim", path, "--seed", 5)
    assert result.returncode == 2 and "--seed does not go with" in result.stderr


def test_swarm_keeps_what_it_says(run, tmp_path):
    """Leaving steps and strikes out changes no other draw: what is kept is what it was."""
    path = tmp_path / "x.scn"
    path.write_text('scenario "x"\nswarm 7 { bad 0; tm 0; keep step 1/2..3, 2/1 }\n',
                    encoding="ascii")
    kept = run("sim", path, "--trace").stdout
    sent = re.findall(r"initiator (\d+) +COMMAND .* serial (\w+)h", kept)
    assert sent == [("1", "10000000002"), ("1", "10000000003"), ("2", "20000000001")]
    path.write_text('scenario "x"\nswarm 7 { bad 0; tm 0 }\n', encoding="ascii")
    everything = run("sim", path, "--trace").stdout
    for _, serial in sent:
        lines = [re.search(rf"COMMAND (.*) tag .* serial {serial}h.*(blocks \S+)?", text).groups()
                 for text in (kept, everything)]
        assert lines[0] == lines[1]


RECORDED = [["--seed", 5], ["--seed", 5, "--transport", "fcp"],
            ["scenarios/examples/aca.scn", "--transport", "fcp"], ["--seed", 3, "--wrong", "residual-wrong"],
            ["scenarios/examples/every-statement.scn"],
            ["scenarios/examples/seed-written-out.scn", "--wrong", "ordered-as-simple"]]


@pytest.mark.parametrize("arguments", RECORDED)
def test_replay_is_the_recorded_run(run, tmp_path, arguments):
    trace = tmp_path / "x.trace"
    recorded = run("sim", *arguments, "--record", trace, "--fingerprint", cwd=SOURCE)
    replayed = run("sim", "--replay", trace)
    assert replayed.returncode == recorded.returncode
    assert FINGERPRINT.search(replayed.stdout).group() == \
        FINGERPRINT.search(recorded.stdout).group()
    assert re.search(r"^replayed \d+ draws: the recorded run$", replayed.stdout, re.MULTILINE)
    assert trace.read_bytes().startswith(b"lunquake-trace 2 ")
    convicted = re.findall(r"^[A-Z]+-\d+ .*", recorded.stdout + recorded.stderr, re.MULTILINE)
    assert convicted == re.findall(r"^[A-Z]+-\d+ .*", replayed.stdout, re.MULTILINE)


def test_replay_needs_no_seed(run, tmp_path):
    trace, other = tmp_path / "x.trace", tmp_path / "y.trace"
    recorded = run("sim", "--seed", 5, "--record", trace)
    other.write_bytes(trace.read_bytes().replace(b"\nseed 5\n", b"\nseed 6\n", 1))
    replayed = run("sim", "--replay", other)
    assert replayed.returncode == 0
    assert FINGERPRINT.search(replayed.stdout).group() == \
        FINGERPRINT.search(recorded.stdout).group()


def test_replay_keeps_the_transport(run, tmp_path):
    trace, other = tmp_path / "x.trace", tmp_path / "y.trace"
    run("sim", "--seed", 5, "--transport", "fcp", "--record", trace)
    other.write_bytes(trace.read_bytes().replace(b"\ntransport fcp\n", b"\ntransport x\n", 1))
    result = run("sim", "--replay", other)
    assert result.returncode == 2
    assert "has a transport that this version does not have; expected iscsi or fcp" in result.stderr
    result = run("sim", "--replay", trace, "--transport", "fcp")
    assert result.returncode == 2 and "--replay goes with" in result.stderr


def test_replay_that_leaves_its_trace(run, tmp_path):
    """Another program would take another way: here the wrong is gone, and the run longer."""
    trace, other = tmp_path / "x.trace", tmp_path / "y.trace"
    run("sim", "--seed", 3, "--wrong", "residual-wrong", "--record", trace)
    bytes_ = trace.read_bytes().replace(b"\nwrong residual-wrong\n", b"\nwrong -\n", 1)
    other.write_bytes(bytes_)
    result = run("sim", "--replay", other)
    assert result.returncode == 5
    assert "the run left the trace at draw" in result.stderr
    assert "\nrecorded: violated, fingerprint " in result.stdout
    other.write_bytes(re.sub(rb"^lunquake-trace 2 \S+", b"lunquake-trace 2 0.0.9", bytes_))
    result = run("sim", "--replay", other)
    assert result.returncode == 0
    assert "was recorded by version 0.0.9; expected " in result.stderr


@pytest.mark.parametrize("text,words", [
    (b"", "is no trace; expected"), (b"\x00\x01", "is no trace; expected"),
    (b"lunquake-trace 9 1.0\n", "is a trace of another format version; expected version 2"),
    (b"lunquake-trace 1 0.1.0\n", "is a trace of another format version; expected version 2"),
    (b"lunquake-trace 2 1.0\nseed 1\n", "is damaged; expected a whole trace"),
])
def test_replay_refused(run, tmp_path, text, words):
    trace = tmp_path / "x.trace"
    trace.write_bytes(text)
    result = run("sim", "--replay", trace)
    assert result.returncode == 2 and result.stderr.count("\n") == 1 and words in result.stderr
    assert run("sim", "--replay", trace, "--seed", 1).returncode == 2
