# SPDX-License-Identifier: Apache-2.0
"""`lunquake serve` and `with --scenario FILE`: the files of the virtual world in the live one."""
import os
import pathlib
import re
import time

import pytest

from conftest import BOUND_S

SOURCE = pathlib.Path(os.environ["LUNQUAKE_SOURCE_DIR"])
EXAMPLES = SOURCE / "scenarios" / "examples"
MUSEUM = SOURCE / "scenarios" / "museum"
HEAD = """scenario "test"
target t { lun 0 disk 1MiB }
initiator a -> t
initiator b -> t
at 0
    a login; b login; a test-unit-ready; b test-unit-ready
at +10ms
"""


@pytest.fixture
def live(run, tmp_path):
    """live(TEXT, ARGUMENTS..., command=[...]) runs a scenario of this text beside a command."""

    def go(text, *arguments, command=("true",)):
        path = tmp_path / "x.scn"
        path.write_text(text, encoding="latin-1")
        return run("with", "--scenario", path, *arguments, "--", *command)

    return go


def lines_of(result):
    """The lines of a verdict, without what differs between worlds: times, fingerprint, proofs; and
    without the counters of a live run's rules."""
    lines = [re.sub(r" at [0-9.]+s", " at T", line) for line in result.stdout.splitlines()]
    return [re.sub(r" (live|fingerprint [0-9a-f]{16}) ", " ", line) for line in lines
            if not line.startswith("reproduce: ") and ": fired " not in line]


@pytest.mark.parametrize("file", [EXAMPLES / "ordered-behind-withheld-data.scn",
                                  EXAMPLES / "two-ports-one-unit.scn",
                                  EXAMPLES / "pdu-faults.scn",
                                  MUSEUM / "BM-06-abort-of-nothing-then-lun-reset.scn"])
def test_verdict_of_both_worlds(run, file):
    live, virtual = run("with", "--scenario", file, "--", "true"), run("sim", file)
    assert live.returncode == virtual.returncode == 0, live.stdout
    assert lines_of(live) == lines_of(virtual)
    assert f"ok {file} live  " in live.stdout


@pytest.mark.parametrize("file, wrong, proof", [
    (EXAMPLES / "ordered-behind-withheld-data.scn", "ordered-as-simple", "ORD-1 "),
    (MUSEUM / "BM-66-last-data-in-has-offset-0.scn", "data-in-offset-wrong", "SEQ-4 "),
])
def test_judges_convict_a_wrong(run, file, wrong, proof):
    done = run("with", "--scenario", file, "--wrong", wrong, "--", "true")
    assert done.returncode == 1
    assert done.stdout.startswith(f"FAILED {file}: property violated\n")
    assert re.search(f"^{proof}", done.stdout, re.M) and f"planted wrong {wrong}" in done.stdout


def test_what_is_not_met_reads_the_same(live, run, tmp_path):
    text = HEAD + """a write lba 0 blocks 1 as w1; a read lba 0 blocks 1 as r1
    expect w1 status BUSY
    expect r1 data zeros
    expect b lost
    fault disk.medium-error lun 0 nth 9 as never
"""
    done = live(text)
    assert done.returncode == 1, done.stdout
    virtual = run("sim", tmp_path / "x.scn")
    assert lines_of(done) == lines_of(virtual)
    assert len(lines_of(done)) == 6


def test_within_has_a_slack_of_a_second(live):
    text = HEAD + """fault disk.latency lun 0 by DELAY as slow
    a read lba 0 blocks 1 as r1
    expect r1 status GOOD within 100ms
"""
    assert live(text.replace("DELAY", "500ms")).returncode == 0
    late = live(text.replace("DELAY", "2s"))
    assert late.returncode == 1 and "it happened too late" in late.stdout


def test_a_foreign_initiator_beside(run):
    done = run("with", "--scenario", MUSEUM / "BM-06-abort-of-nothing-then-lun-reset.scn", "--",
               "iscsi-inq", "{uri}")
    assert done.returncode == 0, done.stdout
    assert "Peripheral Device Type" in done.stdout and "(judges: none," in done.stdout


def test_store_faults_strike_foreign_initiators(live):
    text = """scenario "a bad block"
target t { lun 0 disk 1MiB }
initiator a -> t
at 0
    fault disk.medium-error lun 0 nth 1 as bad
    expect fault bad fired once
"""
    done = live(text, command=("sh", "-c", "qemu-io -f raw -c 'read 0 4096' {uri}; true"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" in (done.stdout + done.stderr).lower()


def test_network_faults_strike_foreign_initiators(live):
    text = """scenario "a cut"
target t { lun 0 disk 1MiB }
initiator a -> t
at 0
    fault net.segment every 2 as pieces
    fault net.latency every 3 by 2ms as slow
"""
    done = live(text, command=("iscsi-inq", "{uri}"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Peripheral Device Type" in done.stdout
    # libiscsi connects again.
    done = live(text.replace("net.segment every 2", "net.reset nth 3"),
                command=("iscsi-inq", "{uri}"))
    assert done.returncode == 0 and "2 connections were not its own" in done.stdout, done.stdout


def test_network_faults_strike_its_own_initiators(live):
    text = HEAD + """fault net.reset initiator a nth 1 as cut
    a read lba 0 blocks 1 as r1
    b read lba 0 blocks 1 as r2
    expect a lost within 1s
    expect r1 nothing
    expect r2 status GOOD
"""
    done = live(text)
    assert done.returncode == 0, done.stdout


READ = ("sh", "-c", "qemu-io -f raw -c 'read -P 0 0 4096' {uri} 2>&1; true")


@pytest.mark.parametrize("rule, seen", [
    # A status of its own, in the place of the one that the target sent.
    ("pdu.answer pdu data-in where hasstatus = 1 status CHECK_CONDITION MEDIUM_ERROR 11h/00h",
     r"SENSE KEY:.*\(3\) ASCQ:.*\(0x1100\)"),
    ("pdu.corrupt pdu data-in field data5", "Pattern verification failed"),
    ("pdu.replace pdu scsi-command where operationcode = 28h set byte32 to 0ffh",  # the opcode
     "Input/output error|Invalid argument"),
    # What libiscsi does not even notice: it waits, or connects again.
    ("pdu.delay pdu data-in nth 1 by 300ms", "read 4096/4096 bytes"),
    ("pdu.reset pdu scsi-command where operationcode = 28h nth 1", "read 4096/4096 bytes"),
    ("pdu.fin pdu scsi-response nth 2", "read 4096/4096 bytes"),
])
def test_pdu_faults_strike_foreign_initiators(live, rule, seen):
    text = f"""scenario "a network that meddles"
target t {{ lun 0 disk 1MiB }}
initiator a -> t
at 0
    fault {rule} as it
"""
    done = live(text, command=READ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(seen, done.stdout), done.stdout


def test_a_pdu_fault_that_never_fired(live):
    text = HEAD + "fault pdu.drop pdu async-message as never\n"
    done = live(text)
    assert done.returncode == 1 and "fault pdu.drop pdu async-message as never: it never fired" in \
        done.stdout


def test_pdus_that_stand_still_go_on_at_heal(live):
    text = HEAD + """fault pdu.stall initiator a from-target nth 1 as still
    a test-unit-ready as t1; b test-unit-ready as t2
at +300ms
    expect t2 status GOOD within 200ms
    heal
    expect t1 status GOOD within 1s after t2
"""
    done = live(text)
    assert done.returncode == 0, done.stdout


def test_discovery_names_the_portal_that_is_open(run):
    done = run("with", "--scenario", EXAMPLES / "two-ports-one-unit.scn", "--", "iscsi-ls",
               "iscsi://{host}:{port}")
    assert done.returncode == 0, done.stdout
    portals = re.findall(r"Portal:127\.0\.0\.1:(\d+),(\d)", done.stdout)
    assert len(set(portals)) == 2, done.stdout


def test_the_commands_exit_code_comes_first(live):
    text = HEAD + "a read lba 0 blocks 1 as r1; expect r1 status BUSY\n"
    assert live(text, command=("sh", "-c", "exit 42")).returncode == 42
    assert live(text).returncode == 1
    assert live(HEAD, command=("false",)).returncode == 1


def test_a_bad_file_is_located(live, run):
    done = live(HEAD + "a write lba 0 blocks\n")
    assert done.returncode == 2
    assert re.match(r"lunquake: .*x\.scn:8:21: .+; see docs/SCENARIO.md\n", done.stderr), done.stderr
    done = run("serve", "--scenario", EXAMPLES / "no-such.scn")
    assert done.returncode == 3 and "cannot be read" in done.stderr
    done = live(HEAD + "fault power.cut as dark\n")
    assert done.returncode == 2 and re.search(r":8:\d+: this catastrophe needs", done.stderr)
    done = run("serve", "--scenario", EXAMPLES / "seed-written-out.scn")
    assert done.returncode == 2 and "run it with `lunquake sim'" in done.stderr


@pytest.mark.parametrize("option", [["--ram", "1MiB"], ["--file", "x"], ["--iqn", "iqn.2026-11.x:y"],
                                    ["--busy-after", "1s"], ["--max-commands", "8"]])
def test_the_scenario_says_it(run, option):
    done = run("serve", "--scenario", EXAMPLES / "cold-reset.scn", *option)
    assert done.returncode == 2
    assert done.stderr.startswith(f"lunquake: {option[0]}: does not go with --scenario")


def test_an_unknown_wrong(run):
    done = run("serve", "--wrong", "no-such-wrong")
    assert done.returncode == 2 and "--list-wrongs" in done.stderr


def test_serve_judges_when_it_is_stopped(serve):
    file = MUSEUM / "BM-06-abort-of-nothing-then-lun-reset.scn"
    served = serve("--scenario", file)
    end = time.monotonic() + BOUND_S
    while True:  # when its timeline, of some 30 ms, has been told is not to be seen from outside
        time.sleep(0.1)
        code, out, err = served.stop()
        if code != 4 or time.monotonic() > end:
            break
        served = serve("--scenario", file)
    assert (code, err) == (0, ""), out
    assert out.startswith(f"ok {file} live  ")


def test_serve_stopped_before_the_end(serve, tmp_path):
    file = tmp_path / "x.scn"
    file.write_text(HEAD + "at 50s a ping\n", encoding="latin-1")
    served = serve("--scenario", file)
    code, out, err = served.stop()
    assert (code, out, err) == (4, f"stopped {file}  test\n", "")


def test_a_capture_of_it(live, tmp_path, run):
    capture = tmp_path / "x.pcapng"
    assert live(HEAD, "--pcap", capture).returncode == 0
    assert capture.stat().st_size > 1000


def test_other_initiators_see_luns_change(live):
    text = """scenario "test"
target t { lun 0 disk 1MiB; lun 1 absent disk 1MiB }
initiator a -> t
at 0
    a login; a test-unit-ready
at +1s
    t lun 1 add; t lun 0 resize 2MiB
"""
    look = "iscsi-ls -s {uri}; iscsi-readcapacity16 {uri}"
    done = live(text, command=("sh", "-c", f"{look}; sleep 2; {look}"))
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()
            if line.startswith("Lun:")] == ["Lun:0", "Lun:0", "Lun:1"]
    assert re.findall(r"RETURNED LOGICAL BLOCK ADDRESS:(\d+)", done.stdout) == ["2047", "4095"]
