"""Whether two pieces of JSON say the same, however they are written: as a database keeps them, or as they were sent."""

from typing import Any

import orjson


def same_json(one: bytes, other: bytes) -> bool:
    """Whether both are JSON and equal as values; bytes that are not JSON equal nothing."""
    try:
        return same_value(orjson.loads(one), orjson.loads(other))
    except orjson.JSONDecodeError:
        return False


def same_value(one: Any, other: Any) -> bool:
    """Whether both are equal as JSON compares: 1 is 1.0, but not true. They may be nested to any depth."""
    pairs = [(one, other)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
            pairs += [(value, other[name]) for name, value in one.items()]
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            pairs += zip(one, other, strict=True)
        elif isinstance(one, bool) is not isinstance(other, bool) or one != other:
            return False
    return True
