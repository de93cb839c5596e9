"""Lists as Postgres is given them: one text, its elements separated by U+001F, None written as U+001E.

`annals.listed` (functions/listed.sql) reads them. asyncpg looks at each element of an array several times; a join
is much faster.
"""

from collections.abc import Sequence
from typing import Any

from workers.ports.event_store import Unstorable

SEPARATOR = "\x1f"
NONE = "\x1e"


def listed(values: Sequence[str]) -> str:
    """Texts as one list. Raises Unstorable for what a list cannot hold: a separator in a text, one empty text alone."""
    joined = SEPARATOR.join(values)
    if values and (joined.count(SEPARATOR) >= len(values) or NONE in joined or not joined):
        raise Unstorable("a text is empty or holds the control characters U+001E or U+001F")
    return joined


def listed_values(values: Sequence[Any]) -> str:
    """Values of one column as one list: texts, UTF-8 bytes, numbers, truth values, None. Raises Unstorable."""
    try:
        return listed(values)
    except TypeError:  # not all of them are texts
        kinds = set(map(type, values))
        if kinds == {int}:
            return SEPARATOR.join(map(str, values))
        if kinds == {bytes}:
            return listed([value.decode() for value in values])
        texts = [value.decode() if type(value) is bytes else value for value in values]
        listed(["-", *(text for text in texts if type(text) is str)])
        return SEPARATOR.join([NONE if text is None else str(text) for text in texts])


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[str]:
    """Rows turned into as many columns as they are wide, each a list. Raises Unstorable."""
    if not rows:
        return [""] * width
    return [listed_values(column) for column in zip(*rows, strict=True)]
