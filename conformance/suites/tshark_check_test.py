#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Show that tshark_check.py convicts: it must pass a clean capture and fail each spoilt one.

The captures are made here, byte by byte from [RFC 7143 11.3, 11.7] and [SPC-4 7.8.5]: one TCP
connection on port 3260 with an INQUIRY for VPD page 83h and its Data-In.
"""
import argparse
import os
import struct
import subprocess
import sys
import tempfile

import targets

HERE = os.path.dirname(os.path.abspath(__file__))
SYN, ACK, PSH_ACK, RST = 0x02, 0x10, 0x18, 0x04


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def packet(to_target, flags, sequence, acknowledge, payload=b""):
    ports = (40000, 3260) if to_target else (3260, 40000)
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledge, 0x50, flags, 65535, 0, 0)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 0, 0x4000, 64, 6, 0,
                       bytes([127, 0, 0, 1]), bytes([127, 0, 0, 1]))
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return bytes(12) + b"\x08\x00" + head + tcp + payload


def inquiry():
    """SCSI Command PDU, R and F bits, INQUIRY EVPD=1 page 83h, allocation length 255."""
    return (b"\x01\xc1\x00\x00" + bytes(4) + bytes(8) + struct.pack(">IIII", 1, 255, 1, 1) +
            bytes([0x12, 1, 0x83, 0, 255, 0]) + bytes(10))


def data_in(designator_length):
    """Final Data-In with status GOOD: one NAA designator of 8 bytes that claims another length."""
    page = bytes([0x00, 0x83, 0, 12, 0x01, 0x03, 0, designator_length]) + b"\x50" + bytes(7)
    return (b"\x25\x83\x00\x00" + struct.pack(">I", len(page)) + bytes(8) +
            struct.pack(">IIIIIII", 1, 0xFFFFFFFF, 1, 2, 65, 0, 0) +
            struct.pack(">I", 255 - len(page)) + page)


def capture(path, command, answer, lose=0, end=()):
    """A capture: handshake, the command, its answer (after `lose` missing bytes), more packets."""
    frames = [packet(True, SYN, 99, 0), packet(False, SYN | ACK, 499, 100),
              packet(True, ACK, 100, 500), packet(True, PSH_ACK, 100, 500, command),
              packet(False, PSH_ACK, 500 + lose, 100 + len(command), answer), *end]
    with open(path, "wb") as stream:
        stream.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, frame in enumerate(frames):
            stream.write(struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame)


def run(path, *options):
    done = subprocess.run([sys.executable, "-B", os.path.join(HERE, "tshark_check.py"), *options,
                           path], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def main():
    argparse.ArgumentParser(description=__doc__.split("\n\n")[0]).parse_args()
    targets.need("tshark")
    good, reset = data_in(8), packet(True, RST, 148, 500 + 64)
    spoilt = [("clean", {}, (), 0, "0 findings"),
              ("page cut short", {"answer": data_in(200)}, (), 1, "alformed"),
              ("bytes lost", {"lose": 60}, (), 1, "warning"),
              ("reset", {"end": [reset]}, (), 1, "warning: Connection reset"),
              ("reset, allowed", {"end": [reset]}, ("--allow", "Connection reset"), 0, "1 allowed"),
              ("reset, another allowed", {"end": [reset]}, ("--allow", "Malformed"), 1, "reset"),
              ("cut off by the end", {"end": [packet(True, PSH_ACK, 148, 564, inquiry()[:20])]},
               (), 0, "1 of PDUs cut off"),
              ("garbage at the end", {"end": [packet(True, PSH_ACK, 148, 564, b"\xff" * 20),
                                              packet(True, PSH_ACK, 168, 564, bytes(48))]}, (), 1,
               "in no iSCSI PDU"),
              ("not iSCSI", {"answer": b"\xff" * 64}, (), 1, "in no iSCSI PDU"),
              ("nothing", {"command": b"", "answer": b""}, (), 1, "nothing was judged")]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="lq-tshark-") as scratch:
        for title, change, options, code, words in spoilt:
            path = os.path.join(scratch, "capture.pcap")
            capture(path, **{"command": inquiry(), "answer": good, **change})
            got, text = run(path, *options)
            ok = got == code and words in text
            failed += not ok
            print(f"{'ok     ' if ok else 'FAILED '} {title}: exit {got}, expected {code}"
                  + ("" if ok else f" and {words!r} in:\n{text}"))
    print(f"captures: {len(spoilt) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(targets.run_main(main))
