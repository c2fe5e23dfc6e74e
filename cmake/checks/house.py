# SPDX-License-Identifier: Apache-2.0
"""What the checks of this directory share: the project's files, C without its comments, and the
harness that shows a check failing on a planted violation.

A check is a function from a root directory to a list of complaints ("path:line: what is wrong").
"""
import argparse
import os
import pathlib
import re
import sys
import tempfile

FOLDERS = ("core", "proto", "faults", "scenarios", "sim", "conformance", "tools", "docs", "cmake",
           ".ci")
SKIP_FOLDERS = {"build", "__pycache__", ".pytest_cache", ".git"}


def files(root, *suffixes):
    """Paths below the project's folders and at its top, relative to root, sorted."""
    root = pathlib.Path(root)
    found = [path.relative_to(root) for path in root.iterdir()
             if path.is_file() and path.name not in SKIP_FOLDERS] # .git is a file in a worktree
    for folder in FOLDERS:
        for directory, names, leaves in os.walk(root / folder):
            names[:] = [name for name in names if name not in SKIP_FOLDERS]
            found += [(pathlib.Path(directory) / leaf).relative_to(root) for leaf in leaves]
    return sorted(path for path in found if not suffixes or path.suffix in suffixes)


def read(root, path):
    return (pathlib.Path(root) / path).read_text(encoding="utf-8", errors="replace")


_TOKENS = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def bare_c(text, keep_strings=False):
    """C source with comments, strings and character constants blanked; lines stay where they are."""
    def blank(match):
        token = match.group(0)
        if keep_strings and token[0] in "\"'":
            return token
        return re.sub(r"[^\n]", " ", token)
    return _TOKENS.sub(blank, text)


def plant(root, tree):
    for path, text in tree.items():
        path = pathlib.Path(root) / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def self_test(check, good, violations):
    """good: a tree without complaints. violations: (name, files to add, words that must occur in
    one complaint). Returns an exit code."""
    failures = 0
    for name, tree, expected in [("nothing planted", {}, None)] + violations:
        with tempfile.TemporaryDirectory() as root:
            plant(root, good)
            plant(root, tree)
            complaints = check(root)
        if expected is None:
            ok = not complaints
        else:
            ok = any(all(word in complaint for word in expected) for complaint in complaints)
        print(f"{'caught' if expected and ok else 'ok' if ok else 'WRONG'}: {name}"
              + "".join(f"\n    {complaint}" for complaint in complaints))
        failures += not ok
    return 1 if failures else 0


def main(name, check, self_check):
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--self-test", action="store_true",
                        help="show that planted violations are caught")
    arguments = parser.parse_args()
    if arguments.self_test:
        sys.exit(self_check())
    complaints = check(arguments.root)
    for complaint in complaints:
        print(complaint)
    print(f"{name}: {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)
