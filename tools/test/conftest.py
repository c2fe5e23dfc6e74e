# SPDX-License-Identifier: Apache-2.0
"""The program under test, run as its users run it. Every wait has a bound."""
import os
import re
import signal
import subprocess
import threading

import pytest

PROGRAM = os.environ["LUNQUAKE"]
BOUND_S = 60


class Served:
    """A running `lunquake serve`."""

    def __init__(self, *arguments, **popen):
        self.process = subprocess.Popen([PROGRAM, "serve", "--port", "0", *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        **popen)
        self.lines = []
        timer = threading.Timer(BOUND_S, self.process.kill)
        timer.start()
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("ready "):
                break
        timer.cancel()
        ready = re.fullmatch(r"ready (iscsi://(\[[^]]*\]|[^:]+):(\d+)/([^/]+)/0)",
                             self.lines[-1] if self.lines else "")
        if ready is None:
            self.process.kill()
            raise AssertionError(f"not ready: {self.lines} {self.process.stderr.read()}")
        self.uri, self.host, port, self.iqn = ready.groups()
        self.port = int(port)

    def stop(self, number=signal.SIGTERM):
        """(exit code, stdout after the ready line, stderr)"""
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=BOUND_S)
        return self.process.returncode, out, err


@pytest.fixture
def serve():
    """serve(ARGUMENTS...) starts a target that ends with the test."""
    started = []

    def start(*arguments, **popen):
        started.append(Served(*arguments, **popen))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.process.kill()
            served.process.communicate(timeout=BOUND_S)


@pytest.fixture
def source():
    """The project's top folder."""
    return os.environ["LUNQUAKE_SOURCE_DIR"]


@pytest.fixture
def run():
    """run(ARGUMENTS...) runs the program to its end."""

    def go(*arguments, **keywords):
        keywords.setdefault("timeout", BOUND_S)
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                              check=False, **keywords)

    return go


@pytest.fixture
def disk(tmp_path):
    """A file of 1 MiB."""
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(1 << 20))
    return path
