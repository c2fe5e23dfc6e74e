# SPDX-License-Identifier: Apache-2.0
"""`lunquake serve` and `with --fault RULE`: one rule after another, with a scenario and without."""
import os
import pathlib
import re
import subprocess

import pytest

from conftest import BOUND_S

EXAMPLES = pathlib.Path(os.environ["LUNQUAKE_SOURCE_DIR"]) / "scenarios" / "examples"
READ = ("sh", "-c", "qemu-io -f raw -c 'read -P 0 0 4096' {uri} 2>&1; true")


def faults(*rules):
    return [word for rule in rules for word in ("--fault", rule)]


def test_a_file_of_ones_own_with_faults(run, disk):
    done = run("with", "--file", disk,
               *faults("pdu.corrupt pdu data-in field data5",
                       "fault pdu.delay pdu scsi-command nth 3 by 100ms as slow"),
               "--", *READ)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "Pattern verification failed" in done.stdout
    last = done.stdout.splitlines()[-2:]
    assert re.fullmatch(r"fault pdu\.corrupt pdu data-in field data5 as fault-1: fired (\d+) of \1",
                        last[0])
    assert re.fullmatch(r"fault pdu\.delay pdu scsi-command nth 3 by 100ms as slow: "
                        r"fired 1 of \d+", last[1])


def test_every_action_beside_a_foreign_initiator(run):
    """Whatever becomes of its PDUs, libiscsi comes through: once each, it tries again."""
    rules = ["pdu.drop pdu nop-in nth 1000000", "pdu.delay nth 5 by 20ms",
             "pdu.stall pdu data-in nth 1 for 200ms", "pdu.hold pdu scsi-response nth 1 by 50ms",
             "pdu.duplicate pdu scsi-command nth 2", "pdu.reorder pdu nop-out nth 1000000",
             "pdu.replace pdu data-in where hasstatus = 0 nth 1000000 set datasn plus 1",
             "pdu.truncate pdu data-out nth 1000000 bytes 1",
             "pdu.inject pdu scsi-command nth 3 hex before 40800000 00000000 00000000 00000000 "
             "ffffffff ffffffff 00000000 00000000 00000000 00000000 00000000 00000000"]
    done = run("with", "--ram", "1MiB", *faults(*rules), "--", *READ)
    assert "read 4096/4096 bytes" in done.stdout and "Pattern" not in done.stdout
    fired = re.findall(r": fired (\d+) of \d+$", done.stdout, re.M)
    assert fired == ["0", "1", "1", "1", "1", "0", "0", "0", "1"], done.stdout
    assert done.returncode == 1 and "--fault: a rule never fired" in done.stderr


@pytest.mark.parametrize("digest", ["none", "crc32c"])
def test_what_is_changed_has_a_right_digest(run, digest):
    uri = "{uri}?header_digest=crc32c" if digest == "crc32c" else "{uri}"
    changed = run("with", "--ram", "1MiB", "--header-digest", digest,
                  *faults("pdu.replace pdu scsi-command where operationcode = 12h set byte33 to 2"),
                  "--", "iscsi-inq", uri)
    assert "fired 1 of 1" in changed.stdout and "ILLEGAL_REQUEST" in changed.stderr, changed


def test_what_is_corrupted_has_not(run):
    """The connection ends, and libiscsi comes back and asks again."""
    done = run("with", "--ram", "1MiB", "--header-digest", "crc32c",
               *faults("pdu.corrupt pdu scsi-command where operationcode = 12h field byte33 nth 1"),
               "--", "iscsi-inq", "{uri}?header_digest=crc32c")
    assert done.returncode == 0 and "Peripheral Device Type" in done.stdout, done
    assert int(re.search(r"fired 1 of (\d+)", done.stdout).group(1)) > 1


def test_it_is_added_to_a_scenario(run):
    file = EXAMPLES / "cold-reset.scn"
    done = run("with", "--scenario", file, *faults("disk.latency lun 0 by 1ms"), "--", "true")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^fault disk\.latency lun t0/0 by 1ms as fault-\d+: fired [1-9]\d* of ",
                     done.stdout, re.M)
    done = run("with", "--scenario", file, *faults("pdu.drop pdu reject as nix"), "--", "true")
    assert done.returncode == 1
    assert "\n  --fault: fault pdu.drop pdu reject as nix: it never fired\n" in done.stdout


def test_serve(serve):
    target = serve("--ram", "1MiB", *faults("pdu.reset pdu scsi-command nth 2"))
    done = subprocess.run(["qemu-io", "-f", "raw", "-c", "read 0 4096", target.uri],
                          capture_output=True, text=True, check=False, timeout=BOUND_S)
    assert "read 4096/4096 bytes" in done.stdout, done
    code, out, err = target.stop()
    assert (code, err) == (0, "")
    assert re.fullmatch(r"fault pdu\.reset pdu scsi-command nth 2 as fault-1: fired 1 of \d+\n", out)


@pytest.mark.parametrize("rule, message, caret", [
    ("pdu.drop pdu nonsense", "1:14: `nonsense' is no kind of PDU; expected nop-out, ", 14),
    ("pdu.melt", "1:1: `pdu.melt' is no fault of the catalogue; expected ", 1),
    ("pdu.drop nth", "1:13: ", 13),
    ("pdu.drop\npdu reject", "", None),
    ("pdu.replace pdu r2t", "1:1: `pdu.replace' does not say what it does; expected set ", 1),
    ("disk.hang lun 0", "1:15: `0' has no disk", 15),
    ("", "1:1: ", 1),
])
def test_a_bad_rule_is_located(run, rule, message, caret):
    done = run("with", "--fault", rule, "--", "true")
    assert done.returncode == 2
    assert done.stderr.startswith(f"lunquake: --fault:{message}"), done.stderr
    if caret is not None:
        assert re.fullmatch(r" *\^~*", done.stderr.splitlines()[-1]).group().index("^") == caret - 1


@pytest.mark.parametrize("rule, expected", [("disk.hang", "a fault pdu.*"),
                                            ("net.reset nth 1", "a fault pdu.*")])
def test_what_needs_a_scenario(run, rule, expected):
    done = run("serve", *faults(rule))
    assert done.returncode == 2 and expected in done.stderr and "--scenario" in done.stderr


def test_what_needs_the_virtual_world(run):
    done = run("serve", "--scenario", EXAMPLES / "cold-reset.scn", *faults("power.cut"))
    assert done.returncode == 2 and "needs the virtual world" in done.stderr


def test_too_many(run):
    done = run("serve", *faults(*["pdu.drop"] * 33))
    assert done.returncode == 2 and "at most 32" in done.stderr
