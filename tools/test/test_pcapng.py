# SPDX-License-Identifier: Apache-2.0
"""tshark, which shares nothing with us, reads what the capture writer wrote."""
import os
import pathlib
import subprocess

import pytest

WRITER = os.environ.get("LUNQUAKE_WRITE_CAPTURE") or os.path.join(
    os.environ["LUNQUAKE_BUILD_DIR"], "tools", "write_capture")


def tshark(path, *arguments):
    done = subprocess.run(
        ["tshark", "-r", str(path), "-o", "ip.check_checksum:TRUE", "-o",
         "tcp.check_checksum:TRUE", *arguments],
        capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line]


@pytest.fixture(name="capture", scope="module")
def fixture_capture(tmp_path_factory):
    path = tmp_path_factory.mktemp("pcapng") / "made_up.pcapng"
    subprocess.run([WRITER, path], check=True, timeout=60)
    return path


def test_nothing_is_wrong(capture):
    """No malformed packet, no checksum error, no lost or out-of-order segment, no full window."""
    assert tshark(capture, "-Y", "_ws.malformed || _ws.expert.severity >= 0x600000 || "
                  "ip.checksum.status == 0 || tcp.checksum.status == 0") == []
    assert tshark(capture, "-Y", "tcp.checksum.status == 1 && ip.checksum.status == 1",
                  "-T", "fields", "-e", "frame.number") == \
        tshark(capture, "-T", "fields", "-e", "frame.number")


def test_every_pdu_is_found(capture):
    """2 runs of 6 pings and 20 unasked NOP-Ins, wherever the taps cut them."""
    opcodes = []
    for line in tshark(capture, "-Y", "iscsi", "-T", "fields", "-e", "iscsi.opcode"):
        opcodes += line.split(",")
    assert opcodes.count("0x00") == 2 * 6
    assert opcodes.count("0x20") == 2 * (6 + 20)
    assert len(opcodes) == 2 * (6 + 6 + 20)


def test_one_interface_per_run(capture):
    rows = tshark(capture, "-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0", "-T", "fields",
                  "-e", "frame.interface_name", "-e", "frame.comment", "-e", "tcp.dstport")
    comment = "the true port is 12345"
    assert rows == [f"seed {run}\t{comment}\t3260" for run in (1, 2) for _ in range(5)]


def test_ends(capture):
    """Who closes first sends the first FIN; a peer that vanished sends nothing."""
    fins = tshark(capture, "-Y", "tcp.flags.fin == 1 && frame.interface_id == 0", "-T", "fields",
                  "-e", "ip.src")
    assert fins == ["10.1.0.1", "172.16.0.1", "172.16.0.1", "10.1.0.2", "10.1.0.1", "172.16.0.1"]


def test_times(capture):
    times = tshark(capture, "-Y", "iscsi && frame.interface_id == 0", "-T", "fields", "-e",
                   "frame.time_epoch")
    assert times[0] == "0.000011000"
    assert times == sorted(times, key=float)


def test_a_full_disk_is_told():
    if not pathlib.Path("/dev/full").exists():
        pytest.fail("/dev/full is missing")
    assert subprocess.run([WRITER, "/dev/full"], check=False, timeout=60).returncode == 1
