#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Held writes: what a target does while its store does not let go of a write.

The target's two LUNs are files of heldfs, whose requests a test holds and releases one by one. A
write A is held, then its nexus aborts, resets, logs out, drops or is reinstated; then write B goes
to the same blocks; then A is released. Also: task attributes as the store sees them, and whether
one hung LUN slows another. Each case has a fresh heldfs and a fresh target.

A case is judged safe (no acknowledged write was overwritten, no order broken), live (every answer
within the target's --quarantine-after or --busy-after plus 500 ms) and otherwise right. For
lunquake all must hold. `--target tgt --expect-stale A,B,..` shows that the test can convict: it
passes only when exactly those cases are found stale.

Needs root and /dev/fuse; without them nothing is tested and the exit code is 77.
"""
import argparse
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import targets

STORE_BYTES = 16 << 20
CASE_TIMEOUT_S = 150
SHUTDOWN_AFTER_MS = 500
SLACK_MS = 500


class HeldFs:
    """A mounted heldfs; ends (releasing everything) with the `with` block."""

    def __init__(self, program):
        self.program = program

    def __enter__(self):
        self.scratch = tempfile.mkdtemp(prefix="lq-held-")
        self.directory = os.path.join(self.scratch, "stores")
        self.socket = os.path.join(self.scratch, "control")
        os.mkdir(self.directory)
        self.process = subprocess.Popen(
            [self.program, self.directory, self.socket, str(STORE_BYTES), str(STORE_BYTES)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        readable, _, _ = select.select([self.process.stdout], [], [], 10)
        if not readable or self.process.stdout.readline() != b"ready\n":
            self.__exit__(None, None, None)
            raise targets.TargetError("heldfs did not start")
        return self

    def stores(self):
        return [targets.file(os.path.join(self.directory, f"store{i}")) for i in range(2)]

    def __exit__(self, kind, value, trace):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            subprocess.run(["umount", "-l", self.directory], check=False)
        self.process.stdout.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


def milliseconds(text):
    if text.endswith("ms") and text[:-2].isdigit():
        return int(text[:-2])
    if text.endswith("s") and text[:-1].isdigit():
        return 1000 * int(text[:-1])
    raise argparse.ArgumentTypeError(f"{text!r} is not a duration; expected e.g. 500ms or 2s")


def options(arguments, quarantine_after=None):
    return ["--quarantine-after", quarantine_after or f"{arguments.quarantine_after}ms",
            "--busy-after", f"{arguments.busy_after}ms",
            "--shutdown-after", f"{SHUTDOWN_AFTER_MS}ms"]


def run_case(name, arguments, programs, quarantine_after=None):
    """Returns (set of verdict words, text)."""
    with HeldFs(programs["heldfs"]) as stores:
        target = targets.make(arguments).start(stores.stores(),
                                               options(arguments, quarantine_after))
        with target:
            argv = [programs["held_test"], name, stores.socket, target.uri(0), target.uri(1),
                    str(arguments.quarantine_after), str(arguments.busy_after)]
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=CASE_TIMEOUT_S)
            text = done.stdout.decode(errors="replace")
            if not target.alive():
                text += f"    WRONG: the target died: {target.log(5)}\n"
                return {"WRONG"}, text
    last = text.strip().splitlines()[-1].split() if text.strip() else []
    if last[:2] != ["result", name] or done.returncode not in (0, 1):
        return {"WRONG"}, text + f"    WRONG: held_test ended with {done.returncode}\n"
    return set(last[2:]), "".join(text.splitlines(keepends=True)[:-1])


def run_never(arguments, programs):
    """--quarantine-after never: a LUN reset is answered only when the store let go: late, safe."""
    words, text = run_case("lun-reset", arguments, programs, "never")
    if words != {"safe", "LATE", "ok"}:
        return {"WRONG"}, text + "    WRONG: expected no answer while A is held, then all well\n"
    return {"safe", "live", "ok"}, text


def run_shutdown(arguments, programs):
    """SIGTERM while a write is held: the store is named within the bound; exit 3 once it let go.

    (The process cannot end earlier: the kernel does not end a thread inside a FUSE request.)
    """
    text, words = "", {"safe", "live", "ok"}
    with HeldFs(programs["heldfs"]) as stores:
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(stores.socket)
            control.settimeout(10)
            lines = control.makefile("rw")
            target = targets.make(arguments)
            # What a store still holds at the end cannot be freed: for LeakSanitizer no leak here.
            target.environment["ASAN_OPTIONS"] = (os.environ.get("ASAN_OPTIONS", "") +
                                                  ":detect_leaks=0").lstrip(":")
            target.start(stores.stores(), options(arguments))
            client = None
            try:
                print(f"hold write 0 0 {STORE_BYTES}", file=lines, flush=True)
                assert lines.readline().startswith("ok"), "heldfs refused the hold"
                client = subprocess.Popen(["qemu-io", "-f", "raw", "-c", "write -P 1 0 4096",
                                           target.uri(0)], stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL)
                assert lines.readline().startswith("held "), "the write did not reach the store"
                began = time.monotonic()
                target.process.send_signal(signal.SIGTERM)
                named = await_log(target, "store0", (SHUTDOWN_AFTER_MS + SLACK_MS) / 1000 + 1)
                took_ms = int(1000 * (time.monotonic() - began))
                text += f"    store0 {'named' if named else 'not named'} after {took_ms} ms\n"
                if not named or took_ms > SHUTDOWN_AFTER_MS + SLACK_MS:
                    words = words - {"live"} | {"LATE"}
                print("release", file=lines, flush=True)
                code = target.process.wait(10)
                text += f"    exit {code} after the release\n"
                if code != 3:
                    text += f"    WRONG: expected exit 3; log:\n{target.log(40)}\n"
                    words = words - {"ok"} | {"WRONG"}
            except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
                text += f"    WRONG: {error}\n{target.log()}\n"
                words = words - {"ok"} | {"WRONG"}
            finally:
                if client is not None:
                    client.kill()
                    client.wait()
                lines.close()
        target.kill()
    return words, text


class Control:
    """heldfs's control socket. Closing it releases everything."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rw")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.lines.close()
        self.socket.close()

    def order(self, text):
        print(text, file=self.lines, flush=True)
        while not (line := self.lines.readline()).startswith("ok"):  # events come between
            assert line.split()[:1] in (["seen"], ["held"]), f"heldfs said {line!r}"

    def await_held(self):
        while not (line := self.lines.readline()).startswith("held "):
            assert line.startswith("seen "), f"heldfs said {line!r}"


def qemu_io(command, uri, timeout_s=10):
    """What it says, without a flush at its end; None: it has not ended."""
    try:
        return subprocess.run(["qemu-io", "-t", "unsafe", "-f", "raw", "-c", command, uri],
                              text=True, check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout_s).stdout
    except subprocess.TimeoutExpired:
        return None


def start_or_message(target, stores, extra):
    """None once it serves; else its last words."""
    try:
        target.start(stores, extra)
    except targets.TargetError as error:
        return str(error)
    return None


def kill_hard(process):
    """SIGKILL; returns once it runs no more: its write in the kernel is all that is left of it."""
    process.kill()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as stream:
            if stream.read().rsplit(")", 1)[1].split()[0] == "Z":
                return
        time.sleep(0.01)
    raise AssertionError("the killed target still runs")


def run_restart(arguments, programs):
    """kill -9 while a write A is held, then a new start on the same file: while A can still land the
    new target does not serve, and so acknowledges no write B that A would overwrite."""
    text, words = "", {"safe", "live", "ok"}
    wrong = ["--wrong", arguments.wrong] if arguments.wrong else []
    old, new = targets.make(arguments), targets.make(arguments)
    client = None
    with HeldFs(programs["heldfs"]) as stores:
        try:
            with Control(stores.socket) as control:
                old.start(stores.stores(), options(arguments))
                control.order(f"hold write 0 0 {STORE_BYTES}")
                client = subprocess.Popen(["qemu-io", "-f", "raw", "-c", "write -P 0xa1 0 4096",
                                           old.uri(0)], stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL)
                control.await_held()
                control.order("pass")
                kill_hard(old.process)
                said = start_or_message(new, stores.stores(), options(arguments) + wrong)
                if said is None:
                    text += "    a new target serves while A is held\n"
                    written = qemu_io("write -P 0xb2 0 4096", new.uri(0))
                    acknowledged = written is not None and "wrote 4096/4096" in written
                    text += f"    B is {'' if acknowledged else 'not '}acknowledged\n"
                elif "is locked" in said:
                    text += "    a new target refuses to start while A is held\n"
                else:
                    text += f"    WRONG: {said}\n"
                    words = words - {"ok"} | {"WRONG"}
                control.order("release")
                old.process.wait(10)
                if said is not None:
                    new = targets.make(arguments).start(stores.stores(), options(arguments))
                    written = qemu_io("write -P 0xb2 0 4096", new.uri(0))
                    acknowledged = written is not None and "wrote 4096/4096" in written
                    if not acknowledged:
                        text += f"    LATE: B is not acknowledged after A's end: {written}\n"
                        words = words - {"live"} | {"LATE"}
                read = qemu_io("read -P 0xb2 0 4096", new.uri(0))
                if acknowledged and "Pattern verification failed" in (read or ""):
                    text += "    STALE: A has overwritten B, which was acknowledged\n"
                    words = words - {"safe"} | {"STALE"}
                elif acknowledged and "read 4096/4096" not in (read or ""):
                    text += f"    WRONG: B cannot be read: {read}\n"
                    words = words - {"ok"} | {"WRONG"}
                new.stop()
        except (AssertionError, OSError, targets.TargetError, subprocess.TimeoutExpired) as error:
            text += f"    WRONG: {error}\n"
            words = words - {"ok"} | {"WRONG"}
        finally:
            if client is not None:
                client.kill()
                client.wait()
            new.kill()
            old.kill()
    return words, text


def await_log(target, words, timeout_s):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if words in target.log(50):
            return True
        time.sleep(0.02)
    return False


def find_programs(arguments):
    if os.geteuid() != 0 or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise targets.MissingTool("held writes need root and /dev/fuse, which are not here: "
                                  "quarantine and ordering in the live world are UNTESTED")
    programs = {}
    for name in ("heldfs", "held_test"):
        programs[name] = os.path.join(arguments.programs, name)
        if not os.access(programs[name], os.X_OK):
            raise targets.MissingTool(f"{programs[name]} is not built; give --programs DIR")
    targets.need("qemu-io")
    return programs


def expected_words(name, arguments):
    """Whether the verdict is as it should be, as a function of the verdict's words."""
    if arguments.expect_stale is None:
        return lambda words: words == {"safe", "live", "ok"}
    return lambda words: ("STALE" in words) == (name in arguments.expect_stale)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                     epilog="exit: 0 pass, 1 a case failed, 77 nothing was tested")
    targets.add_target_options(parser)
    parser.add_argument("--programs", metavar="DIR", default="build/release/conformance/suites",
                        help="where heldfs and held_test are (default: %(default)s)")
    parser.add_argument("--case", action="append", help="run this case only (repeatable)")
    parser.add_argument("--list", action="store_true", help="list the cases and end")
    parser.add_argument("--quarantine-after", type=milliseconds, default=1000, metavar="DUR",
                        help="the target's bound (default: 1s)")
    parser.add_argument("--busy-after", type=milliseconds, default=2000, metavar="DUR",
                        help="the target's bound (default: 2s)")
    parser.add_argument("--wrong", metavar="NAME",
                        help="plant a wrong in the target that is started again (case restart)")
    parser.add_argument("--expect-stale", metavar="CASES", type=lambda text: text.split(","),
                        help="pass when exactly these cases are found stale, whatever else they do")
    arguments = parser.parse_args()
    programs = find_programs(arguments)
    cases = [line.split("\t")[0] for line in subprocess.run(
        [programs["held_test"], "--list"], capture_output=True, text=True, timeout=10,
        check=True).stdout.splitlines()]
    own = {"never": run_never, "shutdown": run_shutdown, "restart": run_restart} if arguments.target == "lunquake" else {}
    cases += list(own)
    if arguments.list:
        print("\n".join(cases))
        return 0
    unknown = set(arguments.case or []) - set(cases)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}; --list names them")

    failed = 0
    chosen = arguments.case or cases
    for name in chosen:
        words, text = own[name](arguments, programs) if name in own \
            else run_case(name, arguments, programs)
        good = expected_words(name, arguments)(words)
        failed += not good
        print(f"{'ok     ' if good else 'FAILED '} {name}: {' '.join(sorted(words))}\n{text}",
              end="", flush=True)
    print(f"held-write cases against {arguments.target}: {len(chosen) - failed} passed, "
          f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(targets.run_main(main))
