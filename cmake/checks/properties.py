#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/PROPERTIES.tsv is the registry of what the judges decide: well-formed, ids and slugs
unique, each clause given; and every property id that is cited anywhere exists there."""
import pathlib
import re

import house

REGISTRY = "docs/PROPERTIES.tsv"
COLUMNS = ["id", "slug", "clause", "judge", "wrongs"]
ID = re.compile(r"[A-Z]+-[0-9A-Z]+")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CITING = (".c", ".h", ".py", ".sh", ".md", ".scn", ".txt", ".1")


def registry(root):
    """Returns (rows by id, complaints)."""
    rows, slugs, complaints = {}, {}, []
    lines = house.read(root, REGISTRY).splitlines()
    if not lines or lines[0].split("\t") != COLUMNS:
        complaints.append(f"{REGISTRY}:1: the first line is not {' '.join(COLUMNS)}")
    for number, line in enumerate(lines[1:], 2):
        where = f"{REGISTRY}:{number}"
        fields = line.split("\t")
        if len(fields) != len(COLUMNS):
            complaints.append(f"{where}: {len(fields)} columns; {len(COLUMNS)} expected")
            continue
        row = dict(zip(COLUMNS, fields))
        if not ID.fullmatch(row["id"]):
            complaints.append(f"{where}: id {row['id']!r} is not of the form TM-2")
        if not SLUG.fullmatch(row["slug"]):
            complaints.append(f"{where}: slug {row['slug']!r} is not of the form task-ends-once")
        if row["id"] in rows:
            complaints.append(f"{where}: id {row['id']} is used twice")
        if row["slug"] in slugs:
            complaints.append(f"{where}: slug {row['slug']} is used twice")
        for column in ("clause", "judge"):
            if not row[column].strip():
                complaints.append(f"{where}: {column} is empty")
        rows[row["id"]] = row
        slugs[row["slug"]] = row
    return rows, complaints


def check(root):
    if not (pathlib.Path(root) / REGISTRY).exists():
        return [f"{REGISTRY}: missing"]
    rows, complaints = registry(root)
    families = {identity.split("-")[0] for identity in rows}
    if not families:
        return complaints + [f"{REGISTRY}:1: no properties"]
    # A family's name may be a standard's too (SPC-5): only families of the registry are ours.
    cited = re.compile(r"(?<![\w-])(%s)-(\d+[A-Z]?)\b(?!\.)" % "|".join(sorted(families)))
    for path in house.files(root, *CITING):
        if path.parts[:2] == ("cmake", "checks"):
            continue
        for number, line in enumerate(house.read(root, path).splitlines(), 1):
            for match in cited.finditer(line):
                if match.group(0) not in rows:
                    complaints.append(f"{path}:{number}: cites {match.group(0)}, "
                                      f"which {REGISTRY} does not have")
    return complaints


def self_check():
    good = {
        REGISTRY: "id\tslug\tclause\tjudge\twrongs\n"
                  "TM-1\ttm-silence\tSAM-5 7.6\ttm\ttm-mark-only\n"
                  "TM-2\ttm-no-late-effect\tSAM-5 7.6\ttm\t\n",
        "core/a.c": "/* TM-2; SAM-5 8.2; SPC-4 6.1 */\n",
    }

    def row(text):
        return {REGISTRY: good[REGISTRY] + text + "\n"}

    violations = [
        ("an id that is not registered", {"core/b.c": "/* TM-9 */\n"}, ["core/b.c:1", "TM-9"]),
        ("an id used twice", row("TM-2\tother\tSAM\ttm\t"), ["TM-2", "twice"]),
        ("a slug used twice", row("TM-3\ttm-silence\tSAM\ttm\t"), ["tm-silence", "twice"]),
        ("a row too short", row("TM-3\tshort"), ["2 columns"]),
        ("no clause", row("TM-3\tno-clause\t\ttm\t"), ["clause is empty"]),
        ("a bad slug", row("TM-3\tBad Slug\tSAM\ttm\t"), ["Bad Slug"]),
        ("another header", {REGISTRY: "id\n"}, ["first line"]),
    ]
    return house.self_test(check, good, violations)


if __name__ == "__main__":
    house.main("properties", check, self_check)
