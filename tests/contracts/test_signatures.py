"""A signature is that of one record at one place: whatever else is presented with it is not signed."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.signatures import HEADER, KEY_BYTES, Signatures, SigningKey

OLD, NEW = SigningKey("old", b"o" * KEY_BYTES), SigningKey("new", b"n" * KEY_BYTES)
HEADERS = (("ce_id", b"1"), ("ce_type", b"users.UserCreated.v1"))

headers = st.lists(st.tuples(st.text(max_size=3), st.binary(max_size=3)), max_size=4)
keys_and_values = st.none() | st.binary(max_size=4)


@dataclass
class Record:
    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]

    def is_signed_by(self, signatures: Signatures, signature: tuple[str, bytes]) -> bool:
        return signatures.is_signed(self.topic, self.partition, self.key, self.value, [*self.headers, signature])

    def signature_by(self, signatures: Signatures) -> tuple[str, bytes]:
        return signatures.header(self.topic, self.partition, self.key, self.value, self.headers)

    def means(self) -> tuple[Any, ...]:
        """Without the difference between nothing and an empty key or value, which no reader of ours makes."""
        return self.topic, self.partition, self.key or b"", self.value or b"", self.headers

    def has_nul(self) -> bool:
        texts = [self.topic, *(name for name, _ in self.headers)]
        values = [self.key or b"", self.value or b"", *(value for _, value in self.headers)]
        return any("\0" in text for text in texts) or any(b"\0" in value for value in values)


records = st.builds(
    Record, st.text(alphabet="ab/.", max_size=3), st.integers(0, 12), keys_and_values, keys_and_values, headers
)


@given(records)
def test_of_a_record_is_recognized(record: Record) -> None:
    signatures = Signatures([NEW])
    assert record.is_signed_by(signatures, record.signature_by(signatures))


@given(records, records)
def test_of_a_record_is_none_of_another(record: Record, other: Record) -> None:
    assume(not record.has_nul() and record.means() != other.means())
    signatures = Signatures([NEW])
    assert not other.is_signed_by(signatures, record.signature_by(signatures))


def test_of_an_older_key_is_recognized_and_new_ones_are_made_with_the_first() -> None:
    before, after, elsewhere = Signatures([OLD]), Signatures([NEW, OLD]), Signatures([SigningKey("new", OLD.secret)])
    place = ("users.events", 0, b"ada", b"{}")
    assert after.is_signed(*place, [*HEADERS, before.header(*place, HEADERS)])
    assert not before.is_signed(*place, [*HEADERS, after.header(*place, HEADERS)])
    assert before.saw_unknown_key
    assert not elsewhere.is_signed(*place, [*HEADERS, after.header(*place, HEADERS)])
    assert not elsewhere.saw_unknown_key


@pytest.mark.parametrize(
    "value", [b"", b":", b"new", b"new:", b"new:!", b"new:AAAA", b"new:" + b"a" * 32, b"new:\xff", b"\xff:AA"]
)
def test_that_is_none_is_refused(value: bytes) -> None:
    assert not Signatures([NEW]).is_signed("t", 0, b"ada", b"{}", [*HEADERS, (HEADER, value)])


def test_counts_as_the_last_header_only() -> None:
    signatures = Signatures([NEW])
    signature = signatures.header("t", 0, b"ada", b"{}", HEADERS)
    assert not signatures.is_signed("t", 0, b"ada", b"{}", [*HEADERS, signature, ("ce_sequence", b"9")])
    assert not signatures.is_signed("t", 0, b"ada", b"{}", [])


def test_without_a_key_cannot_be_made() -> None:
    with pytest.raises(LookupError, match="no key"):
        Signatures([]).header("t", 0, b"ada", b"{}", HEADERS)


def test_the_secret_is_not_shown() -> None:
    assert repr(NEW) == "SigningKey('new')"
