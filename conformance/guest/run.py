#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a Linux guest under QEMU against `lunquake serve`: FCoE in fabric and VN2VN mode, over
datagram sockets and over a TAP, open-iscsi over TCP; each once as it is and once with faults.

    conformance/guest/run.py [--seconds 60] [--cache DIR] [--lunquake PROGRAM] [--keep DIR] [CASE ...]

The guest makes a file system, lets fio write and verify in it for so many seconds, and checks it.
Then every frame of the target's capture is looked at by tshark. The image is made once (root; see
image.sh). Exit status: 0 all passed, 1 one failed, 3 the environment is not fit, 77 skipped (said
loudly), where QEMU or the image's tools are absent.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path.insert(0, str(HERE))
from connections import Relay  # noqa: E402
from frames import Wire  # noqa: E402

SKIPPED, ENVIRONMENT = 77, 3
TAP = "lqguest0"
# Frames that tshark may wonder about: answers to what the wire made up (frames.py), whose questions
# the target's capture does not have; accepts of FDISC, whose request, unlike FLOGI's, it does not
# look for at address 0.
EXPLAINED = "fc.ox_id in {0x7001, 0x7002} || (fip.desc_type == 8 && fc.s_id == ff.ff.fe)"


class Failed(Exception):
    """A case failed: one sentence."""


class Skipped(Exception):
    """A case cannot run here: one sentence."""


# --- the guest and the target ---------------------------------------------------------------------

class Target:
    """lunquake serve, with one LUN in a file (it outlives a restart) and a capture."""

    def __init__(self, program, work, fcoe):
        self.program, self.work, self.fcoe = program, work, fcoe
        self.port, self.starts, self.process = 0, 0, None
        with open(work / "disk.img", "wb") as disk:
            disk.truncate(256 << 20)
        self.start()

    def start(self):
        command = [self.program, "serve", "--file", str(self.work / "disk.img"), "--port",
                   str(self.port), "--pcap", str(self.work / f"target{self.starts}.pcapng")]
        command += self.fcoe
        self.starts += 1
        self.log = open(self.work / "serve.log", "a")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        ready = self.process.stdout.readline()
        found = re.match(r"ready iscsi://127\.0\.0\.1:(\d+)/", ready)
        if not found:
            raise Failed("the target did not start: " + (self.work / "serve.log").read_text())
        self.port = int(found.group(1))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed("the target does not stop")
        if code != 0:
            raise Failed(f"the target ended with {code}: " + (self.work / "serve.log").read_text())


class Guest:
    """QEMU with the image; what the guest prints comes as lines."""

    def __init__(self, cache, work, arguments, network):
        share = work / "share"
        share.mkdir()
        shutil.copy(HERE / "case.sh", share / "run")
        (share / "arguments").write_text(arguments + "\n")
        command = ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi",
                   "-cpu", "max", "-m", "768", "-nodefaults", "-no-reboot", "-display", "none",
                   "-serial", "stdio", "-monitor", "none", "-kernel", str(cache / "vmlinuz"),
                   "-initrd", str(cache / "initrd.gz"),
                   "-append", "console=ttyS0 quiet panic=-1 net.ifnames=0",
                   "-drive", f"file={cache}/root.img,format=raw,if=none,id=d0,snapshot=on,"
                             "file.locking=off",
                   "-device", "virtio-blk-pci,drive=d0",
                   "-virtfs", f"local,path={share},mount_tag=share,security_model=none,"
                              "multidevs=remap",
                   "-netdev", network, "-device",
                   "virtio-net-pci,netdev=n0,mac=52:54:00:4c:51:01"]
        self.process = subprocess.Popen(["nice", *command], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)

    def lines(self, deadline, log):
        """Yields what it prints until it ends; kills it at the deadline."""
        output = self.process.stdout.fileno()
        os.set_blocking(output, False)
        rest = ""
        while True:
            try:
                chunk = os.read(output, 1 << 16)
            except BlockingIOError:
                chunk = b""
            rest += chunk.decode(errors="replace")
            while "\n" in rest:
                line, rest = rest.split("\n", 1)
                log.write(line.rstrip("\r") + "\n")
                log.flush()
                yield line.strip()
            if not chunk and self.process.poll() is not None:
                return
            if time.monotonic() > deadline:
                self.process.kill()
                raise Failed("the guest takes too long")
            yield None  # nothing new
            time.sleep(0.1)


# --- faults ---------------------------------------------------------------------------------------

def every(seconds, deeds, is_busy=lambda: False):
    """A function to be called often: does the deeds in turn, one each so many seconds, counted
    from when the one before was over."""
    state = {"next": time.monotonic() + seconds, "turn": 0}

    def tick():
        if is_busy():
            state["next"] = time.monotonic() + seconds
        elif time.monotonic() >= state["next"]:
            state["next"] += seconds
            deed = deeds[state["turn"] % len(deeds)]
            state["turn"] += 1
            print(f"    {deed.__name__.strip('_').replace('_', ' ')}", flush=True)
            deed()
    return tick


def fabric_faults(wire):
    def link_flap():
        wire.silence(3)

    def link_gone():
        wire.silence(25)  # longer than keep alives are waited for
    return every(8, [wire.state_change, wire.target_logout, wire.clear_virtual_link, link_flap,
                     wire.clear_virtual_link, wire.state_change, link_gone], wire.is_silent)


def vn2vn_faults(wire):
    def link_flap():
        wire.silence(3)

    def link_gone():
        wire.silence(25)
    return every(10, [link_flap, link_gone], wire.is_silent)


def connection_faults(relay, target):
    def reset():
        relay.reset_all()

    def stall_until_pings_are_lost():
        relay.stall(8)

    def kill_and_restart_the_target():
        target.kill()
        target.start()
    return every(5, [reset, reset, stall_until_pings_are_lost, reset, reset,
                     kill_and_restart_the_target])


# --- cases ----------------------------------------------------------------------------------------

def unix_case(with_faults, make_faults, mode="fabric"):
    def run(context):
        work = context.work
        if with_faults:
            wire = Wire(str(work), 1 / 1000, seed=1)
            ends = (work / "target.sock", work / "wire-target.sock", work / "guest.sock",
                    work / "wire-guest.sock")
        else:
            wire = None
            ends = (work / "target.sock", work / "guest.sock", work / "guest.sock",
                    work / "target.sock")
        target = Target(context.lunquake, work,
                        ["--fcoe", f"unix:{ends[0]}:{ends[1]}", "--fcoe-mode", mode])
        try:
            context.guest(f"{context.name} {context.seconds}",
                          "dgram,id=n0,local.type=unix,"
                          f"local.path={ends[2]},remote.type=unix,remote.path={ends[3]}",
                          make_faults(wire) if with_faults else None)
        finally:
            if wire is not None:
                wire.close()
                print(f"    {wire.carried} frames carried, {wire.lost} lost")
            target.stop()
        context.look_at_capture()
    return run


def tap_case(context):
    if os.geteuid() != 0:
        raise Skipped("a TAP needs root")
    if not os.path.exists("/dev/net/tun"):
        raise Skipped("there is no /dev/net/tun")
    made = subprocess.run(["ip", "tuntap", "add", TAP, "mode", "tap"], capture_output=True,
                          text=True, check=False)
    if made.returncode != 0:
        raise Skipped("no TAP can be made: " + made.stderr.strip())
    try:
        subprocess.run(["ip", "link", "set", TAP, "mtu", "2500", "up"], check=True)
        target = Target(context.lunquake, context.work, ["--fcoe", "packet:" + TAP])
        try:
            context.guest(f"{context.name} {context.seconds}",
                          f"tap,id=n0,ifname={TAP},script=no,downscript=no", None)
        finally:
            target.stop()
        context.look_at_capture()
    finally:
        subprocess.run(["ip", "link", "del", TAP], check=False)


def iscsi_case(with_faults):
    def run(context):
        target = Target(context.lunquake, context.work, [])
        relay = Relay(target.port)
        try:
            context.guest(f"{context.name} {context.seconds} {relay.port}", "user,id=n0",
                          connection_faults(relay, target) if with_faults else None)
        finally:
            relay.close()
            target.stop()
    return run


CASES = {
    "fabric": unix_case(False, None),
    "fabric-faults": unix_case(True, fabric_faults),
    "fabric-tap": tap_case,
    "vn2vn": unix_case(False, None, "vn2vn"),
    "vn2vn-faults": unix_case(True, vn2vn_faults, "vn2vn"),
    "iscsi": iscsi_case(False),
    "iscsi-faults": iscsi_case(True),
}


class Context:
    """One case under way."""

    def __init__(self, options, name, work):
        self.name, self.work = name, work
        self.cache, self.seconds, self.lunquake = options.cache, options.seconds, options.lunquake

    def guest(self, arguments, network, faults):
        guest = Guest(self.cache, self.work, arguments, network)
        passed = verifying = False
        last = ""
        try:
            with open(self.work / "guest.log", "w") as log:
                for line in guest.lines(time.monotonic() + 300 + 6 * self.seconds, log):
                    if verifying and faults is not None:
                        faults()
                    if not line:
                        continue
                    if line.startswith("guest:"):
                        print("    " + line, flush=True)
                        last = line
                    verifying = (verifying or line == "guest: verifying") and \
                        line != "guest: verified"
                    passed = passed or line == "guest: passed"
        finally:
            guest.process.kill()
            guest.process.wait()
        if not passed:
            raise Failed(last or "the guest said nothing; see guest.log")

    def look_at_capture(self):
        """No malformed packet and no expert item of severity warning or error."""
        if not shutil.which("tshark"):
            print("    SKIPPED: no tshark to look at the capture with")
            return
        for capture in sorted(self.work.glob("target*.pcapng")):
            odd = subprocess.run(
                ["tshark", "-r", capture, "-Y",
                 f"(fcoe || fip) && !({EXPLAINED}) && (_ws.malformed || "
                 "_ws.expert.severity >= 0x600000 || fcoe.crc.status == 0)"],
                capture_output=True, text=True, check=True).stdout.splitlines()
            if odd:
                raise Failed(f"tshark on {capture.name}: {len(odd)} packets, such as {odd[0]}")


# --- all of it ------------------------------------------------------------------------------------

def fit(options):
    """Why nothing can run; None when it can."""
    if not shutil.which("qemu-system-x86_64"):
        return "there is no qemu-system-x86_64; expected QEMU; run cmake/setup.sh guest"
    options.cache.mkdir(parents=True, exist_ok=True)
    made = subprocess.run([HERE / "image.sh", options.cache], check=False)
    if made.returncode != 0:
        return "there is no image of the guest, see above"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60, help="that fio writes and verifies")
    parser.add_argument("--cache", type=pathlib.Path,
                        default=pathlib.Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
                        .expanduser() / "lunquake-guest")
    parser.add_argument("--lunquake", default=str(SOURCE / "build/release/tools/lunquake"))
    parser.add_argument("--keep", type=pathlib.Path, help="directory for logs and captures")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    options = parser.parse_args()
    unknown = [name for name in options.cases if name not in CASES]
    if unknown:
        parser.error(f"unknown case {unknown[0]}; expected {', '.join(CASES)}")
    wrong = fit(options)
    if wrong is not None:
        print(f"lunquake: guest: SKIPPED ALL CASES: {wrong}", file=sys.stderr)
        return SKIPPED
    failed, skipped = [], []
    for name in options.cases or CASES:
        print(f"{name}:", flush=True)
        work = pathlib.Path(tempfile.mkdtemp(prefix="lq-guest-"))
        begun = time.monotonic()
        try:
            CASES[name](Context(options, name, work))
            print(f"  {name}: passed ({time.monotonic() - begun:.0f} s)", flush=True)
        except Failed as why:
            failed.append(name)
            print(f"  {name}: FAILED: {why}", flush=True)
        except Skipped as why:
            skipped.append(name)
            print(f"  {name}: SKIPPED: {why}", flush=True)
        if options.keep:
            shutil.copytree(work, options.keep / name, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("*.sock", "disk.img"))
        shutil.rmtree(work)
    print(f"{len(options.cases or CASES) - len(failed) - len(skipped)} passed, "
          f"{len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else SKIPPED if len(skipped) == len(options.cases or CASES) else 0


if __name__ == "__main__":
    sys.exit(main())
