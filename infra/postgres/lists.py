"""Lists as Postgres is given them: one text, its elements separated by U+001F, None written as U+001E.

Read by `annals.listed` (migrations/0002). asyncpg looks at each element of an array several times; this is a join.
"""

from collections.abc import Sequence
from typing import Any

from workers.ports.event_store import Unstorable

SEPARATOR = "\x1f"
NONE = "\x1e"


def listed(values: Sequence[str]) -> str:
    """Texts as one list. Raises Unstorable for what it cannot say: a separator in a text, one empty text alone."""
    joined = SEPARATOR.join(values)
    if values and (joined.count(SEPARATOR) >= len(values) or NONE in joined or not joined):
        raise Unstorable("a text is empty or holds the control characters U+001E or U+001F")
    return joined


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[str]:
    """Rows turned into as many columns as they are wide, each a list. Raises Unstorable."""
    if not rows:
        return [""] * width
    return [_column(column) for column in zip(*rows, strict=True)]


def _column(values: Sequence[Any]) -> str:
    try:
        return listed(values)
    except TypeError:  # not all of them are texts
        listed(["-", *(value for value in values if type(value) is str)])
        return SEPARATOR.join([NONE if value is None else str(value) for value in values])
