#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile initiators against a live target.

Each case has a fresh target. While it is under attack a well-behaved session writes, reads back
and compares without pause; no command of it may be refused or take longer than --patience,
whatever the attackers take. Afterwards the target must be alive, take a new login, never have held more memory than the limits it printed at
start (and --slack), leave no sanitizer report, and end with exit 0 on SIGTERM. Works on sanitizer
builds too; give them a larger --slack.
"""
import argparse
import random
import re
import resource
import socket
import struct
import sys
import threading
import time

import raw_iscsi as raw
import targets

INITIATOR = "iqn.2026-11.org.lunquake.test:bad"
CONNECTIONS = 1000
STORE = "16MiB"
REPORTS = re.compile(r"AddressSanitizer|LeakSanitizer|MemorySanitizer|ThreadSanitizer|"
                     r"runtime error:|assertion|LQ_ASSERT", re.I)


class WellBehaved(threading.Thread):
    """A session that must not notice the attack."""

    def __init__(self, target, arguments):
        super().__init__(daemon=True)
        self.target, self.bound_s = target, arguments.patience
        self.ending, self.trouble = threading.Event(), None
        self.rounds, self.slowest_s = 0, 0.0

    def run(self):
        source = random.Random(7)
        try:
            with raw.Client(self.target, self.bound_s) as client:
                client.login(INITIATOR + "-good", isid=77).ready(self.target.lun(0))
                while not self.ending.is_set() and self.trouble is None:
                    began = time.monotonic()
                    self.one_round(client, 8192 + source.randrange(1024), source.randbytes(512))
                    self.slowest_s = max(self.slowest_s, time.monotonic() - began)
                    time.sleep(0.002)              # leaves the CPU to the attack
        except (raw.Gone, raw.Silent, OSError) as error:
            self.trouble = f"{type(error).__name__}: {error}"

    def one_round(self, client, lba, data):
        lun = self.target.lun(0)
        steps = [lambda: (client.write(lun, lba, data), data), lambda: client.read(lun, lba)]
        while steps and self.trouble is None:
            status, back = steps[0]()
            if status != 0 or back != data:
                self.trouble = f"status {status:#x}, data {'equal' if back == data else 'wrong'}"
            else:
                steps.pop(0)
        self.rounds += 1

    def await_progress(self):
        """Wait for complete rounds while the attackers are there; a failure shows as trouble."""
        enough, end = self.rounds + 10, time.monotonic() + self.bound_s + 5
        while self.rounds < enough and self.trouble is None and time.monotonic() < end:
            time.sleep(0.02)
        if self.rounds < enough and self.trouble is None:
            self.trouble = f"no progress for {self.bound_s:.0f} s under attack"


# -- attacks: each (target, source of randomness, arguments, the well-behaved session) -------------

def logged_in(target, isid=1, timeout_s=5):
    return raw.Client(target, timeout_s).login(INITIATOR, isid).ready(target.lun(0))


def until_gone(client, timeout_s):
    """Read what the target says until it closes or stays silent; True when it closed."""
    end = time.monotonic() + timeout_s
    try:
        while time.monotonic() < end:
            client.receive(max(0.01, end - time.monotonic()))
    except raw.Gone:
        return True
    except raw.Silent:
        pass
    return False


def fling(client, data):
    """Send hostile bytes; that the target hangs up meanwhile is its right."""
    try:
        client.send(data)
    except (raw.Gone, raw.Silent):
        pass


def random_bytes(target, source, arguments, good):
    del good
    for number in range(arguments.volume):
        with (logged_in(target, 2) if number % 2 else raw.Client(target)) as client:
            fling(client, source.randbytes(source.choice([1, 47, 48, 49, 500, 5000, 70000])))
            until_gone(client, 0.01)
            client.close(reset=number % 3 == 0)


def random_headers(target, source, arguments, good):
    """Real opcodes with random fields and short data, one after the other on one session."""
    del good
    for _ in range(arguments.volume):
        with logged_in(target, 3) as client:
            for _ in range(20):
                head = bytearray(source.randbytes(48))
                head[0] &= 0x40
                head[0] |= source.choice([0, 1, 2, 4, 5, 6, 0x10, 0x1F, 0x20, 0x3F])
                head[4:8] = bytes([source.choice([0, 0, 0, 1]), 0, 0, source.randrange(9) * 4])
                fling(client, bytes(head) + source.randbytes(4 * head[4] + head[7]))
            until_gone(client, 0.01)


def truncated(target, source, arguments, good):
    """A login and a command, each cut off at every length, then FIN or RST."""
    del source, arguments, good
    for cut in list(range(1, 49)) + [49, 60, 100, 200]:
        for reset in (False, True):
            with raw.Client(target) as client:
                fling(client, client.login_pdu(INITIATOR, isid=4)[:cut])
                client.close(reset)
            with logged_in(target, 4) as client:
                _, packed = client.command_pdu(b"\x2a" + bytes(6) + b"\x00\x01", target.lun(0),
                                               raw.FINAL | raw.WRITE, 512, bytes(512))
                fling(client, packed[:cut])
                client.close(reset)


def absurd_lengths(target, source, arguments, good):
    """Headers that claim 2^24-1 bytes of data or 255 words of AHS; some of it; then silence."""
    del arguments, good
    lun = target.lun(0)
    for opcode in (raw.NOP_OUT, raw.SCSI_COMMAND, raw.TASK_MANAGEMENT, raw.LOGIN, raw.TEXT,
                   raw.DATA_OUT, raw.LOGOUT, raw.SNACK, 0x1C):
        for ahs, length in ((0, 0xFFFFFF), (255, 0), (255, 0xFFFFFF), (1, 0x10000)):
            for full_feature in (False, True):
                with (logged_in(target, 5) if full_feature else raw.Client(target)) as client:
                    fling(client, raw.pdu(opcode, lun=lun, tag=9, ahs=ahs, length=length,
                                          words=(0xFFFFFFFF, client.cmd_sn, 0)))
                    fling(client, source.randbytes(20000))
                    until_gone(client, 0.005)


def absurd_transfers(target, source, arguments, good):
    """Expected lengths and CDB lengths that do not fit each other, in every direction."""
    del arguments, good
    lun = target.lun(0)
    cdbs = [struct.pack(">BBIBHB", code, 0, lba, 0, blocks, 0)
            for code in (0x28, 0x2A, 0x35) for lba in (0, 0xFFFFFFFF) for blocks in (0, 1, 0xFFFF)]
    cdbs += [struct.pack(">BBQIBB", code, 0, lba, blocks, 0, 0)
             for code in (0x88, 0x8A) for lba in (0, 2 ** 64 - 1) for blocks in (1, 2 ** 32 - 1)]
    for cdb in cdbs:
        for flags in (0, raw.READ, raw.WRITE, raw.READ | raw.WRITE):
            for expected in (0, 1, 511, 0xFFFFFFFF):
                with logged_in(target, 6) as client:
                    tag, packed = client.command_pdu(cdb, lun, raw.FINAL | flags, expected,
                                                     source.randbytes(source.choice([0, 4, 512])))
                    del tag
                    fling(client, packed)
                    until_gone(client, 0.002)


def stalled_login(target, source, arguments, good):
    """Logins that stop half way: inside the header, inside the text, between two requests."""
    del source, good
    stalled = []
    for number in range(60):
        client = raw.Client(target)
        packed = client.login_pdu(INITIATOR, isid=100 + number)
        if number % 3 == 0:
            fling(client, packed[:20])
        elif number % 3 == 1:
            fling(client, packed[:80])
        else:                                  # C bit: more text is promised, and never sent
            fling(client, client.login_pdu(INITIATOR, flags=0x44, isid=100 + number))
        stalled.append(client)
    logged_in(target, 7).close()
    time.sleep(arguments.dwell)
    logged_in(target, 7).close()
    for client in stalled:
        client.close()


def never_log_in(target, source, arguments, good):
    """1,000 connections that say nothing. Where they fill all places, a new initiator must get in
    as soon as the target has lost patience with them."""
    del source, good
    silent = []
    for _ in range(CONNECTIONS):
        connection = socket.socket()
        connection.settimeout(5)
        try:
            connection.connect((target.host, target.port))
        except OSError:
            connection.close()                 # refusing is an answer too
            continue
        silent.append(connection)
    time.sleep(arguments.dwell)
    end = time.monotonic() + arguments.recovery
    while True:
        try:
            logged_in(target, 8).close()
            break
        except raw.Gone:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
    for connection in silent:
        connection.close()


def endless_text(target, source, arguments, good):
    """Text that always promises more (C bit), in a login and in full feature phase."""
    del source, good
    text = b"X-org.lunquake.test=" + b"x" * 8000 + b"\0"
    for full_feature in (False, True):
        with (logged_in(target, 10) if full_feature else raw.Client(target)) as client:
            if not full_feature:
                fling(client, client.login_pdu(INITIATOR, flags=0x44, isid=11))
            opcode, flags = (raw.TEXT, 0x40) if full_feature else (raw.LOGIN, 0x44)
            transfer_tag = raw.NO_TAG
            for _ in range(20 * arguments.volume):
                try:
                    client.send(raw.pdu(opcode | raw.IMMEDIATE, flags, 0, 5,
                                        (transfer_tag, client.cmd_sn, 0), text))
                    head, _ = client.receive(1)
                    if full_feature:
                        transfer_tag = struct.unpack(">I", head[20:24])[0]
                except (raw.Gone, raw.Silent):
                    break                      # enough is enough: it may hang up


def withhold_data(target, source, arguments, sessions):
    """Sessions full of WRITEs whose Data-Out never comes, or comes in part. Returns them."""
    lun, clients, solicited = target.lun(0), [], 0
    cdb = struct.pack(">BBIBHB", 0x2A, 0, 0, 0, 128, 0)
    for number in range(sessions):
        try:
            clients.append(logged_in(target, 200 + number, timeout_s=1))
            for _ in range(arguments.volume):
                tag, packed = clients[-1].command_pdu(cdb, lun, raw.FINAL | raw.WRITE, 65536)
                clients[-1].send(packed)
                if number % 2:
                    head, _ = clients[-1].receive(0.5)
                    if head[0] & 0x3F == raw.R2T:
                        solicited += 1
                        clients[-1].send(raw.pdu(
                            raw.DATA_OUT, 0, lun, tag,
                            (struct.unpack(">I", head[20:24])[0], 0, 0, 0, 0, 0),
                            source.randbytes(1024)))
        except (raw.Gone, raw.Silent):
            pass                               # the window is full, or the target has had enough
    if solicited == 0:
        raise raw.Silent("no R2T at all: the attack did not take place")
    return clients


def no_data_out(target, source, arguments, good):
    clients = withhold_data(target, source, arguments, 3)
    time.sleep(arguments.dwell)
    good.await_progress()
    close_all(clients)


def no_data_out_many(target, source, arguments, good):
    clients = withhold_data(target, source, arguments, 12)
    good.await_progress()
    close_all(clients)


def stop_reading(target, arguments, sessions):
    """Sessions that ask for much data and never read their socket. Returns them."""
    lun, clients = target.lun(0), []
    cdb = struct.pack(">BBIBHB", 0x28, 0, 0, 0, 2048, 0)
    for number in range(sessions):
        try:
            clients.append(logged_in(target, 300 + number, timeout_s=1))
            for _ in range(arguments.volume):
                clients[-1].send(clients[-1].command_pdu(cdb, lun, raw.FINAL | raw.READ,
                                                         2048 * 512)[1])
        except (raw.Gone, raw.Silent):
            pass
    if not clients or not clients[0].socket.recv(1):
        raise raw.Gone("no data at all: the attack did not take place")
    return clients


def reader_stalls(target, source, arguments, good):
    del source
    clients = stop_reading(target, arguments, 3)
    time.sleep(arguments.dwell)
    good.await_progress()
    close_all(clients)


def reader_stalls_many(target, source, arguments, good):
    del source
    clients = stop_reading(target, arguments, 12)
    good.await_progress()
    close_all(clients)


def close_all(clients):
    for number, client in enumerate(clients):
        client.close(reset=number % 2 == 0)


CASES = {"random-bytes": random_bytes, "random-headers": random_headers, "truncated": truncated,
         "absurd-lengths": absurd_lengths, "absurd-transfers": absurd_transfers,
         "stalled-login": stalled_login, "never-log-in": never_log_in, "endless-text": endless_text,
         "no-data-out": no_data_out, "reader-stalls": reader_stalls,
         "no-data-out-many": no_data_out_many, "reader-stalls-many": reader_stalls_many}


# -- judging --------------------------------------------------------------------------------------

def allowed_kib(target, at_start_kib, arguments):
    """The memory the target may ever have: the total that it announced at start ("memory total N
    bytes" of --print-limits), or where it announces nothing what it had then and its store; plus
    slack for the program itself."""
    announced = [int(size) for size in re.findall(r"^memory total ([0-9]+) bytes$", target.banner,
                                                  flags=re.M)]
    own_kib = max(announced, default=0) // 1024 or at_start_kib + targets.size_bytes(STORE) // 1024
    return own_kib + arguments.slack * 1024


def run_case(name, arguments):
    """Returns (troubles, note)."""
    source, troubles = random.Random(f"{name} {arguments.seed}"), []
    target = targets.make(arguments)
    with target.start([targets.ram(STORE)], ["--print-limits"]):
        logged_in(target).close()
        start_kib = target.rss_kib()
        good = WellBehaved(target, arguments)
        good.start()
        try:
            CASES[name](target, source, arguments, good)
            logged_in(target, 9, good.bound_s).close()
        except (raw.Gone, raw.Silent, OSError) as error:
            troubles.append(f"a proper login or command failed: {type(error).__name__}: {error}")
        good.ending.set()
        good.join(good.bound_s + 5)
        if good.trouble or good.rounds == 0:
            troubles.append(f"the well-behaved session: {good.trouble or 'made no progress'}")
        if good.slowest_s > good.bound_s:
            troubles.append(f"the well-behaved session waited {good.slowest_s:.1f} s")
        if not target.alive():
            troubles.append(f"the target died ({target.process.returncode}):\n{target.log(40)}")
            return troubles, ""
        peak_kib, allowed = target.peak_kib(), allowed_kib(target, start_kib, arguments)
        if peak_kib > allowed:
            troubles.append(f"memory grew from {start_kib} to {peak_kib} KiB; "
                            f"allowed {allowed} KiB")
        note = (f"{good.rounds} good rounds, slowest {1000 * good.slowest_s:.0f} ms, "
                f"memory {start_kib} KiB at start, {peak_kib} at most, {allowed} allowed")
        path = target.log_path
        log_before = targets.tail(path, 200)
        try:
            target.stop()
        except targets.TargetError as error:
            troubles.append(str(error))
        if REPORTS.search(log_before):
            troubles.append(f"the target's log:\n{log_before}")
    return troubles, note


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                     epilog="exit: 0 pass, 1 a case failed, 77 a tool is missing")
    targets.add_target_options(parser)
    parser.add_argument("--case", action="append", choices=sorted(CASES),
                        help="run this case only (repeatable)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random input (default: 1)")
    parser.add_argument("--volume", type=int, default=200,
                        help="how much of it: connections or commands (default: 200)")
    parser.add_argument("--dwell", type=float, default=2, metavar="SECONDS",
                        help="how long a stalling attack stays (default: 2)")
    parser.add_argument("--patience", type=float, default=5, metavar="SECONDS",
                        help="bound of a well-behaved command (default: 5)")
    parser.add_argument("--recovery", type=float, default=60, metavar="SECONDS",
                        help="how long the target may need to end attackers that take all its "
                             "places (default: 60)")
    parser.add_argument("--slack", type=int, default=32, metavar="MIB",
                        help="memory allowed beyond the limits (default: 32)")
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4096:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))

    failed = 0
    chosen = arguments.case or list(CASES)
    for name in chosen:
        began = time.monotonic()
        troubles, note = run_case(name, arguments)
        failed += bool(troubles)
        print(f"{'FAILED ' if troubles else 'ok     '} {name} "
              f"({time.monotonic() - began:.1f} s): {note}", flush=True)
        for line in troubles:
            print(f"    {line}", flush=True)
        if troubles:
            print(f"    again: {sys.argv[0]} --target {arguments.target} --lunquake "
                  f"{arguments.lunquake} --case {name} --seed {arguments.seed}")
    print(f"hostile cases against {arguments.target}: {len(chosen) - failed} passed, "
          f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(targets.run_main(main))
