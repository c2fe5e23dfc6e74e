# SPDX-License-Identifier: Apache-2.0
"""`lunquake sim FILE.scn`: results, located messages, and each way in which a scenario is not met.
The scenarios of docs/SCENARIO.md run here as they stand there."""
import os
import pathlib
import re

import pytest

SOURCE = pathlib.Path(os.environ["LUNQUAKE_SOURCE_DIR"])
EXAMPLES = SOURCE / "scenarios" / "examples"
DOCUMENT = (SOURCE / "docs" / "SCENARIO.md").read_text(encoding="utf-8")
HEAD = """scenario "test"
target t { lun 0 disk 1MiB }
initiator a -> t
initiator b -> t
at 0
    a login; b login; a test-unit-ready; b test-unit-ready
at +10ms
"""


@pytest.fixture
def sim(run, tmp_path):
    """sim(TEXT, ARGUMENTS...) runs a scenario of this text."""

    def go(text, *arguments):
        path = tmp_path / "x.scn"
        path.write_text(text, encoding="latin-1")
        return run("sim", *arguments, path)

    return go


def test_several_files(run):
    files = sorted(EXAMPLES.glob("*.scn"))
    result = run("sim", *files)
    assert result.returncode == 0, result.stdout
    lines = result.stdout.splitlines()
    assert len(lines) == len(files) >= 8
    for line, file in zip(lines, files):
        assert re.fullmatch(rf"ok {re.escape(str(file))} fingerprint [0-9a-f]{{16}}  .+", line)


def test_same_fingerprint_again(run):
    file = EXAMPLES / "every-statement.scn"
    first, second = run("sim", file), run("sim", "--twice", file)
    assert first.stdout == second.stdout and first.returncode == second.returncode == 0


def test_wrong_is_convicted(run):
    file = EXAMPLES / "ordered-behind-withheld-data.scn"
    result = run("sim", file, "--wrong", "ordered-as-simple")
    assert result.returncode == 1
    assert "\nORD-1 ordered-waits-for-older" in result.stdout
    assert f"reproduce: lunquake sim {file} --wrong ordered-as-simple" in result.stdout
    assert re.search(r"^convicted .*\(ordered-as-simple by ORD-1\)$", result.stdout, re.MULTILINE)


def test_wrong_that_it_cannot_express(run):
    result = run("sim", EXAMPLES / "cold-reset.scn", "--wrong", "ordered-as-simple")
    assert result.returncode == 0
    assert result.stdout.startswith("not convicted")


def test_what_is_not_convicted_has_not_failed(run, tmp_path):
    unmet = tmp_path / "unmet.scn"
    unmet.write_text(HEAD + "    a inquiry as i\n    expect i status BUSY\n", encoding="utf-8")
    result = run("sim", unmet, "--wrong", "ordered-as-simple")
    assert result.returncode == 0
    assert result.stdout.startswith(f"not convicted {unmet}: not what the scenario expects\n")
    assert f"\nnot convicted {unmet} fingerprint " in result.stdout
    assert "FAILED" not in result.stdout


def test_one_failure_among_many(run, tmp_path):
    bad = tmp_path / "bad.scn"
    bad.write_text(HEAD + "    a inquiry as i\n    expect i status BUSY\n", encoding="utf-8")
    result = run("sim", EXAMPLES / "cold-reset.scn", bad)
    assert result.returncode == 1
    assert [line.split()[0] for line in result.stdout.splitlines() if line[:2] != "  "] == \
        ["ok", "FAILED", "reproduce:", "failed"]


def test_trace_and_capture(run, tmp_path):
    capture = tmp_path / "x.pcapng"
    result = run("sim", "--trace", "--pcap", capture, EXAMPLES / "cold-reset.scn")
    assert result.returncode == 0
    assert "TARGET COLD RESET" in result.stdout and capture.stat().st_size > 1000


UNMET = [
    ("a inquiry as i\nexpect i status BUSY", 9, "expect i status BUSY: it got status GOOD at 0.01"),
    ("a cdb ff as c\nexpect c status CHECK_CONDITION ILLEGAL_REQUEST 24h/00h", 9,
     "it got status CHECK_CONDITION ILLEGAL_REQUEST 20h/00h"),
    ("a write lba 0 blocks 1 data late 5s as w\nexpect w status GOOD within 1s", 9,
     "it happened too late, at 5.01"),
    ("a write lba 0 blocks 1 data withheld as w\nexpect w status GOOD", 9,
     "it got nothing, and its initiator gave up at 30.0"),
    ("a write lba 0 blocks 1 as w\nexpect w nothing", 9, "it got an answer at"),
    ("a write lba 0 blocks 1 as w\na read lba 0 blocks 1 as r\nexpect w status GOOD after r", 10,
     "it happened too early"),
    ("a write lba 0 blocks 1 as w\nexpect w status GOOD within 1s\na read lba 0 blocks 1 as r\n"
     "expect r data zeros", 11, "block 0 had other content at"),
    ("a lun-reset as x\nexpect x answer rejected", 9, "it was answered complete"),
    ("a drop\na read lba 0 blocks 1 as r\nexpect r status GOOD", 9, "it never happened"),
    ("a drop\na read lba 0 blocks 1 as r\nexpect r status GOOD", 10, "it was never sent"),
    ("a login\nexpect a login ok within 1s", 9, "no login has ended"),
    ("a login", 8, "a login: it never happened: there was a session, or a login under way"),
    ("a relogin\na login", 9, "a login: it never happened: there was a session"),
    ("b logout\nafter b.logout\nb vanish", 10, "b vanish: it never happened: there was no conn"),
    ("a drop\na close", 9, "a close: it never happened: there was no connection"),
    ("a drop\na read lba 0 blocks 1 as r\na drop\na relogin\na abort r", 12,
     "a abort r: it never happened: its command was never sent"),
    ("expect a lost", 8, "its connection was not lost"),
    ("a ping\nexpect a logout ok", 9, "no logout was answered"),
    ("fault disk.hang as h", 8, "it never fired"),
    ("fault disk.latency by 1ms as l\na read lba 0 blocks 1\na read lba 1 blocks 1\n"
     "expect fault l fired once", 11, "it fired 2 times"),
    ("fault disk.latency nth 1 as l\na read lba 0 blocks 1\nexpect fault l fired never", 10,
     "it fired 1 time"),
    ("a ping\nexpect lba 0 blocks 1 never flips after a.login", 9, "nobody read these blocks"),
    ("a write lba 0 blocks 1 data withheld as w\nafter w\n    b inquiry as i\n"
     "at +1s\nheal", 10, "its moment never came"),
]


@pytest.mark.parametrize("text,line,words", UNMET)
def test_unmet(sim, text, line, words):
    result = sim(HEAD + text + "\n")
    assert result.returncode == 1, result.stdout
    assert re.search(rf"^  \S+x\.scn:{line}: .*{re.escape(words)}", result.stdout, re.MULTILINE), \
        result.stdout


def test_required_property_never_exercised(sim):
    result = sim("requires ordered-waits-for-older, TM-2\n" + HEAD + "    a inquiry\n")
    assert result.returncode == 1
    assert "x.scn:1: requires ordered-waits-for-older: this run never put it to the test" in \
        result.stdout


def test_blocks_that_flip(sim):
    """The engine must be wrong for blocks to flip: a write comes after the abort's answer."""
    file = SOURCE / "scenarios" / "museum" / "BM-08-abort-of-what-is-in-the-store.scn"
    result = sim(file.read_text(encoding="utf-8"), "--wrong", "tm-answered-after-marking")
    assert result.returncode == 1 and "\nTM-2 " in result.stdout


BAD = [
    (HEAD + "\ta jump\n", "8:4: `jump' is nothing that an initiator does; expected login, logout",
     "\ta jump\n\t  ^~~~\n"),
    ("scenario \"x", "1:10: `\"x' is no title; expected one in double quotes",
     "scenario \"x\n         ^~\n"),
    ("requires no-such-thing\n" + HEAD + "a ping\n",
     "1:10: `no-such-thing' is no property; expected an id or a slug of docs/PROPERTIES.tsv",
     "requires no-such-thing\n         ^~~~~~~~~~~~~\n"),
    ("requires TM-1, task-end-once\n" + HEAD + "a ping\n",
     "1:16: `task-end-once' is no property; expected an id or a slug of docs/PROPERTIES.tsv; did "
     "you mean `task-ends-once'?", "requires TM-1, task-end-once\n               ^~~~~~~~~~~~~\n"),
    ("\xff\xfe\x00", "1:1: `?' begins no statement", "???\n^\n"),
    ("", "1:1: the end of the file comes before the title", "\n^\n"),
]


@pytest.mark.parametrize("text,words,shown", BAD)
def test_bad_file(sim, text, words, shown):
    result = sim(text)
    assert result.returncode == 2 and result.stdout == ""
    first, rest = result.stderr.split("\n", 1)
    assert re.match(rf"lunquake: \S+x\.scn:{re.escape(words)}", first), first
    assert first.endswith("; see docs/SCENARIO.md")
    if "\xff" not in text:
        assert rest == shown


def test_action_that_never_begins(sim):
    """It is what the scenario did not get; its initiator goes home all the same."""
    result = sim(HEAD + "    a discover\n", "--no-shrink")
    assert result.returncode == 1 and "a discover: it never happened" in result.stdout
    assert "ACC-2" not in result.stdout and "outstanding" not in result.stdout


EXPLORED = """scenario "x"
target t { lun 0 disk 64KiB }
initiator a -> t
at 0
    a login
at +1s
    BEFORE
at +10ms
    explore
    a relogin
"""


@pytest.mark.parametrize("before", ["power-cut", "crash for 50ms", "disk-reset lun 0"])
def test_catastrophe_just_before_every_order(sim, before):
    result = sim(EXPLORED.replace("BEFORE", before), "--exhaust")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("before, words", [
    ("fault power.cut nth 5 as f", "7:5: has a catastrophe that waits"),
    ("fault target.crash nth 5 as f", "7:5: has a catastrophe that waits"),
    ("fault disk.reset nth 5 as f", "7:5: has a catastrophe that waits"),
    ('a login iscsi { key "DataDigest=CRC32C,None" }', "7:5: has a login with digests")])
def test_what_no_order_has(sim, before, words):
    result = sim(EXPLORED.replace("BEFORE", before), "--exhaust")
    assert result.returncode == 2 and words in result.stderr, result.stderr
    assert "; expected " in result.stderr


def test_nothing_runs_when_one_file_is_bad(run, tmp_path):
    bad = tmp_path / "bad.scn"
    bad.write_text("scenario\n", encoding="utf-8")
    result = run("sim", EXAMPLES / "cold-reset.scn", bad)
    assert result.returncode == 2 and result.stdout == ""


def test_files_that_cannot_be_read(run, tmp_path):
    for path in (tmp_path / "none.scn", tmp_path):
        result = run("sim", path)
        assert result.returncode == 3 and "cannot be read" in result.stderr


@pytest.mark.parametrize("arguments", [["--seeds", "1..2"], ["--bench", "--ladder"]])
def test_options_for_seeds(run, arguments):
    result = run("sim", *arguments, EXAMPLES / "cold-reset.scn")
    assert result.returncode == 2 and arguments[0] in result.stderr


def test_bench_counts_the_commands_of_all_files(run):
    file = EXAMPLES / "cold-reset.scn"
    lines = [run("sim", "--bench", *files).stdout.splitlines()[-1] for files in ([file], [file] * 3)]
    counts = [int(re.match(r"bench: ([0-9]+) commands, [0-9.]+ processor seconds, ", line).group(1))
              for line in lines]
    assert counts[0] > 0 and counts[1] == 3 * counts[0]


@pytest.mark.parametrize("segment, longest", [("512", 512), ("4KiB", 4096)])
def test_a_workload_offers_the_keys_of_the_file(run, tmp_path, segment, longest):
    file = tmp_path / "keys.scn"
    file.write_text(f"""scenario "keys"
target t0 {{ lun 0 disk 1MiB }}
initiator a -> t0 {{ workload {{ writes 0; others 0 }}; iscsi {{ max-segment {segment} }} }}
at 100ms
    heal
""", encoding="utf-8")
    result = run("sim", "--trace", file)
    data_in = re.findall(r"<-+ connection 1, 48 bytes: 25[0-9a-f]{6} 00([0-9a-f]{6})", result.stdout)
    assert result.returncode == 0
    assert max(int(size, 16) for size in data_in) == longest


def test_help_names_files(run):
    assert "[FILE.scn]" in run("sim", "--help").stdout


def test_document_runs(sim):
    """Every complete scenario of the document passes as it stands."""
    blocks = re.findall(r"^```\n(scenario \".*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 1
    for block in blocks:
        result = sim(block)
        assert result.returncode == 0, block + result.stdout + result.stderr


def test_document_names_every_word():
    """What the language's tables know is in the document, and in a scenario that runs in CI."""
    table = (SOURCE / "scenarios" / "lang" / "table.c").read_text(encoding="utf-8")
    words = re.findall(r'\[LQ_SCN_\w+\] = \{"([a-z0-9 -]+)"', table)
    assert len(words) > 50
    used = "".join(path.read_text(encoding="utf-8")
                   for path in (SOURCE / "scenarios").glob("*/*.scn"))
    used = re.sub(r"#.*", "", used)
    for word in words:
        pattern = rf"(?<![\w-]){re.escape(word)}(?![\w-])"
        assert re.search(pattern, DOCUMENT), f"{word} is not in docs/SCENARIO.md"
        assert re.search(pattern, used), f"{word} is in no scenario"
