# SPDX-License-Identifier: Apache-2.0
"""Captures of both worlds say in comments what faults did to PDUs, and tshark finds nothing wrong
in them but what a comment explains. Taps are on the target's side of the faults: a PDU that was
lost on its way from the target is there, one that was lost on its way to it is not."""
import re
import subprocess

import pytest

from conftest import BOUND_S

PING = "40800000 00000000 00000000 00000000 ffffffff ffffffff" + 6 * " 00000000"
TEXT = f"""scenario "struck PDUs"
target t {{ iscsi {{ first-burst 512 }} lun 0 disk 1MiB }}
initiator a -> t
initiator b -> t
at 0
    a login; b login; a test-unit-ready; b test-unit-ready
at +10ms
    fault pdu.drop from-target pdu scsi-response initiator a nth 1 as lost
    a test-unit-ready as t1
at +200ms
    expect t1 nothing
    a abort t1
    disarm lost
at +100ms
    fault pdu.drop to-target pdu scsi-command initiator b nth 1 as gone
    b test-unit-ready as t2
at +200ms
    expect t2 nothing
    b drop
    disarm gone
at +100ms
    fault pdu.inject pdu scsi-command initiator a nth 1 hex before {PING} as ping
    fault pdu.truncate pdu data-out initiator a where datasn < 1 bytes 256 as short
    fault pdu.duplicate pdu scsi-command initiator a nth 1 as doubled
    a test-unit-ready as t3
    a write lba 24 blocks 8 as w1
    expect t3 status GOOD within 1s
    expect w1 status CHECK_CONDITION ABORTED_COMMAND within 1s
at +100ms
    fault pdu.reset initiator a pdu nop-out nth 1 as cut
    a ping
    expect a lost within 1s
at +100ms
    heal
"""


def fields(path, what, *names):
    names = [word for name in names for word in ("-e", name)]
    done = subprocess.run(["tshark", "-r", path, "-Y", what, "-T", "fields", *names],
                          capture_output=True, text=True, timeout=BOUND_S, check=False)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.fixture(name="capture", params=["virtual", "live"])
def fixture_capture(request, run, tmp_path):
    file, path = tmp_path / "x.scn", tmp_path / "x.pcapng"
    file.write_text(TEXT, encoding="ascii")
    if request.param == "virtual":
        done = run("sim", file, "--pcap", path)
    else:
        done = run("with", "--scenario", file, "--pcap", path, "--", "true")
    assert done.returncode == 0, done.stdout + done.stderr
    return path


def test_comments(capture):
    comments = [row[0] for row in fields(capture, "frame.comment", "frame.comment")]
    found = [re.match(r"(pdu\.\w+) struck a ([a-z-]+) \(itt \w+, (\d+) bytes\) (to|from) the target; "
                      r"here is what the target (received|sent)\. ", comment)
             for comment in comments if "struck" in comment]
    assert None not in found, comments
    assert [match.group(1, 2, 4, 5) for match in found] == [
        ("pdu.drop", "scsi-response", "from", "sent"),
        ("pdu.drop", "scsi-command", "to", "received"),
        ("pdu.inject", "scsi-command", "to", "received"),
        ("pdu.duplicate", "scsi-command", "to", "received"),
        ("pdu.truncate", "data-out", "to", "received"),
        ("pdu.reset", "nop-out", "to", "received")]


def test_what_was_lost(capture):
    """The response that a never got is there, at its comment; the command that t never got is not,
    and the connection's end says so."""
    lost, gone = [row for row in fields(capture, 'frame.comment contains "pdu.drop"', "iscsi.opcode",
                                        "tcp.len")]
    assert lost == ["0x21", "48"]
    assert gone[1] == "0"
    pings = fields(capture, "iscsi.opcode == 0x00 && iscsi.targettransfertag == 0xffffffff",
                   "frame.comment")
    assert len(pings) == 1 and "pdu.inject" in pings[0][0]  # a's own ping was where it was cut off


def test_nothing_is_malformed(capture):
    assert fields(capture, "_ws.malformed", "frame.number") == []
    errors = "_ws.expert.severity >= 0x600000 && tcp.flags.reset == 0 && !frame.comment"
    assert fields(capture, errors, "frame.number") == []
