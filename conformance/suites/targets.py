# SPDX-License-Identifier: Apache-2.0
"""Start and stop a live iSCSI target for one test: ours (`lunquake serve`) or a foreign one (tgt).

Every suite in this directory talks to its target through this module, so that the same test can
be shown to work (and to convict) on a target that is not ours. It holds no test and no verdict.

    with Lunquake(path).start([ram("256MiB")]) as target:
        subprocess.run(["iscsi-inq", target.uri(0)])

Each start makes a fresh target process on a free loopback port. `stop` asks for a graceful end
(SIGTERM) and raises TargetError when the process ends badly or not at all; nothing is ever left
running. All waits are bounded.
"""
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

READY_TIMEOUT_S = 30
STOP_TIMEOUT_S = 30
UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


class TargetError(Exception):
    """The target did not start, died, or did not stop as it must."""


class MissingTool(Exception):
    """A program or device that the test needs is not on this machine."""


def need(*programs):
    """Return the paths of programs, or raise MissingTool naming the first that is absent."""
    found = []
    for program in programs:
        path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if path is None:
            raise MissingTool(f"{program} is not installed (the README names the packages)")
        found.append(path)
    return found


def size_bytes(text):
    match = re.fullmatch(r"([0-9]+)([A-Za-z]*)", text)
    if match is None or match.group(2) not in UNITS:
        raise ValueError(f"{text!r} is not a size; expected e.g. 512, 4KiB, 256MiB")
    return int(match.group(1)) * UNITS[match.group(2)]


def ram(size):
    """A logical unit in memory; size as '256MiB'."""
    return ("ram", size)


def file(path):
    """A logical unit in an existing file; its size is the file's."""
    return ("file", path)


def null(size):
    """A logical unit that keeps nothing: tgt's null store; ours has none, so RAM stands in."""
    return ("null", size)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tail(path, lines=20):
    with open(path, "rb") as stream:
        return "\n".join(stream.read().decode(errors="replace").splitlines()[-lines:])


class Target:
    """A running target: pid, host, port, iqn, and one URI for each logical unit."""

    name = "?"
    first_lun = 0

    def __init__(self):
        self.process = None
        self.host, self.port, self.iqn = "127.0.0.1", 0, ""
        self.scratch = None
        self.log_path = None
        self.environment = dict(os.environ)                # of the process; change before start

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.scratch is None:                           # a test has ended it already
            return
        if kind is None:
            self.stop()
        else:
            self.kill()

    @property
    def pid(self):
        return self.process.pid

    def lun(self, index):
        """The number of the logical unit made from stores[index]."""
        return self.first_lun + index

    def uri(self, index=0):
        return f"iscsi://{self.host}:{self.port}/{self.iqn}/{self.lun(index)}"

    def further_uri(self, portal, index=0):
        """The same logical unit by way of portal 1 or higher (0 is uri's)."""
        return f"iscsi://{self.portals[portal - 1]}/{self.iqn}/{self.lun(index)}"

    def portal_uri(self):
        return f"iscsi://{self.host}:{self.port}"

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def rss_kib(self):
        """Resident memory now."""
        return self._status("VmRSS")

    def peak_kib(self):
        """The most resident memory it ever had."""
        return self._status("VmHWM")

    def _status(self, field):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as stream:
            for line in stream:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        raise TargetError(f"{self.name}: /proc/{self.pid}/status has no {field}")

    def cpu_seconds(self):
        """User and system time of the whole process (all threads, the ended ones included)."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stream:
            fields = stream.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log(self, lines=20):
        return tail(self.log_path, lines)

    def kill(self):
        """End the process the hard way; for failed tests. Never raises."""
        if self.alive():
            self.process.kill()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                print(f"{self.name}: process {self.pid} does not end after SIGKILL", flush=True)
        self._cleanup()

    def stop(self, expect_exit=0, timeout_s=STOP_TIMEOUT_S):
        """SIGTERM, wait, and check the exit code."""
        if not self.alive():
            code, log = self.process.returncode, self.log()
            self._cleanup()
            raise TargetError(f"{self.name}: had ended by itself with {code}; log:\n{log}")
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            log = self.log()
            self.kill()
            raise TargetError(f"{self.name}: still runs {timeout_s} s after SIGTERM; log:\n{log}")
        log = self.log()
        self._cleanup()
        if code != expect_exit:
            raise TargetError(f"{self.name}: exit {code} after SIGTERM, expected {expect_exit}; "
                              f"log:\n{log}")

    def _spawn(self, argv, stdout):
        self.scratch = tempfile.mkdtemp(prefix="lq-target-")
        self.log_path = os.path.join(self.scratch, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=log,
                                            stdout=log if stdout is None else stdout,
                                            env=self.environment)

    def _cleanup(self):
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()
        if self.scratch is not None:
            shutil.rmtree(self.scratch, ignore_errors=True)
            self.scratch = None


class Lunquake(Target):
    """Our own target. `options` go to `serve` unchanged (e.g. ["--busy-after", "2s"])."""

    name = "lunquake"

    def __init__(self, binary):
        super().__init__()
        self.binary = binary

    def start(self, stores, options=()):
        if not os.access(self.binary, os.X_OK):
            raise MissingTool(f"{self.binary} is not an executable file; build it, or give "
                              "--lunquake PATH")
        argv = [self.binary, "serve", "--port", "0"]
        for kind, what in stores:
            argv += ["--file" if kind == "file" else "--ram", what]
        self._spawn(argv + list(options), subprocess.PIPE)
        line = self._first_line()
        self.portals = re.findall(r"^portal (\S+)$", self.banner, flags=re.M)
        match = re.fullmatch(r"ready iscsi://([0-9.]+|\[[0-9a-f:]+\]):([0-9]+)/([^/]+)/0", line)
        if match is None:
            self.kill()
            raise TargetError(f"lunquake: the readiness line is {line!r}, expected "
                              "'ready iscsi://HOST:PORT/IQN/0'")
        self.host, self.port, self.iqn = match.group(1), int(match.group(2)), match.group(3)
        return self

    def _first_line(self):
        """The readiness line; lines before it (printed limits) are kept in the log."""
        end, text = time.monotonic() + READY_TIMEOUT_S, b""
        stream = self.process.stdout.fileno()
        while time.monotonic() < end:
            readable, _, _ = select.select([stream], [], [], 0.2)
            if readable:
                chunk = os.read(stream, 4096)
                if not chunk:
                    break
                text += chunk
                for line in text.split(b"\n")[:-1]:
                    if line.startswith(b"ready "):
                        self.banner = text.decode(errors="replace")
                        return line.decode(errors="replace")
        log = self.log()
        code = self.process.poll()
        self.kill()
        raise TargetError(f"lunquake: no readiness line within {READY_TIMEOUT_S} s "
                          f"(exit code {code}); stdout {text!r}; log:\n{log}")


class Tgt(Target):
    """Debian's tgt. LUN 0 is its controller, so stores begin at LUN 1."""

    name = "tgt"
    first_lun = 1
    banner = ""

    def start(self, stores, options=()):
        del options                                        # options are for lunquake alone
        tgtd, self.tgtadm = need("tgtd", "tgtadm")
        os.makedirs("/run/tgtd", exist_ok=True)            # where tgtd puts its control socket
        self.port = free_port()
        self.iqn = "iqn.2026-11.org.lunquake.test:tgt"
        self.control = str(self.port % 32768)              # tgtd takes no more than 15 bits
        self._spawn([tgtd, "-D", "-C", self.control, "--iscsi",
                     f"portal={self.host}:{self.port}"], None)
        try:
            self._configure(stores)
        except BaseException:
            self.kill()
            raise
        return self

    def _configure(self, stores):
        self._until_answering()
        self._admin("--lld", "iscsi", "--mode", "target", "--op", "new", "--tid", "1",
                    "--targetname", self.iqn)
        for index, (kind, what) in enumerate(stores):
            argv = ["--lld", "iscsi", "--mode", "logicalunit", "--op", "new", "--tid", "1",
                    "--lun", str(self.lun(index))]
            if kind == "null":
                argv += ["--bstype", "null", "--backing-store", "null"]   # always 1 TiB
            else:
                argv += ["--backing-store", self._memory_file(index, what)
                         if kind == "ram" else what]
            self._admin(*argv)
        self._admin("--lld", "iscsi", "--mode", "target", "--op", "bind", "--tid", "1",
                    "--initiator-address", "ALL")

    def _memory_file(self, index, size):
        path = f"/dev/shm/lq-tgt-{self.port}-{index}"
        with open(path, "wb") as stream:
            stream.truncate(size_bytes(size))
        self.memory_files = getattr(self, "memory_files", []) + [path]
        return path

    def _until_answering(self):
        end = time.monotonic() + READY_TIMEOUT_S
        while True:
            if not self.alive():
                raise TargetError(f"tgt: ended at once; log:\n{self.log()}")
            answer = subprocess.run([self.tgtadm, "-C", self.control, "--mode", "sys", "--op",
                                     "show"], capture_output=True, timeout=READY_TIMEOUT_S)
            if answer.returncode == 0:
                return
            if time.monotonic() > end:
                raise TargetError(f"tgt: does not answer tgtadm; log:\n{self.log()}")
            time.sleep(0.05)

    def _admin(self, *arguments):
        done = subprocess.run([self.tgtadm, "-C", self.control, *arguments],
                              capture_output=True, text=True, timeout=READY_TIMEOUT_S)
        if done.returncode != 0:
            raise TargetError(f"tgtadm {' '.join(arguments)}: exit {done.returncode}: "
                              f"{done.stderr.strip()}")

    def stop(self, expect_exit=0, timeout_s=STOP_TIMEOUT_S):
        """tgtd ends on SIGTERM only when it has no targets; how it ends is not our subject."""
        del expect_exit, timeout_s
        self.kill()

    def _cleanup(self):
        for path in getattr(self, "memory_files", []) + [f"/run/tgtd/socket.{self.control}",
                                                         f"/run/tgtd/socket.{self.control}.lock"]:
            if os.path.exists(path):
                os.unlink(path)
        super()._cleanup()


def add_target_options(parser):
    """--target and --lunquake, the same in every suite."""
    parser.add_argument("--target", choices=("lunquake", "tgt"), default="lunquake",
                        help="which target to start (default: lunquake)")
    parser.add_argument("--lunquake", metavar="PATH", default=os.environ.get(
                        "LUNQUAKE", "build/release/tools/lunquake"),
                        help="our program (default: $LUNQUAKE or %(default)s)")


def make(arguments):
    """A fresh, not yet started target as --target and --lunquake say."""
    return Tgt() if arguments.target == "tgt" else Lunquake(arguments.lunquake)


def run_main(main):
    """Call main() and turn the module's errors into the project's exit codes."""
    try:
        return main()
    except MissingTool as error:
        print(f"SKIPPED, NOT PASSED: {error}", flush=True)
        return 77
    except TargetError as error:
        print(f"FAILED: {error}", flush=True)
        return 1
