"""The sequence that a record says it has, before anything else of it is believed: it may be anybody's."""

from collections.abc import Iterable

# No sequence of ours is longer; a forged one may be, and Python refuses to read thousands of digits.
_MAX_DIGITS = 18


def stated_sequence(headers: Iterable[tuple[str, bytes | None]]) -> int:
    """0 when it says none."""
    said = next((value for name, value in headers if name == "ce_sequence"), b"") or b""
    return int(said) if said.isdigit() and len(said) <= _MAX_DIGITS else 0
