#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Let Wireshark's dissectors judge captures: every byte we send must decode without complaint.

A finding is
  - a frame with _ws.malformed,
  - an expert item of severity warning or error, of any protocol (iSCSI, SCSI, TCP),
  - TCP payload that ends up in no iSCSI PDU at all.
A PDU that the end of its connection cut off is counted, but no finding: when the bytes of that
direction, walked PDU by PDU from the first, end inside one, its frames are left out.

tshark raises items about TCP by itself (retransmission, reset, window, lost segment): in a capture
that we wrote each is as true a finding as any other, since our writer makes the TCP headers. What
a planted fault or a foreign program explains is allowed by name: --allow REGEX is searched in the
line of the finding with the capture's name before it. A capture without one iSCSI PDU fails: it
would prove nothing.
"""
import argparse
import collections
import os
import re
import subprocess
import sys

import targets

WARNING = 0x600000
SEVERITIES = {0x600000: "warning", 0x800000: "error"}
FIELDS = ["frame.number", "frame.time_relative", "tcp.srcport", "tcp.dstport",
          "_ws.col.Info", "_ws.expert.severity", "_ws.expert.message"]
BETWEEN = "\x1e"                                  # separates several items of one frame
UNDECODED = "tcp.len > 0 && !iscsi && !tcp.reassembled_in"
UNDECODED_FIELDS = FIELDS[:5] + ["tcp.stream", "tcp.payload"]
HEADER_BYTES = 48
OPCODES = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10,                # [RFC 7143 11.2.1.2]
           0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x31, 0x32, 0x3F}
LOGIN = {0x03, 0x23}
Finding = collections.namedtuple("Finding", "frame time ports what info")


def tshark(arguments, capture, display_filter, fields):
    """Rows of field values of the frames that match."""
    program, = targets.need("tshark")
    argv = [program, "-2", "-n", "-r", capture, "-Y", display_filter, "-T", "fields",
            "-E", "separator=/t", "-E", f"aggregator={BETWEEN}", "-E", "occurrence=a"]
    for port in arguments.port:
        argv += ["-d", f"tcp.port=={port},iscsi"]
    for field in fields:
        argv += ["-e", field]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=arguments.timeout)
    complaints = [line for line in done.stderr.decode(errors="replace").splitlines()
                  if "Running as user" not in line]
    if done.returncode != 0 or complaints:
        raise targets.TargetError(f"{capture}: tshark cannot read it (exit {done.returncode}): "
                                  f"{' '.join(complaints)}")
    return [line.split("\t") for line in done.stdout.decode(errors="replace").split("\n") if line]


def expert_findings(row):
    frame, time, source, destination, info, severities, messages = row
    found = set()
    for severity, message in zip(severities.split(BETWEEN), messages.split(BETWEEN)):
        if severity and int(severity, 0) >= WARNING:
            name = SEVERITIES.get(int(severity, 0), severity)
            found.add(f"{name}: {message}")
    if not found:
        found.add("malformed")
    return [Finding(frame, time, f"{source}->{destination}", what, info) for what in sorted(found)]


def walk(data, digest_bytes):
    """Where the last PDU of DATA begins that is not whole, or is none; DIGEST_BYTES behind each
    header of the full feature phase."""
    begin = 0
    while len(data) - begin >= HEADER_BYTES and data[begin] & 0xBF in OPCODES:
        length = int.from_bytes(data[begin + 5:begin + 8], "big")
        end = begin + HEADER_BYTES + 4 * data[begin + 4] + length + -length % 4
        if data[begin] & 0x3F not in LOGIN:
            end += digest_bytes
        if end > len(data):
            break
        begin = end
    return begin


def cut_off_frames(arguments, capture, streams):
    """Frames that hold nothing but a PDU which the end of its connection cut off."""
    directions = collections.defaultdict(list)             # (stream, source): [(frame, bytes)]
    if streams:
        chosen = " || ".join(f"tcp.stream == {stream}" for stream in sorted(streams))
        for frame, stream, source, payload in tshark(
                arguments, capture, f"tcp.len > 0 && ({chosen})",
                ["frame.number", "tcp.stream", "tcp.srcport", "tcp.payload"]):
            directions[stream, source].append((frame, bytes.fromhex(payload)))
    cut_off = set()
    for frames in directions.values():
        data = b"".join(payload for _, payload in frames)
        begins = [begin for begin in (walk(data, 0), walk(data, 4))
                  if not data[begin:begin + 1] or data[begin] & 0xBF in OPCODES]
        if not begins:
            continue                                       # that is no PDU at all
        begin = begins[0]                                  # of the PDU that is cut off
        at = 0
        for frame, payload in frames:
            if at >= begin:
                cut_off.add(frame)
            at += len(payload)
    return cut_off


def undecoded_findings(arguments, capture):
    """Returns (findings, number of frames of PDUs that were cut off)."""
    rows = tshark(arguments, capture, UNDECODED, UNDECODED_FIELDS)
    cut_off = cut_off_frames(arguments, capture, {row[5] for row in rows})
    findings = [Finding(row[0], row[1], f"{row[2]}->{row[3]}",
                        f"TCP payload in no iSCSI PDU (begins {row[6][:6]})", row[4])
                for row in rows if row[0] not in cut_off]
    return findings, len(rows) - len(findings)


def check(capture, arguments, allowed):
    """Returns (number of iSCSI PDU frames, findings, allowed findings, cut-off frames)."""
    pdus = tshark(arguments, capture, "iscsi", ["frame.number"])
    rows = tshark(arguments, capture,
                  f"_ws.malformed || _ws.expert.severity >= {WARNING}", FIELDS)
    findings = [finding for row in rows for finding in expert_findings(row)]
    undecoded, cut_off = undecoded_findings(arguments, capture)
    real, excused = [], []
    for finding in findings + undecoded:
        line = f"{os.path.basename(capture)} {text(finding)}"
        (excused if any(rule.search(line) for rule in allowed) else real).append(finding)
    return len(pdus), real, excused, cut_off


def text(finding):
    return (f"frame {finding.frame} at {finding.time} s {finding.ports}: {finding.what} "
            f"[{finding.info}]")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0],
        epilog="exit: 0 clean, 1 findings or unreadable capture, 77 tshark is missing")
    parser.add_argument("captures", nargs="+", metavar="CAPTURE", help="pcap or pcapng file")
    parser.add_argument("--allow", action="append", default=[], metavar="REGEX",
                        help="a finding whose line matches is explained (repeatable)")
    parser.add_argument("--port", action="append", type=int, default=[],
                        help="decode this TCP port as iSCSI too (3260 always is; repeatable)")
    parser.add_argument("--show", type=int, default=20, metavar="N",
                        help="findings printed per capture (default: 20)")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS",
                        help="bound of one tshark run (default: 300)")
    arguments = parser.parse_args()
    allowed = [re.compile(rule) for rule in arguments.allow]

    bad = 0
    for capture in arguments.captures:
        if not os.path.isfile(capture):
            raise targets.TargetError(f"{capture}: no such file; expected a capture")
        pdus, findings, excused, cut_off = check(capture, arguments, allowed)
        good = pdus > 0 and not findings
        bad += not good
        print(f"{'ok     ' if good else 'FAILED '} {capture}: {pdus} frames with iSCSI PDUs, "
              f"{len(findings)} findings, {len(excused)} allowed"
              + (f", {cut_off} of PDUs cut off" if cut_off else ""), flush=True)
        if pdus == 0:
            print("    no iSCSI PDU was decoded: nothing was judged")
        for finding in findings[:arguments.show]:
            print(f"    {text(finding)}")
        if len(findings) > arguments.show:
            print(f"    ... and {len(findings) - arguments.show} more")
    print(f"captures: {len(arguments.captures) - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(targets.run_main(main))
