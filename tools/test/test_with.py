# SPDX-License-Identifier: Apache-2.0
"""`lunquake with`: the command's words, exit code and signals."""
import os
import re
import signal
import subprocess
import time

import pytest

from conftest import BOUND_S, PROGRAM


def test_words_are_replaced(run):
    done = run("with", "--iqn", "iqn.2026-11.org.example:x", "--", "echo", "{uri}", "{host}:{port}",
               "<{iqn}{iqn}>", "{other}", "{", "")
    assert done.returncode == 0 and done.stderr == ""
    words = done.stdout.rstrip("\n").split(" ")
    uri = re.fullmatch(r"iscsi://(127\.0\.0\.1:\d+)/iqn\.2026-11\.org\.example:x/0", words[0])
    name = "iqn.2026-11.org.example:x"
    assert words[1:] == [uri.group(1), f"<{name}{name}>", "{other}", "{", ""]


def test_a_real_initiator(run):
    done = run("with", "--ram", "256MiB", "--", "iscsi-inq", "{uri}")
    assert done.returncode == 0, done.stderr
    assert "Peripheral Device Type" in done.stdout


def test_image_round_trip(run, tmp_path):
    image = tmp_path / "image"
    image.write_bytes(os.urandom(4 << 20))
    done = run("with", "--ram", "4MiB", "--", "sh", "-c",
               f"qemu-img convert -n -f raw -O raw {image} {{uri}} && "
               f"qemu-img compare -f raw -F raw {image} {{uri}}")
    assert done.returncode == 0, done.stderr
    assert "Images are identical." in done.stdout


@pytest.mark.parametrize("command, code", [
    (["true"], 0),
    (["false"], 1),
    (["sh", "-c", "exit 42"], 42),
    (["sh", "-c", "kill -KILL $$"], 128 + 9),
    (["sh", "-c", "kill -TERM $$"], 128 + 15),
])
def test_exit_code_is_the_commands(run, command, code):
    done = run("with", "--", *command)
    assert (done.returncode, done.stderr) == (code, "")
    without_dashes = run("with", "--ram", "1MiB", *command)
    assert (without_dashes.returncode, without_dashes.stderr) == (code, "")


def test_not_found(run):
    done = run("with", "--", "lunquake-no-such-program")
    assert done.returncode == 127
    assert re.fullmatch(r"lunquake: with: `lunquake-no-such-program' cannot be run .*\n",
                        done.stderr)


def test_not_executable(run, tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("no program\n")
    done = run("with", "--", plain)
    assert done.returncode == 126
    assert "cannot be run (Permission denied)" in done.stderr


def start_waiting(tmp_path, script):
    """`with` around a shell SCRIPT that says when it is ready by making the file `ready`."""
    ready = tmp_path / "ready"
    process = subprocess.Popen([PROGRAM, "with", "--", "sh", "-c", script, "sh", str(ready)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + BOUND_S
    while not ready.exists():
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.01)
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_passed_on(tmp_path, number):
    name = number.name[3:]
    process = start_waiting(tmp_path, f"trap 'exit 7' {name}; : > $1; "
                            "while :; do sleep 0.05; done")
    process.send_signal(number)
    out, err = process.communicate(timeout=BOUND_S)
    assert (process.returncode, out, err) == (7, "", "")


def test_a_child_killed_by_a_passed_signal(tmp_path):
    process = start_waiting(tmp_path, ": > $1; while :; do sleep 0.05; done")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=BOUND_S)
    assert process.returncode == 128 + signal.SIGTERM


def test_the_target_ends_with_the_command(run):
    done = run("with", "--", "echo", "{port}")
    port = done.stdout.strip()
    again = run("with", "--port", port, "--", "true")
    assert again.returncode == 0, again.stderr


def test_two_at_once(run):
    """Each has a port of its own."""
    first = subprocess.Popen([PROGRAM, "with", "--", "sh", "-c", "echo {port}; read x"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    port = first.stdout.readline()
    assert run("with", "--", "echo", "{port}").stdout != port
    first.communicate("\n", timeout=BOUND_S)
    assert first.returncode == 0
