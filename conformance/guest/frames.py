# SPDX-License-Identifier: Apache-2.0
"""A wire between the guest and the target for frames in datagrams, which loses some, falls silent,
and tells lies: frames that an FCF or a target might send at any moment [FC-BB-5, FC-LS]."""
import os
import random
import selectors
import socket
import struct
import threading
import time
import zlib

FCOE, FIP = 0x8906, 0x8914


def crc_of(frame):
    return struct.pack("<I", zlib.crc32(frame))


def fcoe(destination, source, header_and_payload):
    """A whole class 3 frame, first and last of its sequence."""
    return (destination + source + struct.pack(">H", FCOE) + bytes(13) + b"\x2e" +
            header_and_payload + crc_of(header_and_payload) + b"\x42\0\0\0")


def els(d_id, s_id, ox_id, payload):
    """An ELS request: R_CTL 22h, TYPE 01h, first sequence, last frame, initiative passed."""
    return (b"\x22" + d_id + b"\0" + s_id + b"\x01\x29\0\0" + bytes(4) +
            struct.pack(">HHI", ox_id, 0xffff, 0) + payload)


def descriptors(operation):
    """Type and contents of the descriptors of a FIP operation, the Ethernet header included."""
    words = struct.unpack(">H", operation[20:22])[0]
    rest = operation[24:24 + 4 * words]
    while len(rest) >= 4 and rest[1]:
        yield rest[0], rest[2:4 * rest[1]]
        rest = rest[4 * rest[1]:]


class Wire(threading.Thread):
    """Carries frames between two addresses until closed. Starts when it is made."""

    def __init__(self, directory, loss, seed):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.loss = loss
        self.silent_until = 0.0
        self.carried = self.lost = 0
        self.guest_address = os.path.join(directory, "guest.sock")    # QEMU's
        self.target_address = os.path.join(directory, "target.sock")  # lunquake's
        self.to_guest = self.bind(directory, "wire-guest.sock")       # QEMU sends here
        self.to_target = self.bind(directory, "wire-target.sock")     # lunquake sends here
        self.fcf_mac = self.switch_name = self.guest = self.target_id = None
        self.port_name = None
        self.open = True
        self.start()

    @staticmethod
    def bind(directory, name):
        end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        end.bind(os.path.join(directory, name))
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        return end

    def run(self):
        selector = selectors.DefaultSelector()
        selector.register(self.to_guest, selectors.EVENT_READ, self.from_guest)
        selector.register(self.to_target, selectors.EVENT_READ, self.from_target)
        while self.open:
            for key, _ in selector.select(timeout=0.2):
                key.data(key.fileobj.recv(4096))

    def close(self):
        self.open = False
        self.join()

    def send(self, end, address, frame):
        if time.monotonic() < self.silent_until or self.random.random() < self.loss:
            self.lost += 1
            return
        self.carried += 1
        try:
            end.sendto(frame, address)
        except OSError:
            self.lost += 1  # nobody is there

    def from_guest(self, frame):
        if frame[12:14] == struct.pack(">H", FIP) and frame[16:18] == b"\0\x02":
            for kind, body in descriptors(frame):
                if kind == 7:  # FLOGI: the port name is 20 bytes into the payload
                    self.port_name = body[2 + 24 + 20:2 + 24 + 28]
        self.send(self.to_target, self.target_address, frame)

    def from_target(self, frame):
        if frame[12:14] == struct.pack(">H", FIP):
            self.learn(frame)
        elif frame[28:29] in (b"\x07", b"\x01") and frame[36:37] == b"\x08":
            self.target_id = frame[33:36]  # it sends FCP
        self.send(self.to_guest, self.guest_address, frame)

    def learn(self, frame):
        operation = frame[16:18] + frame[19:20]
        found = dict(descriptors(frame))
        if operation == b"\0\x01\x02":
            self.fcf_mac, self.switch_name = found[2], found[4][2:]
        elif operation == b"\0\x02\x02" and 2 in found and frame[28:29] == b"\x23":
            self.guest = (frame[0:6], found[2], frame[29:32])  # ENode, VN_Port, FC_ID

    # What it tells the guest, as if the fabric or the target had.

    def inject(self, frame):
        self.to_guest.sendto(frame, self.guest_address)

    def clear_virtual_link(self):
        enode, mac, fc_id = self.guest
        body = (b"\x02\x02" + self.fcf_mac + b"\x04\x03\0\0" + self.switch_name +
                b"\x0b\x05" + mac + b"\0" + fc_id + self.port_name)
        self.inject(enode + self.fcf_mac + struct.pack(">H", FIP) + b"\x10\0\0\x03\0\x02" +
                    struct.pack(">HH", len(body) // 4, 0x8000) + body)

    def state_change(self):
        _, mac, fc_id = self.guest
        self.inject(fcoe(mac, self.fcf_mac, els(fc_id, b"\xff\xff\xfd", 0x7001,
                                                b"\x61\x04\0\x08\0" + self.target_id)))

    def target_logout(self):
        _, mac, fc_id = self.guest
        self.inject(fcoe(mac, self.fcf_mac,
                         els(fc_id, self.target_id, 0x7002,
                             b"\x05\0\0\0\0" + self.target_id + bytes(8))))

    def silence(self, seconds):
        self.silent_until = time.monotonic() + seconds

    def is_silent(self):
        return time.monotonic() < self.silent_until
