"""`stated_sequence`: what a record says, whichever producer wrote it, is a number, or none."""

import pytest

from contracts.stated_sequence import stated_sequence


@pytest.mark.parametrize(
    "header_value", [None, b"", b"-1", b"+1", b" 1", b"1.0", "١".encode(), b"\xff", b"x", b"9" * 19, b"9" * 5000]
)
def test_is_none_when_it_is_no_sequence_of_ours(header_value: bytes | None) -> None:
    assert stated_sequence([("ce_sequence", header_value)]) == 0


def test_is_that_of_an_event_and_none_where_none_is_said() -> None:
    assert stated_sequence([("ce_id", b"7"), ("ce_sequence", b"42"), ("ce_sequence", b"43")]) == 42
    assert stated_sequence([("ce_sequence", b"9" * 18)]) == 10**18 - 1
    assert stated_sequence([("ce_id", b"7")]) == 0
