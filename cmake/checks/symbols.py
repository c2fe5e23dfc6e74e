#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the symbol tables of the pure parts' archives. Fails when an object refers to anything but
its own part, the parts below it and a handful of C library functions that compute; and when it
defines anything that can change at run time (a mutable global is hidden state, shared by shards
and carried from one simulated run into the next).

    symbols.py [--nm NM] [--instrumented] NAME=ARCHIVE ...
    symbols.py --self-test --cc CC
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

# What each archive may refer to, besides itself.
LAYERS = {
    "lq_base": [],
    "lq_core": ["lq_base"],
    "lq_iscsi": ["lq_base", "lq_core"],
    "lq_fc": ["lq_base", "lq_core"],
    "lq_fcoe": ["lq_base", "lq_core", "lq_fc"],
    "lq_faults": ["lq_base"],
    "lq_scenario": ["lq_base", "lq_faults"],
    "lq_shard": ["lq_base", "lq_core", "lq_fc", "lq_fcoe", "lq_iscsi", "lq_faults"],
    "lq_stage": ["lq_base", "lq_core", "lq_fc", "lq_fcoe", "lq_iscsi", "lq_faults", "lq_scenario",
                 "lq_shard"],
    "lq_virtual": ["lq_base", "lq_core", "lq_fc", "lq_fcoe", "lq_iscsi", "lq_faults", "lq_scenario",
                   "lq_shard", "lq_stage"],
    "lq_machine": [],
    "lq_wire": ["lq_base"],
    "lq_judges": ["lq_base", "lq_wire"],
}

ALLOWED = {"memcpy", "memset", "memmove", "memcmp", "memchr", "strchr", "strlen", "strcmp",
           "strncmp",
           # the program's hook for a failed LQ_ASSERT: core/base/assert.h
           "lq_assert_fail"}
# How lq_machine, and nobody else, asks what the processor has: GCC, Clang; Linux on ARM.
PROCESSOR = {"__cpu_model", "__cpu_indicator_init", "getauxval"}
# What compilers call by themselves: stack protection, position independence, 64-bit arithmetic on
# 32-bit machines, memcmp() that only asks for equality, sanitizers, coverage.
RUNTIME = re.compile(r"_GLOBAL_OFFSET_TABLE_|__stack_chk_fail(_local)?|"
                     r"bcmp|__u?(div|mod|divmod)[dt]i[34]|__(ashl|ashr|lshr|mul|cmp|ucmp)[dt]i[23]|"
                     r"__(clz|ctz|popcount|bswap)[sdt]i2|"
                     r"__(asan|ubsan|msan|tsan|sanitizer|sancov|lsan)_\w+|__gcov_\w+|__llvm_\w+|"
                     r"__(start|stop)___sancov_\w+|__x86\.get_pc_thunk\.\w+")
# Constant tables of pointers live in .data.rel.ro, which nm's letter does not tell from .data.
MUTABLE_SECTION = re.compile(r"\.(data|bss|tdata|tbss|sdata|sbss)(\.(?!rel\.ro).*)?|\*COM\*")


def table(nm, archive):
    """Yields (object, symbol, letter, section) for every line of nm's table."""
    output = subprocess.run([nm, "--format=sysv", archive], check=True, capture_output=True,
                            text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}).stdout
    member = "?"
    for line in output.splitlines():
        # GNU's "Symbols from libx.a[a.c.o]:" and LLVM's "Symbols from a.c.o:".
        heading = re.search(r"^Symbols from (?:.*\[)?(.*?)\]?:$", line)
        if heading:
            member = heading.group(1)
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == 7 and fields[0] != "Name":
            yield member, fields[0], fields[2], fields[6]


def check(nm, archives, instrumented=False):
    """archives: {name: path}. In an instrumented build (sanitizers, coverage) each object has
    counters and the like, so mutable data proves nothing there. Returns complaints."""
    complaints, defined, undefined = [], {}, []
    for name, path in archives.items():
        if not pathlib.Path(path).exists():
            complaints.append(f"{name}: {path} is not built")
            continue
        rows = list(table(nm, path))
        if name not in LAYERS:
            complaints.append(f"{name}: not a part that this check knows; give it a row in LAYERS")
            continue
        if not any(letter in "TtRr" for _, _, letter, _ in rows):
            complaints.append(f"{name}: {path} defines nothing; the check would prove nothing")
        defined[name] = {symbol for _, symbol, letter, _ in rows if letter not in ("U", "w")}
        for member, symbol, letter, section in rows:
            if letter in ("U", "w"):
                undefined.append((name, member, symbol))
            elif MUTABLE_SECTION.fullmatch(section) and not instrumented:
                complaints.append(f"{name}({member}): {symbol} can change at run time ({section})")
    for name, member, symbol in undefined:
        if symbol in ALLOWED or RUNTIME.fullmatch(symbol):
            continue
        if name == "lq_machine" and symbol in PROCESSOR:
            continue
        if any(symbol in defined.get(layer, ()) for layer in [name, *LAYERS[name]]):
            continue
        owners = [owner for owner, symbols in defined.items() if symbol in symbols]
        complaints.append(f"{name}({member}): refers to {symbol}"
                          + (f" of {owners[0]}" if owners else "")
                          + f"; it may use {' '.join([name, *LAYERS[name], *sorted(ALLOWED)])}")
    return complaints


def build(cc, directory, name, source):
    file = pathlib.Path(directory) / f"{name}.c"
    file.write_text(source, encoding="utf-8")
    subprocess.run([*cc, "-w", "-O1", "-c", file.name, "-o", f"{name}.o"], cwd=directory, check=True)
    archive = pathlib.Path(directory) / f"lib{name}.a"
    archive.unlink(missing_ok=True)
    subprocess.run(["ar", "rcs", archive.name, f"{name}.o"], cwd=directory, check=True)
    return str(archive)


GOOD = {
    "lq_base": """#include <string.h>
        _Noreturn void lq_assert_fail(const char *c, const char *f, int l);
        const char *const lq_names[] = {"a", "b"};
        unsigned long lq_base(const char *a, char *b, unsigned long n)
        { if (n > 9) lq_assert_fail("n", "f", 1); memcpy(b, a, n); return strlen(a); }""",
    "lq_core": """unsigned long lq_base(const char *, char *, unsigned long);
        static const struct { const char *name; unsigned long (*run)(const char *, char *,
        unsigned long); } table[] = {{"x", lq_base}};
        unsigned long lq_core(char *b, unsigned i) { return table[i].run("x", b, 2); }""",
    "lq_iscsi": "unsigned long lq_core(char *, unsigned);\n"
                "unsigned long lq_pdu(char *b) { return lq_core(b, 0); }",
    "lq_judges": "unsigned long lq_judge(unsigned long a) { return a + 1; }",
}

VIOLATIONS = [
    ("core reads a clock", "lq_core", "#include <time.h>\nlong lq_x(void) { return time(0); }",
     ["lq_core", "time"]),
    ("core allocates", "lq_core", "#include <stdlib.h>\nvoid *lq_x(void) { return malloc(3); }",
     ["lq_core", "malloc"]),
    ("iscsi opens a socket", "lq_iscsi",
     "#include <sys/socket.h>\nint lq_x(void) { return socket(1, 1, 0); }", ["socket"]),
    ("the virtual world asks what the processor has", "lq_virtual",
     "extern unsigned long getauxval(unsigned long); unsigned long lq_x(void)"
     "{ return getauxval(16); }", ["lq_virtual", "getauxval"]),
    ("the virtual world prints", "lq_virtual",
     '#include <stdio.h>\nvoid lq_x(int n) { printf("%d", n); }', ["lq_virtual", "printf"]),
    ("core calls proto behind its headers' back", "lq_core",
     "unsigned long lq_pdu(char *);\nunsigned long lq_x(char *b) { return lq_pdu(b); }",
     ["lq_core", "lq_pdu of lq_iscsi"]),
    ("a judge calls the engine", "lq_judges",
     "unsigned long lq_core(char *, unsigned);\n"
     "unsigned long lq_x(char *b) { return lq_core(b, 0); }", ["lq_judges", "lq_core"]),
    ("a mutable global", "lq_core", "int lq_counter;\nint lq_x(void) { return lq_counter++; }",
     ["lq_counter", "run time"]),
    ("a mutable static", "lq_iscsi", "int lq_x(void) { static int calls = 7; return calls++; }",
     ["calls", "run time"]),
    ("a table that is not const", "lq_core",
     'static const char *names[] = {"a"};\nconst char **lq_x(void) { return names; }',
     ["names", "run time"]),
    ("thread-local state", "lq_base",
     "_Thread_local int lq_mine;\nint lq_x(void) { return lq_mine++; }", ["lq_mine"]),
    ("an empty part", "lq_faults", "typedef int lq_nothing;", ["defines nothing"]),
    ("an unknown part", "lq_other", "int lq_x(void) { return 1; }", ["not a part"]),
]


def self_test(nm, cc):
    failures = 0
    with tempfile.TemporaryDirectory() as directory:
        good = {name: build(cc, directory, name, source) for name, source in GOOD.items()}
        complaints = check(nm, good)
        print("\n".join(["WRONG: nothing planted", *complaints]) if complaints
              else "ok: nothing planted")
        failures += bool(complaints)
        for name, part, source, words in VIOLATIONS:
            with tempfile.TemporaryDirectory() as planted:
                complaints = check(nm, {**good, part: build(cc, planted, part, source)})
            caught = any(all(word in complaint for word in words) for complaint in complaints)
            print("\n    ".join([f"{'caught' if caught else 'WRONG'}: {name}", *complaints]))
            failures += not caught
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(prog="symbols")
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--instrumented", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("archives", nargs="*", metavar="NAME=ARCHIVE")
    arguments = parser.parse_args()
    if arguments.self_test:
        sys.exit(self_test(arguments.nm, arguments.cc.split()))
    if not arguments.archives:
        parser.error("no archives: nothing would be checked")
    archives = dict(pair.split("=", 1) for pair in arguments.archives)
    complaints = check(arguments.nm, archives, arguments.instrumented)
    for complaint in complaints:
        print(complaint)
    print(f"symbols: {len(complaints)} complaints about {' '.join(archives)}")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
