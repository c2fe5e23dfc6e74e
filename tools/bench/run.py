#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Benchmarks of Lunquake as ratios, since machines are noisy.

  file   4 KiB random reads at queue depth 32 (iscsi-perf) per second of the target's CPU:
         our file store against tgt, both on one tmpfs file
  ram    the same: our RAM store against tgt's null store, which moves no data
  busy   a busy target and nothing else (busy.scn: reads and writes of up to 4 KiB, 48 at once):
         simulated commands per second of CPU with all judges on, every PDU byte both ways
  sim    the same of seeds, with all that breaks in them
  fcp    the same of seeds over Fibre Channel (FCoE)
  seeds  the runs of `sim': seeds of about 1,000 commands per second of CPU
  judges the same seeds without and with judges, by turns: how much longer the latter take
  unix   4 KiB random reads at queue depth 32 over FCoE on datagram sockets, by an initiator of our
         own (fcp_reads.c): two full frames each, against full frames per second of that device alone
  tap    the same on a TAP interface; needs the right to make one
  idle   a day in which next to nothing happens (idle.scn): virtual seconds per second of CPU

A round runs each contender once, in an order that alternates from round to round; its ratio is
ours divided by tgt's of the same round. Printed are the median and the spread (lowest..highest)
over the rounds. Numbers are reported, not judged: the exit code says only whether all could be
measured.
"""
import argparse
import functools
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "conformance", "suites"))
import targets  # noqa: E402  (the path above comes first)

SIZE = "256MiB"
DEPTH, BLOCKS = 32, 8                      # 8 blocks of 512 bytes
HERE = os.path.dirname(os.path.abspath(__file__))
IDLE, IDLE_SECONDS = os.path.join(HERE, "idle.scn"), 86400
BUSY, BUSY_RUNS = os.path.join(HERE, "busy.scn"), 40
AIMS = {"file": 5.0, "ram": 3.0, "busy": 200000.0, "sim": 100000.0, "seeds": 100.0, "judges": 2.0,
        "idle": 1000.0}
AT_MOST = {"judges"}
UNAIMED = {"fcp", "unix", "tap"}
MEASURES = {"file": ["file"], "ram": ["ram"], "busy": ["busy"], "sim": ["sim", "seeds", "judges"],
            "fcp": ["fcp"], "unix": ["unix"], "tap": ["tap"], "idle": ["idle"]}
WHAT = {"file": "file store / tgt, same tmpfs file: random 4 KiB reads per target CPU second",
        "ram": "RAM store / tgt's null store: random 4 KiB reads per target CPU second",
        "busy": "simulated commands of a busy target per CPU second, all judges on",
        "sim": "simulated commands of seeds per CPU second, all judges on",
        "fcp": "simulated commands of seeds over Fibre Channel per CPU second, all judges on",
        "unix": "frames of read data / frames of the bare device, FCoE on datagram sockets",
        "tap": "frames of read data / frames of the bare device, FCoE on a TAP interface",
        "seeds": "seeds of about 1,000 commands per CPU second, all judges on",
        "judges": "CPU time with all judges / without any, same seeds",
        "idle": "virtual seconds of an idle day per CPU second, all judges on"}


def reads_per_cpu_second(target, arguments):
    """One run of iscsi-perf against a started target: (reads per CPU second, reads per second)."""
    tool, = targets.need("iscsi-perf")
    argv = [tool, "-r", "-m", str(DEPTH), "-b", str(BLOCKS), "-t", str(arguments.seconds),
            target.uri(0)]
    cpu_before, began = target.cpu_seconds(), time.monotonic()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=arguments.seconds + 60)
    wall, cpu = time.monotonic() - began, target.cpu_seconds() - cpu_before
    text = done.stdout.decode(errors="replace")
    average = re.findall(r"iops average ([0-9]+) ", text)
    if done.returncode != 0 or not average or cpu <= 0:
        raise targets.TargetError(f"iscsi-perf against {target.name}: exit {done.returncode}, "
                                  f"target CPU {cpu:.2f} s, output: {text.strip()[-500:]}")
    return int(average[-1]) * wall / cpu, int(average[-1])


def live_round(contenders, arguments, number):
    """Measure each contender once: {name: (per CPU second, per second)}."""
    order = list(contenders) if number % 2 == 0 else list(reversed(contenders))
    figures = {}
    for name in order:
        make, stores = contenders[name]
        with make().start(stores) as target:
            figures[name] = reads_per_cpu_second(target, arguments)
    return figures


def live(kind, arguments, path):
    def ours():
        return targets.Lunquake(arguments.lunquake)
    store = [targets.file(path)] if kind == "file" else [targets.ram(SIZE)]
    other = store if kind == "file" else [targets.null(SIZE)]
    contenders = {"lunquake": (ours, store), "tgt": (targets.Tgt, other)}
    if arguments.dry:
        contenders["lunquake"] = (targets.Tgt, store)
    ratios = []
    for number in range(arguments.rounds):
        figures = live_round(contenders, arguments, number)
        ratios.append(figures["lunquake"][0] / figures["tgt"][0])
        print(f"  {kind} round {number + 1}: "
              + ", ".join(f"{name} {each[0]:,.0f} per CPU s ({each[1]:,} per s)"
                          for name, each in sorted(figures.items()))
              + f", ratio {ratios[-1]:.2f}", flush=True)
    return ratios


def sim_run(arguments, *options):
    """One run of `sim`: (what it printed, its CPU seconds, processes of its own included)."""
    argv = [arguments.lunquake, "sim", *options]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = done.stdout.decode(errors="replace")
    if done.returncode not in (0, 1):
        raise targets.TargetError(f"{' '.join(argv)}: exit {done.returncode}: "
                                  f"{text.strip()[-500:]}")
    return text, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def sim_rate(arguments, *options):
    """(commands, seeds, CPU seconds) of the seeds with or without judges."""
    text, cpu = sim_run(arguments, "--seeds", arguments.seeds, "--jobs", "1", "--bench", *options)
    total = re.search(r"^([0-9]+) seeds, ([0-9]+) commands, ", text, flags=re.M)
    if total is None:
        raise targets.TargetError(f"sim: no line 'N seeds, N commands' in: {text.strip()[-500:]}")
    return int(total.group(2)), int(total.group(1)), cpu


def sim(arguments):
    """The seeds with and without judges, in an order that alternates from round to round."""
    values = {kind: [] for kind in MEASURES["sim"]}
    for number in range(arguments.rounds):
        order = [(), ("--unjudged",)] if number % 2 == 0 else [("--unjudged",), ()]
        runs = {options: sim_rate(arguments, *options) for options in order}
        (commands, seeds, cpu), (others, _, bare) = runs[()], runs[("--unjudged",)]
        values["sim"].append(commands / cpu)
        values["seeds"].append(seeds / cpu)
        values["judges"].append(cpu / commands / (bare / others))
        print(f"  sim round {number + 1}: {commands:,} commands, {seeds} seeds in {cpu:.2f} CPU s: "
              f"{commands / cpu:,.0f} and {seeds / cpu:.1f} per CPU s; without judges "
              f"{others / bare:,.0f}: {values['judges'][-1]:.2f} times the CPU time", flush=True)
    return values


def busy(arguments):
    """Several runs of one world in one process, which keeps its memory, as with seeds."""
    rates = []
    for number in range(arguments.rounds):
        text, cpu = sim_run(arguments, "--bench", *[BUSY] * BUSY_RUNS)
        total = re.search(r"^bench: ([0-9]+) commands, ", text, flags=re.M)
        if total is None or text.count("ok ") != BUSY_RUNS:
            raise targets.TargetError(f"sim {BUSY}: {text.strip()[-500:]}")
        rates.append(int(total.group(1)) / cpu)
        print(f"  busy round {number + 1}: {int(total.group(1)):,} commands in {cpu:.2f} CPU s: "
              f"{rates[-1]:,.0f} per CPU s", flush=True)
    return {"busy": rates}


def fcp(arguments):
    rates = []
    for number in range(arguments.rounds):
        commands, seeds, cpu = sim_rate(arguments, "--transport", "fcp")
        rates.append(commands / cpu)
        print(f"  fcp round {number + 1}: {commands:,} commands, {seeds} seeds in {cpu:.2f} CPU s: "
              f"{rates[-1]:,.0f} per CPU s", flush=True)
    return {"fcp": rates}


def fcp_reads(arguments, what, *argv):
    """What our other end of a frame device counted."""
    tool = os.path.join(os.path.dirname(arguments.lunquake), "fcp-reads")
    done = subprocess.run([tool, *argv, str(arguments.seconds)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=arguments.seconds + 60)
    text = done.stdout.decode(errors="replace")
    count = re.search(rf"^{what} ([0-9]+)$", text, flags=re.M)
    if done.returncode != 0 or count is None:
        raise targets.TargetError(f"fcp-reads {' '.join(argv)}: exit {done.returncode}: "
                                  f"{text.strip()[-500:]}")
    return int(count.group(1)) / arguments.seconds


def frame_device(arguments, kind):
    """Reads over a frame device against what that device can carry, by turns."""
    ratios = []
    with tempfile.TemporaryDirectory() as directory:
        ours, theirs = (f"{directory}/target", f"{directory}/initiator")
        ends = ((f"unix:{ours}:{theirs}", f"unix:{theirs}:{ours}") if kind == "unix"
                else (f"tap:lqb{os.getpid()}", f"packet:lqb{os.getpid()}"))
        for number in range(arguments.rounds):
            bare = fcp_reads(arguments, "frames", "--frames", *ends)
            with targets.Lunquake(arguments.lunquake).start([targets.ram("64MiB")],
                                                            ["--fcoe", ends[0]]) as target:
                before = target.cpu_seconds()
                reads = fcp_reads(arguments, "reads", ends[1])
                cpu = target.cpu_seconds() - before
            ratios.append(2 * reads / bare)
            print(f"  {kind} round {number + 1}: {reads:,.0f} reads per s "
                  f"({reads * arguments.seconds / max(cpu, 0.01):,.0f} per target CPU s), bare "
                  f"{bare:,.0f} frames per s: {ratios[-1]:.2f} of them carry data", flush=True)
    return {kind: ratios}


def idle(arguments):
    rates = []
    for number in range(arguments.rounds):
        text, cpu = sim_run(arguments, IDLE)
        if not text.startswith("ok "):
            raise targets.TargetError(f"sim {IDLE}: {text.strip()[-500:]}")
        rates.append(IDLE_SECONDS / cpu)
        print(f"  idle round {number + 1}: {IDLE_SECONDS:,} s in {cpu:.3f} CPU s", flush=True)
    return {"idle": rates}


def report(kind, values):
    middle = statistics.median(values)
    if kind in UNAIMED:
        print(f"{kind:<5} median {middle:,.2f}, spread {min(values):,.2f}..{max(values):,.2f} over "
              f"{len(values)} rounds: {WHAT[kind]}", flush=True)
        return {"median": middle, "lowest": min(values), "highest": max(values), "values": values}
    aim, form = AIMS[kind], ",.0f" if AIMS[kind] >= 1000 else ".2f"
    is_reached = middle <= aim if kind in AT_MOST else middle >= aim
    print(f"{kind:<5} median {middle:{form}}, spread {min(values):{form}}..{max(values):{form}} "
          f"over {len(values)} rounds; aim {aim:{form}} "
          f"{'reached' if is_reached else 'NOT reached'} ({middle / aim:.2f} of it): "
          f"{WHAT[kind]}", flush=True)
    return {"median": middle, "lowest": min(values), "highest": max(values), "aim": aim,
            "values": values}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                     epilog="exit: 0 measured, 1 failed, 77 a tool is missing")
    parser.add_argument("--lunquake", metavar="PATH", default=os.environ.get(
                        "LUNQUAKE", "build/release/tools/lunquake"),
                        help="our program, release build (default: $LUNQUAKE or %(default)s)")
    parser.add_argument("--only", choices=sorted(MEASURES), action="append",
                        help="measure this only (repeatable; default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (default: 5)")
    parser.add_argument("--seconds", type=int, default=4, help="of one live run (default: 4)")
    parser.add_argument("--seeds", default="1..100", metavar="A..B",
                        help="seeds of one sim run (default: 1..100)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument("--dry", action="store_true",
                        help="tgt in our place: shows the noise of the method, ratios near 1")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.seconds < 1:
        parser.error("--rounds and --seconds must be at least 1")
    if not arguments.dry and not os.access(arguments.lunquake, os.X_OK):
        raise targets.MissingTool(f"{arguments.lunquake} is not an executable file")

    kinds = arguments.only or (["file"] if arguments.dry else sorted(MEASURES))
    path = f"/dev/shm/lq-bench-{os.getpid()}"
    results = {}
    try:
        with open(path, "wb") as stream:
            for _ in range(targets.size_bytes(SIZE) >> 20):
                stream.write(os.urandom(1 << 20))
        for kind in kinds:
            if kind == "tap" and not (os.geteuid() == 0 and os.path.exists("/dev/net/tun")):
                print("tap   SKIPPED: no TAP interface can be made here; be root, with /dev/net/tun",
                      flush=True)
                continue
            measure = {"busy": busy, "sim": sim, "fcp": fcp, "idle": idle}.get(kind)
            if kind in ("unix", "tap"):
                measure = functools.partial(frame_device, kind=kind)
            values = (measure(arguments) if measure is not None
                      else {kind: live(kind, arguments, path)})
            for name in MEASURES[kind]:
                results[name] = report(name, values[name])
    finally:
        if os.path.exists(path):
            os.unlink(path)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as stream:
            json.dump({"format": "lunquake-bench", "version": 1, "results": results}, stream)
    return 0


if __name__ == "__main__":
    sys.exit(targets.run_main(main))
