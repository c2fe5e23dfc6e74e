#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A C file holds one idea in a few hundred lines, a function fits a screen, a line fits the page.

A function is what stands between an opening brace that ends a line starting in column 0 (or is
alone there) and the closing brace in column 0; tables and types are not functions."""
import re

import house

FILE_LINES = 600
FUNCTION_LINES = 80
COLUMNS = 100

NAME = re.compile(r"(\w+)\s*\(")


def functions(lines):
    """Yields (name, line number of the opening brace, lines from brace to brace)."""
    start, name, heading = None, "", ""
    for number, line in enumerate(lines, 1):
        if start is not None:
            if line.startswith("}"):
                yield name, start, number - start + 1
                start, heading = None, ""
        elif line.rstrip() == "{" or (re.match(r"\w", line) and line.rstrip().endswith("{")
                                      and "(" in line and "=" not in line):
            called = NAME.search(heading + line)
            start, name = number, called.group(1) if called else "?"
        elif line.strip() == "" or line.startswith(("}", "#")) or line.rstrip().endswith(";"):
            heading = ""
        else:
            heading += line


def check(root):
    complaints = []
    for path in house.files(root, ".c", ".h"):
        text = house.read(root, path)
        lines = text.splitlines()
        if len(lines) > FILE_LINES:
            complaints.append(f"{path}:1: {len(lines)} lines; at most {FILE_LINES}")
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS:
                complaints.append(f"{path}:{number}: {len(line)} columns; at most {COLUMNS}")
            if "\t" in line or line != line.rstrip():
                complaints.append(f"{path}:{number}: tab or trailing space")
        for name, number, length in functions(house.bare_c(text).splitlines()):
            if length > FUNCTION_LINES:
                complaints.append(f"{path}:{number}: {name}() has {length} lines; "
                                  f"at most {FUNCTION_LINES}")
    return complaints


def self_check():
    def body(count):
        return "    x++;\n" * count
    good = {
        "core/a.c": "int lq_a(int x)\n{\n" + body(FUNCTION_LINES - 2) + "}\n",
        "core/table.c": "static const int table[] = {\n" + "    1,\n" * 200 + "};\n",
    }
    violations = [
        ("a file too long", {"core/b.c": "int b;\n" * (FILE_LINES + 1)}, ["core/b.c", "601 lines"]),
        ("a function too long", {"core/b.c": "static int lq_b(int x,\n        int y)\n{\n"
                                 + body(FUNCTION_LINES - 1) + "}\n"}, ["core/b.c", "lq_b()", "81"]),
        ("a function too long, brace beside its head",
         {"core/b.c": "int lq_b(void) {\n" + body(FUNCTION_LINES) + "}\n"}, ["lq_b()", "82"]),
        ("a line too long", {"core/b.c": "int " + "b" * 100 + ";\n"}, ["core/b.c:1", "columns"]),
        ("a tab", {"core/b.c": "\tint b;\n"}, ["core/b.c:1", "tab"]),
    ]
    return house.self_test(check, good, violations)


if __name__ == "__main__":
    house.main("size", check, self_check)
