#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`cmake --install` puts the program, its man page, its completion, its scenarios and its licence
where they belong, the program runs from there, and man page, completion and help speak of the same
options.

    install.py --build DIR
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

BOUND_S = 60


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=BOUND_S)


def check(prefix):
    complaints = []
    paths = {name: prefix / path for name, path in {
        "program": "bin/lunquake",
        "man": "share/man/man1/lunquake.1",
        "completion": "share/bash-completion/completions/lunquake",
        "scenarios": "share/lunquake/scenarios",
        "licence": "share/doc/lunquake/LICENSE",
    }.items()}
    complaints += [f"{path.relative_to(prefix)} is not installed"
                   for path in paths.values() if not path.exists()]
    if complaints:
        return complaints

    manual = paths["man"].read_text(encoding="utf-8")
    completion = paths["completion"].read_text(encoding="utf-8")
    if not re.search(r"^\.TH LUNQUAKE 1", manual, re.MULTILINE | re.IGNORECASE):
        complaints.append("lunquake.1 has no .TH line")
    syntax = run("bash", "-n", str(paths["completion"]))
    if syntax.returncode != 0:
        complaints.append(f"completion: {syntax.stderr.strip()}")

    options = set()
    for subcommand in ("serve", "with", "sim"):
        result = run(str(paths["program"]), subcommand, "--help")
        found = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", result.stdout))
        if result.returncode != 0 or not found:
            complaints.append(f"lunquake {subcommand} --help: exit {result.returncode}, "
                              f"{len(found)} options")
        options |= found
    for option in sorted(options):
        if option not in manual.replace("\\-", "-"):
            complaints.append(f"lunquake.1 does not have --{option}")
        if f"--{option}" not in completion:
            complaints.append(f"the completion does not have --{option}")
    return complaints


def main():
    parser = argparse.ArgumentParser(prog="install")
    parser.add_argument("--build", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        prefix = pathlib.Path(directory)
        result = run("cmake", "--install", arguments.build, "--prefix", str(prefix))
        complaints = check(prefix) if result.returncode == 0 else [result.stderr.strip()]
    for complaint in complaints:
        print(complaint)
    print(f"install: {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
