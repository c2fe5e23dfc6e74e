#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real programs against a target, as a newcomer would run them.

Each step is one `lunquake with --ram 256MiB -- COMMAND {uri}`: libiscsi's iscsi-inq,
iscsi-readcapacity16 and iscsi-ls, and qemu-img, which writes an image of random content and holes
into the LUN (`convert -n`), reads it back (`compare`) and, as a control, must find a changed image
different. With --target tgt the same commands run against a tgt started here.
"""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile

import targets

SIZE = "256MiB"


class Runner:
    """Runs a command with {uri} and {portal} filled in, against a fresh target."""

    def __init__(self, arguments):
        self.arguments = arguments

    def command_line(self, command):
        if self.arguments.target == "lunquake":
            filled = [word.replace("{portal}", "iscsi://{host}:{port}") for word in command]
            return [self.arguments.lunquake, "with", "--ram", SIZE, "--", *filled]
        return command

    def run(self, command):
        """Returns (exit code, stdout and stderr)."""
        if self.arguments.target == "lunquake":
            if not os.access(self.arguments.lunquake, os.X_OK):
                raise targets.MissingTool(f"{self.arguments.lunquake} is not an executable file")
            return self._bounded(self.command_line(command))
        with targets.make(self.arguments).start([targets.ram(SIZE)]) as target:
            return self._bounded([word.replace("{uri}", target.uri(0))
                                      .replace("{portal}", target.portal_uri())
                                  for word in command])

    def _bounded(self, argv):
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=self.arguments.timeout)
            return done.returncode, done.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired as late:
            return None, (late.stdout or b"").decode(errors="replace")


def make_image(path, size_bytes, seed):
    """Random content with holes, so that both plain writes and zero writes are used."""
    source = random.Random(seed)
    with open(path, "wb") as stream:
        stream.truncate(size_bytes)
        at = 0
        while at < size_bytes:
            length = min(source.choice([4096, 65536, 1 << 20, 5 << 20]), size_bytes - at)
            if source.random() < 0.7:
                stream.seek(at)
                stream.write(source.randbytes(length))
            at += length


def change_one_byte(path, size_bytes, seed):
    at = random.Random(seed).randrange(size_bytes)
    with open(path, "r+b") as stream:
        stream.seek(at)
        byte = stream.read(1)[0]
        stream.seek(at)
        stream.write(bytes([byte ^ 0x55]))


def steps(arguments, image, changed):
    """(title, command, expected exit code, pattern that the output must show)."""
    size = targets.size_bytes(SIZE)
    write_and_compare = ('qemu-img convert -n -f raw -O raw "$1" "$3" && '
                         'qemu-img compare -f raw -F raw "$1" "$3" && '
                         '{ qemu-img compare -f raw -F raw "$2" "$3"; test $? -eq 1; }')
    name = r"iqn\.2026-11\.org\.lunquake" if arguments.target == "lunquake" else "iqn"
    return [
        ("iscsi-inq", ["iscsi-inq", "{uri}"], 0, r"Peripheral Device Type:DIRECT_ACCESS"),
        ("iscsi-inq, VPD page 83h", ["iscsi-inq", "-e", "1", "-c", "131", "{uri}"], 0,
         r"Page Code:\(0x83\)[^$]*DEVICE DESIGNATOR"),
        ("iscsi-readcapacity16", ["iscsi-readcapacity16", "{uri}"], 0, rf"Total size:{size}\b"),
        ("iscsi-ls", ["iscsi-ls", "{portal}"], 0, rf"Target:{name}\S* Portal:127\.0\.0\.1:[0-9]+"),
        ("iscsi-ls -s", ["iscsi-ls", "-s", "{portal}"], 0, r"Lun:0 +Type:DIRECT_ACCESS"),
        ("iscsi-ls -U", ["iscsi-ls", "-U", "{portal}"], 0, rf"iscsi://127\.0\.0\.1:[0-9]+/{name}"),
        ("qemu-img info", ["qemu-img", "info", "{uri}"], 0, r"virtual size: 256 MiB"),
        ("qemu-img convert -n, compare", ["sh", "-c", write_and_compare, "sh", image, changed,
                                          "{uri}"], 0,
         r"(?s)Images are identical\..*Content mismatch at offset"),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                     epilog="exit: 0 pass, 1 a step failed, 77 a tool is missing")
    targets.add_target_options(parser)
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS",
                        help="bound of one step (default: 120)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the image (default: 1)")
    arguments = parser.parse_args()
    targets.need("iscsi-inq", "iscsi-readcapacity16", "iscsi-ls", "qemu-img")

    failed = done = 0
    runner = Runner(arguments)
    with tempfile.TemporaryDirectory(prefix="lq-real-") as scratch:
        image, changed = os.path.join(scratch, "image"), os.path.join(scratch, "changed")
        for path in (image, changed):
            make_image(path, targets.size_bytes(SIZE), arguments.seed)
        change_one_byte(changed, targets.size_bytes(SIZE), arguments.seed)
        for title, command, expected, pattern in steps(arguments, image, changed):
            code, text = runner.run(command)
            done += 1
            if code == expected and re.search(pattern, text):
                print(f"ok      {title}", flush=True)
                continue
            failed += 1
            what = f"no end within {arguments.timeout} s" if code is None else f"exit {code}"
            print(f"FAILED  {title}: {what}, expected exit {expected} and output matching "
                  f"{pattern!r}\n        command: {' '.join(runner.command_line(command))}\n"
                  f"        output: {text.strip()[-2000:]}", flush=True)
    print(f"steps: {done - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(targets.run_main(main))
