"""Which mutants change no behaviour, by rules that need no judgement. They are counted apart: see tests/README.md."""

import re
from typing import get_args

from workers.domain.orders.fulfilment.state import Part

# A text of one line, with what stands before its quotation marks: with an f there is code in it.
TEXT = re.compile(r"""([A-Za-z]*)("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')""")
# Texts with a space in them that code compares: they are no wording.
VALUES = frozenset(get_args(Part))
CODEC = re.compile(r"""["'](utf-8|unicode_escape|ascii)["']""", re.IGNORECASE)
CAST = re.compile(r"\bcast\(\s*(?:[^(),]|\[[^\]]*\])+,")
IMPOSSIBLE = re.compile(r"^case _:\s*assert_never\(\w+\)$")


def reason(diff: str) -> str | None:
    """Why the mutant that this diff makes is harmless; None: it is for a test to notice."""
    before, after = _lines(diff, "-"), _lines(diff, "+")
    if _texts_apart(before) == _texts_apart(after):
        changed = [old for old, new in zip(_texts(before), _texts(after), strict=True) if old != new]
        if all(CODEC.fullmatch(old) for old in changed) and before.lower() == after.lower():
            return "the name of an encoding in another case"
        if all(" " in old.strip("\"' ") and old[1:-1] not in VALUES for old in changed):
            return "the wording of a sentence for people"
    if CAST.sub("cast(", before) == re.sub(r"\bcast\(None,", "cast(", after):
        return "a type that only the type checker reads"
    if (not after and IMPOSSIBLE.match(" ".join(before.split()))) or after == "assert_never(None)":
        return "a case that the type checker has shown to be impossible"
    return None


def _lines(diff: str, sign: str) -> str:
    lines = [line for line in diff.splitlines() if line.startswith(sign) and not line.startswith(sign * 3)]
    return "\n".join(line[1:].strip() for line in lines)


def _texts(code: str) -> list[str]:
    return [match[2] for match in TEXT.finditer(code) if "f" not in match[1]]


def _texts_apart(code: str) -> str:
    return TEXT.sub(lambda match: match[0] if "f" in match[1] else '""', code)
