# SPDX-License-Identifier: Apache-2.0
"""What is wrong on the command line gets one line that says what, what was expected and what to
do; help, man page and completion tell the same as the parser knows."""
import os
import re
import shutil
import subprocess

import pytest

SUBCOMMANDS = ("serve", "with", "sim", "features")

# (arguments, exit code, words of the one line on stderr)
WRONG = [
    ([], 2, ["no subcommand", "serve, with, sim or features"]),
    (["serv"], 2, ["unknown subcommand `serv'", "did you mean serve?"]),
    (["bananas"], 2, ["unknown subcommand `bananas'", "choose"]),
    (["--hepl"], 2, ["unknown option `--hepl'"]),
    (["--help", "x"], 2, ["--help", "expected none"]),
    (["--completion", "zsh"], 2, ["--completion", "expected bash"]),
    (["serve", "--prot", "0"], 2, ["serve: unknown option `--prot'", "did you mean --port?"]),
    (["serve", "--xyzzyxyzzy"], 2, ["unknown option", "choose"]),
    (["serve", "--port=0", "--quarantine-aftr=3s"], 2, ["did you mean --quarantine-after?"]),
    (["serve", "--ram"], 2, ["--ram: its argument is missing", "expected SIZE"]),
    (["serve", "--ram", "12q"], 2, ["--ram: `12q' is no size", "256MiB", "lunquake serve --help"]),
    (["serve", "--ram", "513"], 2, ["--ram: `513'", "multiple of 512"]),
    (["serve", "--ram", "0"], 2, ["--ram: `0'", "positive multiple of 512"]),
    (["serve", "--file", ""], 2, ["--file", "names no file"]),
    (["serve", "--port", "65536"], 2, ["--port: `65536' is no port"]),
    (["serve", "--read-only"], 2, ["--read-only", "is about no LUN"]),
    (["serve", "--portals", "5"], 2, ["--portals: `5'", "expected 1 to 4"]),
    (["serve", "--port", "-1"], 2, ["--port: `-1' is no port"]),
    (["serve", "--port", "0", "--port", "1"], 2, ["--port: is given twice"]),
    (["serve", "--quarantine-after", "3"], 2, ["--quarantine-after: `3'", "or never"]),
    (["serve", "--busy-after", "never"], 2, ["--busy-after: `never' is no duration"]),
    (["serve", "--shutdown-after", "soon"], 2, ["--shutdown-after: `soon' is no duration"]),
    (["serve", "--print-limits=yes"], 2, ["--print-limits: `yes'", "no argument"]),
    (["serve", "--iqn", "IQN.2026-11.org:x"], 2, ["--iqn", "is no iSCSI name"]),
    (["serve", "--iqn", "bob"], 2, ["--iqn: `bob' is no iSCSI name"]),
    (["serve", "--max-connections", "0"], 2, ["--max-connections: `0' is no limit"]),
    (["serve", "disk.img"], 2, ["serve: `disk.img' is no option"]),
    (["serve", "--seed", "1"], 2, ["--seed is not an option of serve", "lunquake sim"]),
    (["sim"], 2, ["sim: no seeds", "--seeds A..B"]),
    (["sim", "--seeds", "5..1"], 2, ["--seeds: `5..1' is no range"]),
    (["sim", "--seed", "x"], 2, ["--seed: `x' is no number"]),
    (["sim", "--seed", "3", "--seeds", "1..2"], 2, ["--seeds: does not go with --seed"]),
    (["sim", "--exhaust", "--ladder", "x.scn"], 2, ["--ladder: does not go with --exhaust"]),
    (["sim", "--exhaust", "--html", "x", "x.scn"], 2, ["--html: does not go with --exhaust"]),
    (["sim", "--ram", "1MiB"], 2, ["--ram is not an option of sim", "lunquake serve"]),
    (["sim", "--seed", "1", "--jobs", "0"], 2, ["--jobs: `0'"]),
    (["serve", "--portal", "localhost"], 3, ["--portal: `localhost' is no address", "127.0.0.1"]),
    (["serve", "--portal", "[127.0.0.1]"], 3, ["--portal", "is no address"]),
    (["serve", "--portal", "192.0.2.1", "--port", "0"], 3, ["--portal 192.0.2.1", "cannot listen"]),
    (["serve", "--port", "0", "--file", "/nonexistent/disk"], 3,
     ["--file /nonexistent/disk: No such file", "truncate"]),
    (["serve", "--port", "0", "--file", "/tmp"], 3, ["--file /tmp: is a directory"]),
    (["serve", "--port", "0", "--file", "/dev/null"], 3, ["--file /dev/null"]),
    (["serve", "--port", "0", "--pcap", "/nonexistent/x"], 3, ["--pcap /nonexistent/x"]),
    (["serve", "--port", "0", "--ram", "8388607TiB"], 3, ["--ram 8388607TiB", "memory"]),
    (["with"], 125, ["with: no command"]),
    (["with", "--ram", "1MiB", "--"], 125, ["with: no command"]),
    (["with", "--bananas", "--", "true"], 125, ["with: unknown option"]),
    (["with", "--file", "/nonexistent/disk", "--", "true"], 125, ["--file /nonexistent/disk"]),
]


@pytest.mark.parametrize("arguments, code, words", WRONG, ids=lambda value: str(value)[:60])
def test_wrong(run, arguments, code, words):
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    # WHERE: what is wrong; what was expected; what to do
    assert re.fullmatch(r"lunquake: [^;]+; [^;]+; .+", lines[0]), lines[0]
    for word in words:
        assert word in lines[0]


def test_odd_file(run, tmp_path):
    odd = tmp_path / "odd"
    odd.write_bytes(bytes(1000))
    done = run("serve", "--port", "0", "--file", odd)
    assert done.returncode == 3
    assert f"--file {odd}: holds 1000 bytes; expected a positive multiple of 512" in done.stderr


def test_unwritable_file(run):
    """sysfs refuses to open this one for writing, even to root."""
    done = run("serve", "--port", "0", "--file", "/sys/kernel/notes")
    assert done.returncode == 3
    assert re.fullmatch(r"lunquake: --file /sys/kernel/notes: cannot be opened for reading and "
                        r"writing \(.+\); expected .+; .+\n", done.stderr)


def test_control_characters_do_not_reach_the_terminal(run):
    done = run("serve", "--file", "/nonexistent/\x1b[31m\nx")
    assert done.returncode == 3
    assert "\x1b" not in done.stderr and done.stderr.count("\n") == 1


def test_version(run):
    done = run("--version")
    assert done.returncode == 0 and done.stderr == ""
    assert re.fullmatch(r"lunquake \d+\.\d+\.\d+\n", done.stdout)


def options_of(run, subcommand):
    """Name -> argument ("" for none), from --help."""
    done = run(subcommand, "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"Usage: lunquake {subcommand} ")
    assert max(map(len, done.stdout.splitlines())) <= 80
    found = re.findall(r"^  --([a-z-]+)(?: ([A-Z]\S*))?(?: \(repeatable\))?$", done.stdout, flags=re.M)
    assert found
    return dict(found)


def test_general_help(run):
    done = run("--help")
    assert done.returncode == 0 and done.stderr == ""
    for subcommand in SUBCOMMANDS:
        assert f"\n  {subcommand} " in done.stdout
    for code in (0, 1, 2, 3, 4, 5, 77, 99, 125):
        assert re.search(rf"^ +{code} ", done.stdout, flags=re.M)


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_help_and_parser_agree(run, subcommand):
    """Every option that --help lists is known, and takes an argument just when it says so; every
    option of another subcommand is refused as that."""
    own = options_of(run, subcommand)
    assert "help" in own and ("results" if subcommand == "features" else "pcap") in own
    for name, argument in own.items():
        done = run(subcommand, f"--{name}") if argument else run(subcommand, f"--{name}=x")
        wanted = "its argument is missing" if argument else "expected no argument"
        assert wanted in done.stderr, (name, done.stderr)
    for other in SUBCOMMANDS:
        for name in set(options_of(run, other)) - set(own):
            assert f"--{name} is not an option of {subcommand}" in run(subcommand,
                                                                       f"--{name}").stderr


def test_man_page(run, tmp_path):
    """All options of all subcommands stand in it, and man's formatter has no complaint."""
    done = run("--man")
    assert done.returncode == 0 and done.stderr == ""
    text = done.stdout.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    for subcommand in SUBCOMMANDS:
        section = text.split(f".SS lunquake {subcommand} ")[1].split("\n.S")[0]
        for name in options_of(run, subcommand):
            assert f"\n.TP\n--{name}" in section
    page = tmp_path / "lunquake.1"
    page.write_text(done.stdout)
    if shutil.which("groff"):
        checked = subprocess.run(["groff", "-man", "-ww", "-z", "-Tascii", page],
                                 capture_output=True, text=True, timeout=60, check=False)
        assert checked.returncode == 0 and checked.stderr == ""


def complete(run, tmp_path, *words):
    """What bash would offer for the last of WORDS."""
    script = tmp_path / "completion.bash"
    script.write_text(run("--completion", "bash").stdout)
    line = " ".join(f"'{word}'" for word in words)
    done = subprocess.run(
        ["bash", "-c", f"source {script}; COMP_WORDS=({line}); "
         "COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); _lunquake; printf '%s\\n' \"${COMPREPLY[@]}\""],
        capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    return set(done.stdout.split())


def test_completion(run, tmp_path):
    assert set(SUBCOMMANDS) <= complete(run, tmp_path, "lunquake", "")
    assert complete(run, tmp_path, "lunquake", "se") == {"serve"}
    for subcommand in SUBCOMMANDS:
        offered = complete(run, tmp_path, "lunquake", subcommand, "--")
        assert offered == {f"--{name}" for name in options_of(run, subcommand)}
    (tmp_path / "disk.img").touch()
    assert complete(run, tmp_path, "lunquake", "serve", "--file", "di") == {"disk.img"}
    assert complete(run, tmp_path, "lunquake", "with", "--", "bas") >= {"bash"}
    assert complete(run, tmp_path, "lunquake", "with", "--", "true", "{u") == {"{uri}"}


def test_output_that_cannot_be_written(run):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([os.environ["LUNQUAKE"], "--man"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert "standard output: cannot be written" in done.stderr
