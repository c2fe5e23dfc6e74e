#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Have sg3_utils read what the live target says of itself.

sg_inq, sg_vpd and sg_logs decode responses from files: INQUIRY, each VPD page that page 00h lists,
and each log page that page 00h lists. Each must be understood without complaint, and say what is
written here from the standards. (sg_modes and sg_opcodes of Debian 12 read devices only.)
"""
import argparse
import os
import subprocess
import sys
import tempfile

import raw_iscsi
import targets

# Words that a tool prints for a page, by page code.
VPD_WORDS = {
    0x00: ["Supported VPD pages", "Block limits"],
    0x80: ["Unit serial number: LQ000000"],
    0x83: ["designator type: T10 vendor identification", "designator type: NAA",
           "Relative target port: 0x1"],
    0x86: ["Extended INQUIRY", "SIMPSUP=1", "ORDSUP=1", "HEADSUP=1", "LUICLR=1"],
    0x87: ["Mode page policy", "Policy page code: 0x3f,  subpage code: 0xff"],
    0x88: ["SCSI Ports", "Relative port=1", "Relative target port: 0x1"],
    0xB0: ["Block limits", "Maximum transfer length"],
    0xB1: ["Block device characteristics", "Non-rotating medium"],
    0xB2: ["Logical block provisioning"],
}
LOG_WORDS = {
    0x00: ["Supported log pages", "0x2f"],
    0x02: ["Write error counter page", "Total bytes processed = 8192",
           "Total uncorrected errors = 0"],
    0x03: ["Read error counter page", "Total bytes processed = 4096"],
    0x05: ["Verify error counter page"],
    0x0D: ["Temperature page", "<not available>"],
    0x0E: ["Start-stop cycle counter page"],
    0x11: ["Solid state media page", "Percentage used endurance indicator: 0 %"],
    0x15: ["Background scan results page", "Status: no background scans active"],
    0x18: ["Protocol identifier: 5"],
    0x19: ["General Statistics and Performance", "number of read commands = 1",
           "number of write commands = 2", "number of logical blocks received = 16",
           "number of logical blocks transmitted = 8"],
    0x2F: ["Informational Exceptions page"],
}
# "unexpected", "truncated" and the like are what the tools complain with.
COMPLAINTS = ("unexpected", "too short", "truncated", "invalid", "malformed", "unable",
              "reserved [", "missing", "corrupt", "error in")


class Reader:
    """Asks the target, and lets a tool read the answer."""

    def __init__(self, client, scratch):
        self.client, self.scratch = client, scratch
        self.troubles, self.count = [], 0

    def ask(self, cdb, size=4096):
        status, data = self.client.command(bytes(cdb), 0, raw_iscsi.FINAL | raw_iscsi.READ, size)
        if status != 0:
            raise targets.TargetError(f"{bytes(cdb).hex(' ')}: status {status:#x}")
        return data

    def read(self, what, data, argv, words):
        path = os.path.join(self.scratch, "answer")
        with open(path, "wb") as stream:
            stream.write(data)
        done = subprocess.run([word.replace("FILE", path) for word in argv], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, errors="replace",
                              timeout=30, check=False)
        text = done.stdout + done.stderr
        flat = " ".join(text.split()).lower()
        self.count += 1
        if done.returncode != 0:
            self.troubles.append(f"{what}: {argv[0]} exits {done.returncode}: {flat}")
        self.troubles += [f"{what}: {argv[0]} does not say {word!r}: {flat}" for word in words
                          if " ".join(word.split()).lower() not in flat]
        self.troubles += [f"{what}: {argv[0]} complains: {flat}" for word in COMPLAINTS
                          if word in flat]


def read_all(reader):
    sg_inq, sg_vpd, sg_logs = targets.need("sg_inq", "sg_vpd", "sg_logs")
    reader.read("INQUIRY", reader.ask([0x12, 0, 0, 1, 0, 0]), [sg_inq, "--raw", "--inhex=FILE"],
                ["version=0x06", "Product identification: SIMULATED DISK"])
    for code in reader.ask([0x12, 1, 0, 1, 0, 0])[4:]:
        data = reader.ask([0x12, 1, code, 1, 0, 0])
        reader.read(f"VPD page {code:02X}h", data,
                    [sg_vpd, "--raw", f"--page={code}", "--inhex=FILE"], VPD_WORDS.get(code, []))
    for code in reader.ask([0x4D, 0, 0x40, 0, 0, 0, 0, 1, 0, 0])[4:]:
        data = reader.ask([0x4D, 0, 0x40 | code, 0, 0, 0, 0, 4, 0, 0])
        reader.read(f"log page {code:02X}h", data, [sg_logs, "--raw", "--in=FILE"],
                    LOG_WORDS.get(code, []))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    targets.add_target_options(parser)
    arguments = parser.parse_args()
    target = targets.make(arguments)
    with tempfile.TemporaryDirectory(prefix="lq-sg-") as scratch, \
            target.start([targets.ram("64MiB")]):
        with raw_iscsi.Client(target) as client:
            client.login("iqn.2026-11.org.lunquake.test:sg")
            client.ready(0)
            client.write(0, 0, bytes(4096))
            client.write(0, 8, bytes(4096))
            client.read(0, 0, 8)
            reader = Reader(client, scratch)
            read_all(reader)
    for trouble in reader.troubles:
        print(trouble)
    print(f"sg3_utils: {reader.count} answers read, {len(reader.troubles)} troubles")
    return 1 if reader.troubles or reader.count < 15 else 0


if __name__ == "__main__":
    sys.exit(targets.run_main(main))
