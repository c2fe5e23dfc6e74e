# SPDX-License-Identifier: Apache-2.0
"""`lunquake sim --campaign`: kept, resumed, spread over shards, and put together again."""
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import time

import pytest

from conftest import PROGRAM

DOCUMENT = pathlib.Path(os.environ["LUNQUAKE_SOURCE_DIR"], "docs", "CAMPAIGNS.md").read_text()
SEEDS = ("--seeds", "1..60")


@pytest.fixture(scope="module")
def whole():
    """What one run without a database prints."""
    return subprocess.run([PROGRAM, "sim", *SEEDS], capture_output=True, text=True, check=False,
                          timeout=60)


def tables(path):
    """All that a database holds but what it is."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return {name: sorted(db.execute(f"SELECT * FROM {name}"))
                for name in ("seed", "violation", "property", "total")}


def test_a_campaign_prints_what_a_run_prints(run, tmp_path, whole):
    kept = run("sim", *SEEDS, "--campaign", tmp_path / "a.db")
    assert kept.returncode == whole.returncode == 0
    assert kept.stdout == whole.stdout and kept.stderr == ""
    held = tables(tmp_path / "a.db")
    assert [row[0] for row in held["seed"]] == list(range(1, 61))
    assert all(row[1] == "clean" for row in held["seed"])
    listed = run("sim", *SEEDS, "--fingerprint").stdout
    for row in held["seed"]:
        assert f"seed {row[0]} fingerprint {row[2]}\n" in listed
    assert sum(row[3] for row in held["total"] if row[1] == "commands ended") == \
        sum(row[3] for row in held["seed"])
    again = run("sim", *SEEDS, "--campaign", tmp_path / "a.db")
    assert again.stdout == whole.stdout


def test_a_killed_campaign_goes_on(run, tmp_path, whole):
    path = tmp_path / "k.db"
    process = subprocess.Popen([PROGRAM, "sim", "--seeds", "1..60", "--jobs", "1", "--twice",
                                "--campaign", path], stdout=subprocess.PIPE)
    bound = time.monotonic() + 60
    while not has_rows(path):
        assert time.monotonic() < bound and process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert 0 < len(tables(path)["seed"])
    resumed = run("sim", *SEEDS, "--campaign", path)
    assert resumed.stdout == whole.stdout
    assert len(tables(path)["seed"]) == 60


def has_rows(path):
    """While the campaign goes on."""
    try:
        return len(tables(path)["seed"]) > 0
    except sqlite3.OperationalError:  # not made yet, or a commit is under way
        return False


def test_an_interrupted_campaign_says_what_is_left(tmp_path):
    process = subprocess.Popen([PROGRAM, "sim", "--seeds", "1..100000", "--campaign",
                                tmp_path / "i.db"], stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 4
    done = int(re.search(r"^(\d+) seeds, ", out, re.MULTILINE).group(1))
    assert f"stopped early: {100000 - done} of 100000 seeds are still to be run\n" in out
    assert len(tables(tmp_path / "i.db")["seed"]) == done


def test_twenty_failures_are_enough(run):
    result = run("sim", "--personality", "tgt", "--seeds", "1..200", "--no-shrink")
    assert result.returncode == 1
    done = int(re.search(r"^(\d+) seeds, ", result.stdout, re.MULTILINE).group(1))
    assert (f"stopped early: {200 - done} of 200 seeds are still to be run; 20 that fail are enough"
            in result.stdout)


def test_shards_are_one_campaign(run, tmp_path, whole):
    shards = [tmp_path / f"s{i}.db" for i in (1, 2, 3)]
    for i, shard in enumerate(shards, 1):
        assert run("sim", *SEEDS, "--campaign", shard, "--shard", f"{i}/3").returncode == 0
    merged = run("sim", "--merge", tmp_path / "m.db", *shards)
    assert merged.returncode == 0 and merged.stdout == whole.stdout
    run("sim", *SEEDS, "--campaign", tmp_path / "one.db")
    assert tables(tmp_path / "m.db") == tables(tmp_path / "one.db")
    part = run("sim", "--merge", tmp_path / "p.db", shards[2], shards[0])
    assert part.returncode == 4 and "stopped early: 20 of 60 seeds" in part.stdout


def test_the_documented_shards(tmp_path, whole):
    """Exactly the commands of docs/CAMPAIGNS.md."""
    script = next(block for block in re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)
                  if block.startswith("parallel "))
    place = tmp_path / "bin"
    place.mkdir()
    (place / "lunquake").symlink_to(PROGRAM)
    environment = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    result = subprocess.run(["bash", "-euc", script], cwd=tmp_path, env=environment, text=True,
                            capture_output=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert whole.stdout in result.stdout
    for query in re.findall(r'^sqlite3 nightly.db "(.*)"$', DOCUMENT, re.MULTILINE):
        with sqlite3.connect(tmp_path / "all.db") as db:
            assert len(db.execute(query).fetchall()) == \
                (0 if "verdict" in query else whole.stdout.count("never happened: "))


def test_a_wrong_is_kept(run, tmp_path):
    path = tmp_path / "w.db"
    arguments = ("sim", "--seeds", "1..50", "--wrong", "ordered-as-simple", "--campaign", path)
    result = run(*arguments)
    assert result.returncode == 1 and "ordered-as-simple: convicted by ORD-1" in result.stdout
    assert any(row[1] == "ORD-1" for row in tables(path)["violation"])
    again = run(*arguments)
    assert again.returncode == 1 and "reproduce: lunquake sim --seed " in again.stdout


def test_nobody_is_waited_for_without_a_bound(run, tmp_path):
    result = run("sim", "--seeds", "1..3", "--seed-timeout", "1us", "--commands", "20000",
                 "--campaign", tmp_path / "h.db")
    assert result.returncode == 99
    assert "3 seeds crashed or hung" in result.stdout
    assert "reproduce with `lunquake sim --seed 1'" in result.stdout
    assert [row[1] for row in tables(tmp_path / "h.db")["seed"]] == ["hung"] * 3


def test_a_crash_has_a_name(tmp_path):
    """A worker that is killed: its seed is named, and the others go on."""
    process = subprocess.Popen([PROGRAM, "sim", "--seeds", "1..40", "--jobs", "1", "--commands",
                                "3000", "--campaign", tmp_path / "c.db"],
                               stdout=subprocess.PIPE, text=True)
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    bound = time.monotonic() + 60
    while not children.read_text().split():
        assert time.monotonic() < bound
    os.kill(int(children.read_text().split()[0]), signal.SIGSEGV)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 99 and "1 seeds crashed or hung" in out
    assert re.search(r"^seed \d+ ended with signal 11; expected a verdict", out, re.MULTILINE)
    verdicts = [row[1] for row in tables(tmp_path / "c.db")["seed"]]
    assert verdicts.count("crashed") == 1 and verdicts.count("clean") == 39


def test_what_does_not_fit_is_refused(run, tmp_path):
    path = tmp_path / "a.db"
    run("sim", "--seeds", "1..4", "--campaign", path)
    other = run("sim", "--seeds", "1..5", "--campaign", path)
    assert other.returncode == 3 and "is the campaign --seeds 1..4 " in other.stderr
    with sqlite3.connect(path) as db:
        db.execute("UPDATE campaign SET value = '0.0.1' WHERE name = 'program version'")
    newer = run("sim", "--seeds", "1..4", "--campaign", path)
    assert newer.returncode == 3 and "was begun by lunquake 0.0.1" in newer.stderr
    text = tmp_path / "text"
    text.write_text("no database\n" * 100)
    broken = run("sim", "--seeds", "1..4", "--campaign", text)
    assert broken.returncode == 3 and str(text) in broken.stderr
    assert text.read_text() == "no database\n" * 100
    twice = run("sim", "--merge", path, path)
    assert twice.returncode == 3 and "is there already" in twice.stderr
    shard = tmp_path / "s.db"
    run("sim", "--seeds", "1..4", "--campaign", shard, "--shard", "1/2")
    same = run("sim", "--merge", tmp_path / "n.db", shard, shard)
    assert same.returncode == 3 and "has seeds that another file" in same.stderr
    assert not (tmp_path / "n.db").exists()
    busy = sqlite3.connect(shard)
    busy.execute("BEGIN IMMEDIATE")
    second = run("sim", "--seeds", "1..4", "--campaign", shard, "--shard", "1/2")
    assert second.returncode == 3 and "cannot be locked for this process" in second.stderr
    busy.close()
    nowhere = run("sim", "--seeds", "1..4", "--campaign", tmp_path / "no" / "a.db")
    assert nowhere.returncode == 3 and "cannot be opened" in nowhere.stderr


@pytest.mark.parametrize("arguments, said", [
    (["--seeds", "1..4", "--shard", "0/2"], "is no shard"),
    (["--seeds", "1..4", "--shard", "3/2"], "is no shard"),
    (["--seeds", "1..4", "--shard", "2"], "is no shard"),
    (["--seeds", "1..4", "--seed-timeout", "0"], "is no bound"),
    (["--merge", "x.db"], "takes the databases of shards"),
])
def test_usage(run, arguments, said):
    result = run("sim", *arguments)
    assert result.returncode == 2 and said in result.stderr
