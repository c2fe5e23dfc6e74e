#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the #include lines of every C file and enforces the house's layering, and the absences:
no socket, clock, thread or file header outside sim/live, conformance/suites and tools; no floating
point in the parts whose decisions must be the same everywhere."""
import re

import house

PURE_HEADERS = {"stdint.h", "stddef.h", "stdbool.h", "string.h", "limits.h", "inttypes.h"}
# What a unit test may use besides: plain C, still no socket, clock or thread.
TEST_HEADERS = PURE_HEADERS | {"stdio.h", "stdlib.h", "assert.h", "setjmp.h", "errno.h",
                               "CUnit/CUnit.h", "CUnit/Basic.h", "CUnit/TestDB.h"}

# The engine as others see it; every other header of core/ is core's own.
CORE_PUBLIC = ("core/base/", "core/engine.h", "core/env.h", "core/limits.h", "core/store.h",
               "core/wrongs.h")
# Containers and the history's records: what judges may share with everybody. Not bytes.h (judges
# read the wire with their own reader) and not choice.h (judges decide, they do not draw).
FOR_JUDGES = tuple(f"core/base/{name}.h" for name in
                   ("allocator", "arena", "assert", "digest", "handle", "hash", "heap", "history",
                    "list", "slice"))


class Part:
    """Files below `prefix` may include `ours` (prefixes of project paths); `pure` parts only the
    plain C headers, and no floating point where `exact`."""

    def __init__(self, prefix, ours, pure=True, exact=True):
        self.prefix, self.ours, self.pure, self.exact = prefix, tuple(ours), pure, exact


# The first matching row decides.
PARTS = [
    Part("core/base/", ["core/base/"]),
    Part("core/", ["core/"]),
    # Codecs know bytes, not the engine; endpoints join the two.
    Part("proto/iscsi/pdu.", ["core/base/", "proto/iscsi/pdu."]),
    Part("proto/iscsi/fields.", ["core/base/", "faults/pdu.h", "proto/iscsi/pdu.",
                                 "proto/iscsi/fields."]),
    Part("proto/iscsi/text.", ["core/base/", "proto/iscsi/text."]),
    Part("proto/iscsi/keys.", ["core/base/", "proto/iscsi/text.", "proto/iscsi/keys."]),
    *(Part(f"proto/fc/{codec}.", ["core/base/", "proto/fc/image.h", f"proto/fc/{codec}."])
      for codec in ("frame", "els", "ct", "fcp", "image")),
    Part("proto/fcoe/fip.", ["core/base/", "proto/fcoe/fip."]),
    Part("proto/fcoe/fcoe.", ["core/base/", "proto/fc/frame.", "proto/fcoe/fcoe."]),
    # Fibre Channel knows no Ethernet, and neither knows iSCSI.
    Part("proto/fc/", [*CORE_PUBLIC, "faults/pdu.h", "proto/fc/"]),
    Part("proto/fcoe/", [*CORE_PUBLIC, "faults/pdu.h", "proto/fc/", "proto/fcoe/"]),
    Part("proto/", [*CORE_PUBLIC, "proto/"]),
    Part("faults/", ["core/base/", "faults/"]),
    Part("scenarios/lang/", ["core/base/", "faults/", "scenarios/lang/"]),
    Part("sim/shard/", [*CORE_PUBLIC, "proto/", "faults/", "sim/shard/"]),
    Part("sim/stage/", [*CORE_PUBLIC, "proto/", "faults/", "scenarios/lang/", "sim/shard/",
                        "sim/stage/"]),
    Part("sim/virtual/", [*CORE_PUBLIC, "proto/", "faults/", "scenarios/lang/", "sim/shard/",
                          "sim/stage/", "sim/virtual/"]),
    # A processor's own instructions: the same values as the portable code, sooner.
    Part("sim/machine/", ["proto/iscsi/crc32c.h", "sim/machine/"], pure=False, exact=False),
    Part("sim/live/", [*CORE_PUBLIC, "proto/", "faults/", "scenarios/lang/", "sim/shard/",
                       "sim/stage/", "sim/virtual/damage.h", "sim/virtual/tcp.h",
                       "sim/machine/", "sim/live/"], pure=False, exact=False),
    Part("conformance/wire/", [*FOR_JUDGES, "conformance/wire/"], exact=False),
    Part("conformance/judges/", [*FOR_JUDGES, "conformance/wire/", "conformance/judges/"],
         exact=False),
    Part("conformance/suites/", ["core/base/", "scenarios/lang/", "sim/", "proto/",
                                 "conformance/"], pure=False, exact=False),
    Part("tools/", [*CORE_PUBLIC, "proto/", "faults/", "scenarios/", "sim/", "conformance/",
                    "tools/"], pure=False, exact=False),
    Part("cmake/", ["CUnit/"], pure=False, exact=False),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*(.*?)\s*$')
QUOTED = re.compile(r'"([^"]+)"')
ANGLED = re.compile(r"<([^>]+)>")
FLOATING = re.compile(r"\b(double|float|_Complex|_Decimal\d+)\b")
FORBIDDEN_WORDS = re.compile(r"\b(__DATE__|__TIME__|__TIMESTAMP__|alloca|_Thread_local|__thread|"
                             r"_Atomic|volatile)\b")


def part_of(path):
    for part in PARTS:
        if path.startswith(part.prefix):
            return part
    return None


def check_include(path, part, target, is_test):
    quoted, angled = QUOTED.fullmatch(target), ANGLED.fullmatch(target)
    if quoted:
        name = quoted.group(1)
        if not name.startswith(part.ours + (("core/base/",) if is_test else ())):
            return f"includes \"{name}\"; {part.prefix} may include {', '.join(part.ours)}"
    elif angled:
        allowed = TEST_HEADERS if is_test else PURE_HEADERS
        if part.pure and angled.group(1) not in allowed:
            return f"includes <{angled.group(1)}>, which {part.prefix} must not"
    else:
        return f"includes by macro: {target}"
    return None


def check_file(root, path):
    part = part_of(path)
    if part is None:
        return [f"{path}:1: belongs to no part of the house"]
    complaints = []
    is_test = "/test/" in path
    text = house.read(root, path)
    for number, line in enumerate(house.bare_c(text, keep_strings=True).splitlines(), 1):
        include = INCLUDE.match(line)
        if include:
            complaint = check_include(path, part, include.group(1), is_test)
            if complaint:
                complaints.append(f"{path}:{number}: {complaint}")
    for number, line in enumerate(house.bare_c(text).splitlines(), 1):
        if part.exact and not is_test and FLOATING.search(line):
            complaints.append(f"{path}:{number}: floating point in {part.prefix}")
        word = FORBIDDEN_WORDS.search(line) if part.pure and not is_test else None
        if word:
            complaints.append(f"{path}:{number}: {word.group(1)} in {part.prefix}")
    return complaints


def check(root):
    complaints = []
    for path in house.files(root, ".c", ".h"):
        complaints += check_file(root, path.as_posix())
    for path in house.files(root, ".txt", ".cmake", ".json"):
        if "-fno-strict-aliasing" in re.sub(r"#.*", "", house.read(root, path)):
            complaints.append(f"{path}: uses -fno-strict-aliasing")
    return complaints


def self_check():
    good = {
        "core/base/a.h": '#include <stdint.h>\n/* a double in a comment */\n',
        "core/engine.h": '#include "core/base/a.h"\n',
        "core/inner.h": "",
        "core/x.c": '#include "core/inner.h"\n#include "core/engine.h"\nconst char *x = "float";\n',
        "core/test/test_x.c": '#include "core/inner.h"\n#include <CUnit/Basic.h>\n',
        "proto/iscsi/pdu.h": '#include "core/base/a.h"\n',
        "proto/iscsi/target.c": '#include "core/engine.h"\n#include "proto/iscsi/pdu.h"\n',
        "sim/live/loop.c": "#include <sys/epoll.h>\n#include <pthread.h>\n",
        "conformance/judges/order.c": '#include "core/base/history.h"\n',
        "tools/main.c": '#include <stdio.h>\n#include "sim/live/loop.h"\n',
    }

    def planted(name, path, line, *words):
        return (name, {path: line + "\n"}, [path, *words])

    violations = [
        planted("base includes the engine", "core/base/b.c", '#include "core/engine.h"', "may"),
        planted("core includes proto", "core/y.c", '#include "proto/iscsi/pdu.h"', "may include"),
        planted("core includes a socket", "core/y.c", "#include <sys/socket.h>", "sys/socket.h"),
        planted("core includes stdio", "core/y.c", "  #  include <stdio.h>", "stdio.h"),
        planted("core's test reads a clock", "core/test/test_y.c", "#include <time.h>", "time.h"),
        planted("a codec includes the engine", "proto/iscsi/pdu.c", '#include "core/engine.h"',
                "may include"),
        planted("an endpoint reaches into core", "proto/iscsi/y.c", '#include "core/inner.h"',
                "core/inner.h"),
        planted("the fabric knows Ethernet", "proto/fc/y.c", '#include "proto/fcoe/fcoe.h"',
                "may include"),
        planted("an endpoint includes a file header", "proto/iscsi/y.c", "#include <fcntl.h>",
                "fcntl.h"),
        planted("faults include the engine", "faults/y.c", '#include "core/engine.h"', "may"),
        planted("the virtual world includes the live one", "sim/virtual/y.c",
                '#include "sim/live/loop.h"', "may include"),
        planted("the virtual world reads a clock", "sim/virtual/y.c", "#include <time.h>",
                "time.h"),
        planted("the shard has threads", "sim/shard/y.c", "#include <pthread.h>", "pthread.h"),
        planted("sim includes a judge", "sim/virtual/y.c", '#include "conformance/judges/order.h"',
                "may include"),
        planted("a judge uses the engine's codec", "conformance/judges/y.c",
                '#include "proto/iscsi/pdu.h"', "may include"),
        planted("a judge uses the engine's byte loads", "conformance/wire/y.c",
                '#include "core/base/bytes.h"', "may include"),
        planted("a suite reaches into core", "conformance/suites/y.c", '#include "core/inner.h"',
                "may include"),
        planted("include by macro", "core/y.c", "#include HEADER", "macro"),
        planted("a double decides", "core/y.c", "static double odds;", "floating point"),
        planted("a float in the virtual world", "sim/virtual/y.c", "float latency;", "floating"),
        planted("thread-local state", "proto/iscsi/y.c", "static _Thread_local int n;",
                "_Thread_local"),
        planted("a file in no part", "scenarios/y.c", "int y;", "no part"),
        ("aliasing rules off", {"core/CMakeLists.txt": "add_compile_options(-fno-strict-aliasing)"},
         ["core/CMakeLists.txt", "aliasing"]),
    ]
    return house.self_test(check, good, violations)


if __name__ == "__main__":
    house.main("layering", check, self_check)
