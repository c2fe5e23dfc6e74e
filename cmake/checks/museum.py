#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/MUSEUM.md lists every scenario of the museum with the wrong that brings its bug back; at
least forty entries have one; and those of hostile input beside them. The rows of docs/JUDGES.md name wrongs that there
are, with their properties, and some of them are tried; a new wrong has none until the table is made
anew, which takes minutes.

    museum.py PROGRAM            checks
    museum.py PROGRAM --write    writes docs/MUSEUM.md anew
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = ROOT / "docs" / "MUSEUM.md"
TABLE = ROOT / "docs" / "JUDGES.md"
AT_LEAST = 40
TRY_EVERY = 25   # rows of docs/JUDGES.md
PATIENCE = 20    # times the median
HEAD = """<!-- SPDX-License-Identifier: Apache-2.0 -->
# The museum

Bugs that real targets had, each with the wrong that brings it back and the property that convicts
it. Every file passes on our engine and fails with its wrong; CTest runs both. A file may stand for
several entries; one without a wrong only shows that our engine does not have the bug. This page is made by `cmake/checks/museum.py PROGRAM --write`.

| entry | scenario | title | wrong: property |
|---|---|---|---|
"""
HOSTILE = """
## Hostile input

What a peer may send that nobody should: every file passes on our engine, under AddressSanitizer too.
Those that stand for an entry of the museum have no wrong where its bug was one of memory alone: no
line here plants undefined behaviour.

| entry | scenario | title | wrong: property |
|---|---|---|---|
"""


def offered(program):
    result = subprocess.run([program, "--list-wrongs"], capture_output=True, text=True, timeout=60,
                            check=True)
    rows = (line.split() for line in result.stdout.splitlines() if line.strip())
    return {fields[0]: fields[1] for fields in rows}


def row(path, properties, complaints):
    """Returns (entry, None without a wrong; Markdown)."""
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("#")]
    wrongs = [line.removeprefix("# wrong: ").strip() for line in head
              if line.startswith("# wrong: ")]
    title = next(line for line in lines if line.startswith("scenario ")).split('"')[1]
    title = re.sub(r"^BM-\d+: ", "", title)
    name = re.match(r"BM-\d+", path.name)
    own = name.group(0) if name else None
    entries = sorted({*([own] if own else []), *re.findall(r"BM-\d+", " ".join(head))},
                     key=lambda e: (e != own, e))
    for wrong in wrongs:
        if wrong not in properties:
            complaints.append(f"{path.name}: {wrong} is no wrong")
    said = ", ".join(f"{wrong}: {properties.get(wrong)}" for wrong in wrongs)
    return own if wrongs else None, f"| {' '.join(entries)} | {path.name} | {title} | {said} |\n"


def museum(properties, complaints):
    entries, text = set(), HEAD
    for path in sorted((ROOT / "scenarios" / "museum").glob("BM-*.scn")):
        own, markdown = row(path, properties, complaints)
        if own is not None:
            entries.add(own)
        text += markdown
    text += HOSTILE
    for path in sorted((ROOT / "scenarios" / "hostile").glob("*.scn")):
        text += row(path, properties, complaints)[1]
    if len(entries) < AT_LEAST:
        complaints.append(f"{len(entries)} entries with a wrong; at least {AT_LEAST} expected")
    return text


def table_rows():
    rows = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        fields = [field.strip() for field in line.strip("|").split("|")]
        if line.startswith("| ") and fields[0] != "wrong":
            rows.append(fields)
    return rows


def try_row(program, fields):
    name, _, seeds, scenario = fields
    if seeds:
        arguments = ["--seeds", f"1..{min(2000, max(60, int(seeds) * PATIENCE))}"]
    else:
        arguments = [str(next((ROOT / "scenarios").glob(f"*/{scenario}")))]
    result = subprocess.run([program, "--wrong", name, *arguments], capture_output=True,
                            text=True, timeout=300)
    convicted = re.search(rf"(^convicted |^{name}: convicted )", result.stdout, re.MULTILINE)
    return None if convicted else f"{name} is not convicted by {' '.join(arguments)}"


def judge_table(program, properties, complaints):
    rows = table_rows()
    said = {fields[0]: fields[1] for fields in rows}
    for name in sorted(set(said) - set(properties)):
        complaints.append(f"docs/JUDGES.md: {name} is no wrong")
    for name in sorted(set(properties) - set(said)):
        print(f"{name} has no row in docs/JUDGES.md yet")
    for name in sorted(set(said) & set(properties)):
        if said[name] != properties[name]:
            complaints.append(f"docs/JUDGES.md: {name} is said to break {said[name]}, but declares "
                              f"{properties[name]}")
    for fields in rows:
        if not fields[2] and not fields[3]:
            complaints.append(f"docs/JUDGES.md: {fields[0]} is convicted by nothing")
    tried = [fields for fields in rows[::TRY_EVERY] if fields[0] in properties]
    complaints += [found for found in (try_row(program, fields) for fields in tried) if found]
    return len(tried)


def main():
    program, complaints = sys.argv[1], []
    properties = offered(program)
    text = museum(properties, complaints)
    if sys.argv[2:] == ["--write"]:
        LIST.write_text(text, encoding="utf-8")
        return
    if not LIST.exists() or LIST.read_text(encoding="utf-8") != text:
        complaints.append("docs/MUSEUM.md is not what cmake/checks/museum.py --write makes")
    tried = judge_table(program, properties, complaints)
    for complaint in complaints:
        print(complaint)
    print(f"museum: {tried} rows tried, {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
