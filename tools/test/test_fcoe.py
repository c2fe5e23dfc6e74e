# SPDX-License-Identifier: Apache-2.0
"""`lunquake serve --fcoe` from outside: what it accepts, what it says when it cannot, and a peer on
datagram sockets whose frames are spelled out here [FC-BB-5, FC-LS], as QEMU would carry them."""
import os
import socket
import struct
import zlib

import pytest

BOUND_S = 20
ENODE = bytes.fromhex("525400123456")
NAME = bytes.fromhex("1000525400123456")
PORT_NAME = bytes.fromhex("2000525400123456")
ALL_FCFS = bytes.fromhex("011018010002")


class Peer:
    """An ENode by hand."""

    def __init__(self, directory):
        self.target = str(directory / "target.sock")
        self.own = str(directory / "peer.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.own)
        self.socket.settimeout(BOUND_S)

    @property
    def device(self):
        return f"unix:{self.target}:{self.own}"

    def send(self, frame):
        self.socket.sendto(frame, self.target)

    def receive(self, wanted):
        """The next frame that WANTED likes; others are passed over."""
        while True:
            frame = self.socket.recv(4096)
            if wanted(frame):
                return frame

    def fip(self, destination, operation, flags, descriptors):
        self.send(destination + ENODE + b"\x89\x14\x10\0" + operation +
                  struct.pack(">HH", len(descriptors) // 4, flags) + descriptors)

    def fcoe(self, destination, source, frame):
        self.send(destination + source + b"\x89\x06" + bytes(13) + b"\x2e" + frame +
                  struct.pack("<I", zlib.crc32(frame)) + b"\x42\0\0\0")


def is_fip(operation):
    return lambda frame: frame[12:14] == b"\x89\x14" and frame[16:20] == operation


def login(command):
    """Service parameters of class 3, 2112 bytes."""
    return (command + bytes.fromhex("000000" "2020000a" "80000840" "00ff001f" "00000000") +
            PORT_NAME + NAME + bytes(32) + bytes.fromhex("8800000000000840" "00ff000000010000") +
            bytes(32))


def els(d_id, s_id, payload):
    return (b"\x22" + d_id + b"\0" + s_id + b"\x01\x29\0\0" + bytes(4) + b"\x12\x34\xff\xff" +
            bytes(4) + payload)


def log_in(peer):
    """Solicitation, advertisement, FLOGI inside FIP: the FCF's address, ours, and its MAC."""
    peer.fip(ALL_FCFS, b"\0\x01\0\x01", 0x8000,
             b"\x02\x02" + ENODE + b"\x04\x03\0\0" + NAME + b"\x06\x01\x08\x6e")
    offer = peer.receive(lambda frame: is_fip(b"\0\x01\0\x02")(frame) and frame[:6] == ENODE)
    assert len(offer) == 14 + 2158, "a solicited advertisement is as long as the longest frame"
    assert offer[22:24] == b"\xc0\x07"  # both kinds of addresses, available, solicited, FCF
    fcf = offer[6:12]
    peer.fip(fcf, b"\0\x02\0\x01", 0x8000,
             b"\x07\x24\0\0" + els(b"\xff\xff\xfe", bytes(3), login(b"\x04")) +
             b"\x02\x02" + bytes(6))
    accept = peer.receive(is_fip(b"\0\x02\0\x02"))
    fc_id = accept[29:32]
    assert accept[52] == 0x02, "LS_ACC"
    assert accept[-8:] == b"\x02\x02\x0e\xfc\0" + fc_id
    return fcf, fc_id, accept[-6:]


def test_a_login_by_hand(serve, tmp_path):
    peer = Peer(tmp_path)
    served = serve("--ram", "1MiB", "--fcoe", peer.device)
    fcf, fc_id, mac = log_in(peer)
    target = b"\x01\0\x01"
    peer.fcoe(fcf, mac, els(target, fc_id, login(b"\x03")))
    accept = peer.receive(lambda frame: frame[12:14] == b"\x89\x06")
    assert accept[:12] == mac + fcf
    assert accept[29:32] == fc_id and accept[33:36] == target and accept[28] == 0x23
    assert accept[52] == 0x02
    assert struct.unpack("<I", accept[-8:-4])[0] == zlib.crc32(accept[28:-8])
    assert served.stop()[0] == 0
    assert not os.path.exists(peer.target), "the socket is taken away"


def test_noise_is_dropped(serve, tmp_path):
    """Each byte value, all lengths, frames of nobody; then the login still works."""
    peer = Peer(tmp_path)
    served = serve("--ram", "1MiB", "--fcoe", peer.device)
    for size in range(1, 2600, 7):
        peer.send(bytes([size % 256]) * size)
        peer.send(ALL_FCFS + ENODE + b"\x89\x14" + bytes([size % 256]) * size)
    log_in(peer)
    assert served.stop() == (0, "", "")


def test_capture(serve, tmp_path):
    peer = Peer(tmp_path)
    capture = tmp_path / "frames.pcapng"
    served = serve("--ram", "1MiB", "--fcoe", peer.device, "--pcap", str(capture))
    log_in(peer)
    assert served.stop()[0] == 0
    assert ALL_FCFS + ENODE + b"\x89\x14" in capture.read_bytes()


def test_vn2vn(serve, tmp_path):
    """A port without a fabric probes for an address and claims it."""
    peer = Peer(tmp_path)
    served = serve("--ram", "1MiB", "--fcoe", peer.device, "--fcoe-mode", "vn2vn")
    probe = peer.receive(is_fip(b"\0\x05\0\x01"))
    claim = peer.receive(is_fip(b"\0\x05\0\x03"))
    beacon = peer.receive(is_fip(b"\0\x05\0\x05"))
    assert probe[:6] == claim[:6] == beacon[:6] == bytes.fromhex("011018010004")
    assert beacon[6:9] == b"\x0e\xfd\0" and beacon[6:12] == probe[46:52]
    assert served.stop()[0] == 0


@pytest.mark.parametrize("device, words", [
    ("ethernet", "expected tap:NAME, packet:NAME or unix:LOCAL:REMOTE"),
    ("unix:/tmp/only-one", "two paths"),
    ("unix:/nowhere/at/all/a:/tmp/b", "no socket can be made at LOCAL"),
    ("tap:", "1 to 15 characters"),
    ("tap:a-name-that-is-too-long", "1 to 15 characters"),
    ("packet:no-such-if0", ""),
])
def test_devices_that_are_not(run, device, words):
    done = run("serve", "--ram", "1MiB", "--port", "0", "--fcoe", device)
    assert done.returncode == 3 and done.stdout == ""
    assert done.stderr.startswith(f"lunquake: --fcoe") and words in done.stderr
    assert done.stderr.count(";") >= 2, "what is wrong; what was expected; what to do"


def test_a_socket_in_use(serve, run, tmp_path):
    peer = Peer(tmp_path)
    serve("--ram", "1MiB", "--fcoe", peer.device)
    done = run("serve", "--ram", "1MiB", "--port", "0", "--fcoe", peer.device)
    assert done.returncode == 3 and "nobody there" in done.stderr


def test_a_socket_left_behind(serve, tmp_path):
    peer = Peer(tmp_path)
    before = serve("--ram", "1MiB", "--fcoe", peer.device)
    before.process.kill()
    before.process.wait()
    served = serve("--ram", "1MiB", "--fcoe", peer.device)
    log_in(peer)
    assert served.stop()[0] == 0


def test_a_new_peer(serve, tmp_path):
    """Who comes back at the same address is talked to at once."""
    peer = Peer(tmp_path)
    served = serve("--ram", "1MiB", "--fcoe", peer.device)
    log_in(peer)
    peer.socket.close()
    os.unlink(peer.own)
    again = Peer(tmp_path)
    again.receive(is_fip(b"\0\x01\0\x02"))  # periodic; from then on it may send
    log_in(again)
    assert served.stop()[0] == 0


def test_usage(run, source):
    done = run("serve", "--fcoe-mode", "loop")
    assert done.returncode == 2 and "expected fabric or vn2vn" in done.stderr
    done = run("serve", "--fcoe", "unix:a:b", "--scenario",
               source + "/scenarios/examples/cold-reset.scn")
    assert done.returncode == 2 and "without --scenario" in done.stderr
