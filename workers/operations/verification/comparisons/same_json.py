"""Whether two pieces of JSON say the same, however they are written: as a database keeps them, or as they were sent."""

from typing import Any

import orjson


def same_json(left: bytes, right: bytes) -> bool:
    """Whether both are JSON and equal as values; bytes that are not JSON equal nothing."""
    try:
        return same_value(orjson.loads(left), orjson.loads(right))
    except orjson.JSONDecodeError:
        return False


def same_value(left: Any, right: Any) -> bool:
    """Whether both are equal as JSON compares: 1 is 1.0, but not true. They may be nested to any depth."""
    pairs = [(left, right)]
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
            pairs += [(value, right[name]) for name, value in left.items()]
        elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
            pairs += zip(left, right, strict=True)
        elif isinstance(left, bool) is not isinstance(right, bool) or left != right:
            return False
    return True
