# SPDX-License-Identifier: Apache-2.0
"""A small iSCSI initiator over a raw socket, for tests that must send what no initiator would.

It builds PDUs from [RFC 7143 11] field by field and sends any bytes it is told; it shares nothing
with the target's codec. All waits are bounded; a closed or silent peer raises Gone or Silent.
"""
import socket
import struct
import time

NOP_OUT, SCSI_COMMAND, TASK_MANAGEMENT, LOGIN, TEXT, DATA_OUT, LOGOUT, SNACK = (
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10)
NOP_IN, SCSI_RESPONSE, LOGIN_RESPONSE, DATA_IN, R2T, REJECT = 0x20, 0x21, 0x23, 0x25, 0x31, 0x3F
IMMEDIATE, FINAL, READ, WRITE = 0x40, 0x80, 0x40, 0x20
NO_TAG = 0xFFFFFFFF
KEYS = ("SessionType=Normal", "HeaderDigest=None", "DataDigest=None", "InitialR2T=Yes",
        "ImmediateData=Yes", "MaxBurstLength=65536", "FirstBurstLength=65536",
        "MaxRecvDataSegmentLength=65536", "ErrorRecoveryLevel=0")


class Gone(Exception):
    """The target closed the connection."""


class Silent(Exception):
    """The target did not answer in time."""


def pdu(opcode, flags=FINAL, lun=0, tag=0, words=(), data=b"", ahs=0, length=None, tail=b""):
    """A PDU: words are the 32-bit fields from byte 20 on; tail the bytes behind them (a CDB).

    ahs and length, when given, are what the header claims, whatever is really sent.
    """
    claimed = len(data) if length is None else length
    head = struct.pack(">BBHI", opcode, flags, 0, ahs << 24 | claimed)
    head += struct.pack(">HHI", lun, 0, 0) + struct.pack(">I", tag)
    head += b"".join(struct.pack(">I", word & 0xFFFFFFFF) for word in words) + tail
    assert len(head) <= 48
    return head.ljust(48, b"\0") + data + bytes(-len(data) % 4)


class Client:
    """One connection. `answer` maps task tags to (status, data) once they have ended."""

    def __init__(self, target, timeout_s=5):
        self.timeout_s = timeout_s
        self.iqn = target.iqn
        self.socket = socket.create_connection((target.host, target.port), timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.cmd_sn, self.exp_stat_sn, self.tag = 0x7FFFFFFE, 0, 0
        self.max_cmd_sn = None

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()

    def close(self, reset=False):
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except socket.timeout as error:
            raise Silent("the target does not take our bytes") from error
        except OSError as error:
            raise Gone(str(error)) from error

    def _exactly(self, count, deadline):
        parts = b""
        while len(parts) < count:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                part = self.socket.recv(count - len(parts))
            except socket.timeout as error:
                raise Silent(f"no answer within {self.timeout_s} s") from error
            except OSError as error:
                raise Gone(str(error)) from error
            finally:
                self.socket.settimeout(self.timeout_s)
            if not part:
                raise Gone("the target closed the connection")
            parts += part
        return parts

    def receive(self, timeout_s=None):
        """(header, data) of the next PDU."""
        deadline = time.monotonic() + (self.timeout_s if timeout_s is None else timeout_s)
        head = self._exactly(48, deadline)
        length = int.from_bytes(head[5:8], "big")
        data = self._exactly(length + -length % 4, deadline)[:length]
        if head[0] & 0x3F not in (R2T, DATA_IN) or head[1] & 1:
            self.exp_stat_sn = (struct.unpack(">I", head[24:28])[0] + 1) & 0xFFFFFFFF
        self.max_cmd_sn = struct.unpack(">I", head[32:36])[0]
        transfer_tag = struct.unpack(">I", head[20:24])[0]
        if head[0] & 0x3F == NOP_IN and transfer_tag != NO_TAG:      # a ping: answer it
            self.send(pdu(NOP_OUT | IMMEDIATE, FINAL, 0, NO_TAG,
                          (transfer_tag, self.cmd_sn, self.exp_stat_sn)))
        return head, data

    def login_pdu(self, initiator, flags=0x87, isid=1, extra=()):
        text = "".join(key + "\0" for key in (f"InitiatorName={initiator}",
                                              f"TargetName={self.iqn}", *KEYS, *extra))
        head = pdu(LOGIN | IMMEDIATE, flags, 0, 0, (0, self.cmd_sn, self.exp_stat_sn),
                   text.encode())
        return head[:8] + struct.pack(">BHBHH", 0x80, isid >> 8, isid & 0xFF, 1, 0) + head[16:]

    def login(self, initiator, isid=1):
        self.send(self.login_pdu(initiator, isid=isid))
        head, _ = self.receive()
        if head[0] & 0x3F != LOGIN_RESPONSE or head[36] != 0 or head[1] & 0x83 != 0x83:
            raise Gone(f"login refused: {head[:2].hex()} class {head[36]} detail {head[37]}")
        return self

    def await_window(self):
        """Wait until the target takes another command [RFC 7143 4.2.2.1]."""
        deadline = time.monotonic() + self.timeout_s
        while self.max_cmd_sn is not None and (self.max_cmd_sn - self.cmd_sn) & 0x80000000:
            self.receive(max(0.01, deadline - time.monotonic()))

    def next_tag(self):
        self.tag += 1
        return self.tag

    def command_pdu(self, cdb, lun, flags=FINAL, expected=0, data=b"", **more):
        """A SCSI Command PDU with the next CmdSN; returns (tag, bytes)."""
        tag = self.next_tag()
        packed = pdu(SCSI_COMMAND, flags | 1, lun, tag,
                     (expected, self.cmd_sn, self.exp_stat_sn), data, tail=cdb.ljust(16, b"\0"),
                     **more)
        self.cmd_sn = (self.cmd_sn + 1) & 0xFFFFFFFF
        return tag, packed

    def command(self, cdb, lun, flags=FINAL, expected=0, data=b""):
        """Send a command and wait for its end: (status, Data-In bytes)."""
        self.await_window()
        tag, packed = self.command_pdu(cdb, lun, flags, expected, data)
        self.send(packed)
        got = bytearray()
        while True:
            head, part = self.receive()
            opcode, for_tag = head[0] & 0x3F, struct.unpack(">I", head[16:20])[0]
            if opcode == REJECT:
                raise Gone(f"rejected, reason {head[2]}")
            if for_tag != tag:
                continue
            if opcode == DATA_IN:
                got += part
                if head[1] & 1:
                    return head[3], bytes(got)
            elif opcode == SCSI_RESPONSE:
                return head[3], bytes(got)

    def ready(self, lun):
        """TEST UNIT READY until the unit attentions are reported."""
        for _ in range(8):
            if self.command(bytes(6), lun)[0] == 0:
                return self
        raise Silent("TEST UNIT READY does not become GOOD")

    def read(self, lun, lba, blocks=1):
        cdb = struct.pack(">BBIBHB", 0x28, 0, lba, 0, blocks, 0)
        return self.command(cdb, lun, FINAL | READ, blocks * 512)

    def write(self, lun, lba, data):
        cdb = struct.pack(">BBIBHB", 0x2A, 0, lba, 0, len(data) // 512, 0)
        return self.command(cdb, lun, FINAL | WRITE, len(data), data)[0]
