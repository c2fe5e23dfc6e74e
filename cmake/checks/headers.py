#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, has an include guard named after its path (or the
path's tail), and says what it is."""
import argparse
import pathlib
import re
import subprocess
import sys

import house

WARNINGS = ["-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused-function"]


def check(cc, root):
    complaints = []
    for path in house.files(root, ".h"):
        if path.parts[0] == "cmake":
            continue
        text = house.read(root, path)
        guard = re.search(r"^#ifndef LQ_(\w+)\n#define LQ_\1$", text, re.MULTILINE)
        own = re.sub(r"\W", "_", path.as_posix()).upper()
        if not guard or not own.endswith(guard.group(1)):
            complaints.append(f"{path}:1: no include guard LQ_{own} or its tail")
        if len(re.findall(r"/\*", text.split("#ifndef", 1)[0])) < 2:
            complaints.append(f"{path}:2: does not begin with what it is and who uses it")
        posix = [] if path.parts[0] in ("core", "proto", "faults") else ["-D_GNU_SOURCE"]
        # As a file that includes it: as the main file a header draws warnings of its own.
        result = subprocess.run([*cc, *WARNINGS, *posix, f"-I{root}", "-fsyntax-only", "-xc", "-"],
                                input=f'#include "{path}"\nextern int lq_something;\n', capture_output=True, text=True)
        if result.returncode != 0:
            first = (result.stderr.strip().splitlines() or ["no reason given"])
            reason = next((line for line in first if "error" in line), first[0])
            complaints.append(f"{path}: does not compile alone: {reason}")
    return complaints


def header(path, body, about="/* What this is. */\n"):
    guard = "LQ_" + re.sub(r"\W", "_", path).upper()
    return {path: "/* SPDX-License-Identifier: Apache-2.0 */\n" + about
            + f"#ifndef {guard}\n#define {guard}\n{body}\n#endif\n"}


def self_test(cc):
    good = header("core/a.h", "#include <stdint.h>\nuint32_t lq_a(void);")
    violations = [
        ("a header that needs another", header("core/b.h", "uint32_t lq_b(void);"),
         ["core/b.h", "alone"]),
        ("no guard", {"core/b.h": "/* x */\n/* what */\nint lq_b(void);\n"}, ["core/b.h", "guard"]),
        ("another header's guard", {"core/b.h": list(good.values())[0]}, ["core/b.h", "guard"]),
        ("a header that does not say what it is", header("core/b.h", "int lq_b(void);", ""),
         ["core/b.h:2", "what it is"]),
    ]
    return house.self_test(lambda root: check(cc, pathlib.Path(root)), good, violations)


def main():
    parser = argparse.ArgumentParser(prog="headers")
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    cc = arguments.cc.split()
    if arguments.self_test:
        sys.exit(self_test(cc))
    complaints = check(cc, arguments.root)
    for complaint in complaints:
        print(complaint)
    print(f"headers: {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
