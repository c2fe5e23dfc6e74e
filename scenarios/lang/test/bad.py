#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files with something wrong: each says in a comment `# error: LINE:COLUMN WORDS' where and in which
words the program must complain; it shows the line with a caret below that column, and exits 2.

bad.py FOLDER PROGRAM...: the program's words, an emulator's first."""
import pathlib
import re
import subprocess
import sys

LEAST = 50


def complaint(program, path):
    """What is wrong with how PROGRAM refuses the file; None: nothing."""
    text = path.read_text(encoding="latin-1")
    wanted = re.search(r"^# error: (\d+):(\d+) (.*)$", text, re.MULTILINE)
    if wanted is None:
        return "no line `# error: LINE:COLUMN WORDS'"
    line, column, words = wanted.groups()
    run = subprocess.run([*program, path], capture_output=True, encoding="latin-1", timeout=60,
                         check=False)
    message, *shown = run.stderr.splitlines() or [""]
    problems = []
    if run.returncode != 2:
        problems.append(f"exit status {run.returncode}")
    if f"{path}:{line}:{column}: " not in message or words not in message:
        problems.append(f"says `{message}'")
    if "; expected " not in message:
        problems.append("does not say what was expected")
    if len(shown) != 2 or shown[1].find("^") != int(column) - 1:
        problems.append("shows no caret in that column")
    return "; ".join(problems) or None


def main():
    folder, *program = sys.argv[1:]
    paths = sorted(pathlib.Path(folder).glob("*.scn"))
    failed = 0
    for path in paths:
        wrong = complaint(program, path)
        if wrong is not None:
            failed += 1
            print(f"{path.name}: {wrong}")
    print(f"{len(paths)} bad files, {failed} not refused as they should be")
    return 1 if failed or len(paths) < LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
