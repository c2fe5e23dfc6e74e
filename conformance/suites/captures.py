#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tshark reads what both worlds write with --pcap.

Live: iscsi-inq, iscsi-ls and suites of iscsi-test-cu through `lunquake with --pcap`. Virtual:
`lunquake sim --pcap` of seeds, every second one with header digests, which tshark checks (of data
digests it knows nothing, so these runs have none, nor bits that turn over; it takes each PDU's part
of a reservation's parameter list for the whole, and looks for a mode page behind the last one of
MODE SELECT, so reservations are left to the live ones and mode parameters are not changed). All
captures must decode without a complaint (tshark_check.py); only what a planted fault explains is
allowed, by the list below.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import targets

HERE = os.path.dirname(os.path.abspath(__file__))
LIVE = [("inquiry", ["iscsi-inq", "{uri}"]),
        ("ls", ["iscsi-ls", "iscsi://{host}:{port}"]),
        ("qemu-io", ["qemu-io", "-f", "raw", "-c", "write -P 5 0 1M", "-c", "read -P 5 0 1M",
                     "-c", "flush", "{uri}"])]
LIVE += [(f"cu-{suite}", ["iscsi-test-cu", "-d", "-s", "-t", f"ALL.{suite}", "{uri}"])
         for suite in ("Read10", "Write16", "Inquiry", "TestUnitReady", "ReadCapacity16",
                       "iSCSITMF", "iSCSIResiduals", "iSCSIcmdsn", "ProutRegister", "ProutReserve",
                       "PrinReadKeys")]
LIVE.append(("qemu-io-header-digest",
             ["qemu-io", "--image-opts", "-c", "write -P 5 0 1M", "-c", "read -P 5 0 1M",
              "driver=iscsi,transport=tcp,portal={host}:{port},target={iqn},lun=0,"
              "header-digest=crc32c"]))
SEED = """scenario "seed {seed}, as tshark can read it"
swarm {seed} {{ digests {digests}; reservations 0; reserves 0; mode-selects 0
    fault net.damage-header 0; fault net.damage-data 0
    fault pdu.corrupt 0; fault pdu.replace 0; fault pdu.truncate 0; fault pdu.inject 0 }}
"""
# What initiators or the virtual network do on purpose, and how tshark words it.
EXPLAINED_LIVE = [
    # Answers to allocation lengths of 0 to 31 bytes: tshark wants READ CAPACITY(16) data whole.
    r"live-cu-ReadCapacity16.*Malformed Packet.*Service Action In\(16\) Response Data",
    # And the same with READ KEYS.
    r"live-cu-PrinReadKeys.*Malformed Packet.*Persistent Reserve In Response Data"]
EXPLAINED_VIRTUAL = [
    r"warning: Connection reset \(RST\)",
    # A task management function that does not exist: tshark then takes the request for no iSCSI.
    r"->3260: TCP payload in no iSCSI PDU \(begins [04]2(80|89|8[a-f]|[9a-f].)",
    # Nor does it take the answer to a NOP-In of target transfer tag 0 for one.
    r"->3260: TCP payload in no iSCSI PDU \(begins 4080",
    # Nor does it see a command behind such a request in one segment, to which this is the answer.
    r"Unknown SCSI exchange, can not decode SCSI data \[SCSI: Response LUN: 0xffff",
    # REPORT TIMESTAMP, which it does not know.
    r"No dissection for this service action yet .*SCSI: Mgmt Protocol In LUN: 0x0. Unknown",
    # Nor does it know the answer 7, "function succeeded", of a query [RFC 7144 3].
    r"3260->.*TCP payload in no iSCSI PDU \(begins 228007",
    # Unasked data of a command that the network lost.
    r"Unknown SCSI exchange, can not decode SCSI data \[SCSI Data Out\]",
    # A Data-Out that the network lost or put out of order is rejected with its header alone
    # [RFC 7143 11.17.4]; tshark looks for its data there.
    r"Malformed Packet .*\[Reject \(Invalid PDU field\)SCSI Data Out"]


def run(argv, good, arguments):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=arguments.timeout)
    if done.returncode in good:
        return True
    print(f"FAILED  {' '.join(argv)}: exit {done.returncode}\n"
          f"{done.stdout.decode(errors='replace').strip()[-1000:]}", flush=True)
    return False


def check(captures, allowed, arguments):
    argv = [sys.executable, "-B", os.path.join(HERE, "tshark_check.py"), *captures]
    for rule in allowed:
        argv += ["--allow", rule]
    return subprocess.run(argv, timeout=arguments.timeout).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                     epilog="exit: 0 pass, 1 a finding, 77 a tool is missing")
    parser.add_argument("--lunquake", metavar="PATH", default=os.environ.get(
                        "LUNQUAKE", "build/release/tools/lunquake"), help="our program")
    parser.add_argument("--seeds", type=int, default=5, help="virtual captures (default: 5)")
    parser.add_argument("--keep", metavar="DIR", help="leave the captures there")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS",
                        help="bound of one step (default: 300)")
    arguments = parser.parse_args()
    targets.need("tshark", "iscsi-inq", "iscsi-ls", "iscsi-test-cu", "qemu-io")
    if not os.access(arguments.lunquake, os.X_OK):
        raise targets.MissingTool(f"{arguments.lunquake} is not an executable file")

    good, live, virtual = True, [], []
    with tempfile.TemporaryDirectory(prefix="lq-pcap-") as scratch:
        where = arguments.keep or scratch
        os.makedirs(where, exist_ok=True)
        for name, command in LIVE:
            live.append(os.path.join(where, f"live-{name}.pcapng"))
            # The verdict of iscsi-test-cu is not our subject here: 1 is a failed test.
            good &= run([arguments.lunquake, "with", "--ram", "64MiB", "--pcap", live[-1], "--",
                         *command], (0, 1) if name.startswith("cu-") else (0,), arguments)
        for seed in range(1, arguments.seeds + 1):
            virtual.append(os.path.join(where, f"virtual-{seed}.pcapng"))
            scenario = os.path.join(scratch, f"{seed}.scn")
            with open(scenario, "w", encoding="utf-8") as file:
                file.write(SEED.format(seed=seed, digests=seed % 2))
            good &= run([arguments.lunquake, "sim", scenario, "--pcap", virtual[-1]], (0,),
                        arguments)
        good &= check(live, EXPLAINED_LIVE, arguments)
        good &= check(virtual, EXPLAINED_VIRTUAL, arguments)
    print(f"captures of both worlds: {'1 passed, 0 failed' if good else '0 passed, 1 failed'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(targets.run_main(main))
