"""What Postgres does to the values that it stores: it refuses those that it cannot represent, and rewrites jsonb.

jsonb keeps neither the order of fields nor spaces, so code must not depend on them. Here they are not kept either.
"""

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from workers.ports.event_store import Unstorable

MAX_INTEGER = 2**31 - 1
MAX_BIGINT = 2**63 - 1
# What a number of jsonb may have before and behind its point.
MAX_DIGITS = 131_072
MAX_SCALE = 16_383

# NUL, the two separators of lists, and halves of surrogate pairs.
_REFUSED = re.compile("[\x00\x1e\x1f\ud800-\udfff]")
_IDENTIFIER = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class ConstraintBroken(Exception):
    """A row breaks a constraint of the table, which is a bug of the writer. Nothing was written."""

    def __init__(self, constraint: str, key: object) -> None:
        super().__init__(f"{constraint} has {key} already")
        self.constraint = constraint
        self.key = key


def check_texts(rows: Iterable[Iterable[Any]]) -> None:
    """Raises Unstorable when the database would refuse a text of a row."""
    for row in rows:
        for value in row:
            if type(value) is str and _REFUSED.search(value):
                raise Unstorable("a text holds a character that can't be stored")


def check_lists(rows: Iterable[Iterable[Any]]) -> None:
    """As `check_texts`, for rows that are passed as lists: a list of one empty text looks like an empty list."""
    rows = list(rows)
    check_texts(rows)
    if len(rows) == 1 and "" in rows[0]:
        raise Unstorable("a text is empty")


def check_number(value: int, most: int) -> None:
    """Raises Unstorable for a number that is too large for its column."""
    if not -most - 1 <= value <= most:
        raise Unstorable(f"{value} is out of range")


def identifier(text: str) -> str:
    """A UUID as the database writes it. Raises Unstorable."""
    if _IDENTIFIER.fullmatch(text):
        return text
    try:
        return str(UUID(text))
    except ValueError as error:
        raise Unstorable("an id is no UUID") from error


def as_jsonb(data: bytes) -> bytes:
    """JSON as a jsonb column gives it back. Raises Unstorable."""
    try:
        value = json.loads(data, parse_float=Decimal, parse_constant=_no_constant)
        return _written(value).encode()
    except (ValueError, UnicodeEncodeError) as error:
        raise Unstorable("jsonb cannot hold this JSON") from error


def check_json(data: bytes) -> None:
    """Raises Unstorable for what is no JSON. A json column keeps its text as it is."""
    try:
        json.loads(data, parse_float=Decimal, parse_constant=_no_constant)
    except ValueError as error:
        raise Unstorable("no JSON") from error


def _no_constant(name: str) -> Any:
    raise Unstorable(f"{name} is no JSON")


def _written(value: Any) -> str:
    match value:
        case str():
            if _REFUSED.search(value) and re.search("[\x00\ud800-\udfff]", value):
                raise Unstorable("a text holds a character that can't be stored")
            return json.dumps(value, ensure_ascii=False)
        case dict():
            # jsonb orders fields by the length of their names, then by their bytes.
            names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
            return "{" + ", ".join(f"{_written(name)}: {_written(value[name])}" for name in names) + "}"
        case list():
            return "[" + ", ".join(map(_written, value)) + "]"
        case Decimal():
            if value.adjusted() >= MAX_DIGITS or -int(value.as_tuple().exponent) > MAX_SCALE:
                raise Unstorable("a number is out of range")
            return format(value, "f")
        case _:
            return json.dumps(value)
