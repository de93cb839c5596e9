"""The sequence in a record's headers, read before the record is verified: any client may have written it."""

from collections.abc import Iterable

# A real sequence is never longer. A forged one may be, and Python raises for thousands of digits.
_MAX_DIGITS = 18


def stated_sequence(headers: Iterable[tuple[str, bytes | None]]) -> int:
    """The first `ce_sequence`; 0 when there is none, or it is not a sequence."""
    sequence = next((value for name, value in headers if name == "ce_sequence"), b"") or b""
    return int(sequence) if sequence.isdigit() and len(sequence) <= _MAX_DIGITS else 0
