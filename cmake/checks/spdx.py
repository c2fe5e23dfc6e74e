#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every file that can carry a comment says its licence near its top; C files on their first line."""
import pathlib

import house

LINE = "SPDX-License-Identifier: Apache-2.0"
NO_COMMENTS = {".json", ".tsv", ".csv"}
EXEMPT = {"LICENSE"}


def check(root):
    complaints = []
    for path in house.files(root):
        if path.suffix in NO_COMMENTS or path.name in EXEMPT:
            continue
        data = (pathlib.Path(root) / path).read_bytes()
        if b"\0" in data:
            continue
        lines = data.decode("utf-8", "replace").splitlines()
        if path.suffix in (".c", ".h"):
            if not lines or lines[0] != f"/* {LINE} */":
                complaints.append(f"{path}:1: first line is not /* {LINE} */")
        elif not any(LINE in line for line in lines[:5]):
            complaints.append(f"{path}:1: no {LINE} in the first five lines")
    return complaints


def self_check():
    good = {
        "core/a.c": f"/* {LINE} */\nint a;\n",
        "tools/a.sh": f"#!/bin/sh\n# {LINE}\n",
        "docs/a.md": f"<!-- {LINE} -->\n",
        "docs/PROPERTIES.tsv": "id\tslug\n",
        "docs/capture.bin": "\0\1",
        "LICENSE": "Apache\n",
    }
    violations = [
        ("a C file without", {"core/b.c": "int b;\n"}, ["core/b.c"]),
        ("a C file with it too late", {"core/b.c": f"\n/* {LINE} */\n"}, ["core/b.c"]),
        ("an empty file", {"core/CMakeLists.txt": ""}, ["core/CMakeLists.txt"]),
        ("a script without", {"cmake/b.py": "print()\n"}, ["cmake/b.py"]),
        ("another licence", {"tools/b.sh": "# SPDX-License-Identifier: MIT\n"}, ["tools/b.sh"]),
        ("a document without", {"README.md": "# Lunquake\n"}, ["README.md"]),
        ("a hidden file without", {".ci/run": "#!/bin/bash\n"}, [".ci/run"]),
    ]
    return house.self_test(check, good, violations)


if __name__ == "__main__":
    house.main("spdx", check, self_check)
