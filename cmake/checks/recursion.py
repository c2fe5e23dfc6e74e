#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No function of the pure parts calls itself, directly or through others: stack use is bounded by
the text, not by what a peer sends. Reads direct calls by name; calls through tables are not seen."""
import re

import house
import size

PURE = ("core", "proto", "faults", "sim/stage", "sim/virtual", "sim/shard", "conformance/wire")
CALL = re.compile(r"(?<!->)(?<!\.)\b([A-Za-z_]\w*)\s*\(")


def calls_by_function(root):
    """Returns {(path or None for a public function, name): (path, line, {called names})}."""
    functions = {}
    for path in house.files(root, ".c", ".h"):
        place = path.as_posix()
        if not place.startswith(tuple(f"{part}/" for part in PURE)) or "/test/" in place:
            continue
        lines = house.bare_c(house.read(root, path)).splitlines()
        for name, number, length in size.functions(lines):
            body = "\n".join(lines[number - 1:number - 1 + length])
            own = None if name.startswith("lq_") else place
            functions[own, name] = (place, number, set(CALL.findall(body)))
    return functions


def cycle_through(functions, start):
    """The shortest chain of calls from start back to start, or None."""
    reached = {start: None}
    queue = [start]
    while queue:
        caller = queue.pop(0)
        place, _, called = functions[caller]
        for name in sorted(called):
            callee = next((key for key in ((place, name), (None, name)) if key in functions), None)
            if callee == start:
                chain = [name]
                while caller is not None:
                    chain.append(caller[1])
                    caller = reached[caller]
                return chain[::-1]
            if callee is not None and callee not in reached:
                reached[callee] = caller
                queue.append(callee)
    return None


def check(root):
    functions = calls_by_function(root)
    complaints = []
    for key, (place, number, _) in functions.items():
        chain = cycle_through(functions, key)
        if chain:
            complaints.append(f"{place}:{number}: recursion: {' calls '.join(chain)}")
    return complaints


def self_check():
    good = {
        "core/a.c": "static int leaf(int n)\n{\n    return n; /* leaf(n) */\n}\n\n"
                    "int lq_a(int n)\n{\n    return leaf(n) + leaf(2);\n}\n",
        "core/b.c": "static int leaf(int n)\n{\n    return lq_a(n);\n}\n",
        "tools/c.c": "int lq_c(int n)\n{\n    return lq_c(n - 1);\n}\n",
    }
    violations = [
        ("a function calls itself", {"core/c.c": "int lq_c(int n)\n{\n    return lq_c(n);\n}\n"},
         ["core/c.c:2", "lq_c calls lq_c"]),
        ("two functions call each other",
         {"faults/c.c": "static int one(int n)\n{\n    return two(n);\n}\n\n"
                        "static int two(int n)\n{\n    return one(n);\n}\n"},
         ["faults/c.c", "one calls two calls one"]),
        ("over two files",
         {"proto/c.c": "int lq_c(int n)\n{\n    return lq_d(n);\n}\n",
          "proto/d.c": "int lq_d(int n)\n{\n    return lq_c(n);\n}\n"},
         ["proto/c.c", "lq_c calls lq_d calls lq_c"]),
    ]
    return house.self_test(check, good, violations)


if __name__ == "__main__":
    house.main("recursion", check, self_check)
