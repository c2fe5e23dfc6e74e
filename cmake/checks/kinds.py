#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A judge hears only of the kinds of events in its list: they are those that its function for
events names, no fewer (it would be deaf) and no more.

Judges without a list hear of all events."""
import re

import house

LIST = re.compile(r"static const uint16_t kinds\[\] = \{([^}]*)\}")
HANDLER = re.compile(r"\.event = (\w+)")
KIND = re.compile(r"\bLQ_[WIES]_\w+")


def body_of(text, name):
    begin = re.search(rf"^static void {name}\(", text, re.MULTILINE)
    return text[begin.start():text.index("\n}\n", begin.start())] if begin else ""


def check(root):
    complaints = []
    for path in house.files(root, ".c"):
        if path.parts[:2] != ("conformance", "judges") or "test" in path.parts:
            continue
        text = house.bare_c(house.read(root, path))
        listed, handler = LIST.search(text), HANDLER.search(text)
        if listed is None or handler is None:
            continue
        line = text[:listed.start()].count("\n") + 1
        body = body_of(text, handler.group(1))
        named, heard = set(KIND.findall(body)), set(KIND.findall(listed.group(1)))
        if "lq_target_ends(" in body: # looks at LQ_W_POWER
            named.add("LQ_W_POWER")
        for kind in sorted(named - heard):
            complaints.append(f"{path}:{line}: {handler.group(1)}() wants {kind}, "
                              "which its list of kinds does not have")
        for kind in sorted(heard - named):
            complaints.append(f"{path}:{line}: {kind} is listed, "
                              f"and {handler.group(1)}() does nothing with it")
    return complaints


def self_check():
    def judge(listed, body):
        return ("static void a_event(struct lq_judge *judge, const struct lq_event *event)\n{\n"
                f"    {body}\n}}\n\n"
                f"static const uint16_t kinds[] = {{{listed}, LQ_EVENT_NONE}};\n"
                "const struct lq_judge_part lq_a_part = {\n    .event = a_event,\n"
                "    .kinds = kinds,\n};\n")
    good = {
        "conformance/judges/a.c": judge("LQ_I_STATUS, LQ_W_POWER",
                                        "if (lq_target_ends(event) || event->kind == LQ_I_STATUS)"),
        "conformance/judges/all.c": "    .event = a_event,\n",
    }
    violations = [
        ("a kind not listed",
         {"conformance/judges/b.c": judge("LQ_I_STATUS", "case LQ_I_STATUS: case LQ_E_AFFECTED:")},
         ["b.c:6", "LQ_E_AFFECTED", "does not have"]),
        ("the target's end not listed",
         {"conformance/judges/b.c": judge("LQ_I_STATUS", "LQ_I_STATUS; lq_target_ends(event)")},
         ["b.c:6", "LQ_W_POWER"]),
        ("a kind for nothing",
         {"conformance/judges/b.c": judge("LQ_I_STATUS, LQ_W_LUN", "case LQ_I_STATUS:")},
         ["b.c:6", "LQ_W_LUN", "nothing"]),
    ]
    return house.self_test(check, good, violations)


if __name__ == "__main__":
    house.main("kinds", check, self_check)
