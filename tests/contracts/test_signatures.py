"""A signature is that of the records of one batch at one place, by one key."""

from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.signatures import DIGITS, KEY_BYTES, Signatures, SigningKey

OLD, NEW = SigningKey("old", b"o" * KEY_BYTES), SigningKey("new", b"n" * KEY_BYTES)
RECORDS = b"the records of a batch"


class Signed(NamedTuple):
    topic: str
    partition: int
    parts: tuple[bytes, ...]

    def means(self) -> tuple[str, int, bytes]:
        return self.topic, self.partition, b"".join(self.parts)


signed = st.builds(
    Signed, st.text(alphabet="ab/.", max_size=3), st.integers(0, 12), st.tuples(st.binary(), st.binary(max_size=4))
)


def signature(signatures: Signatures, of: Signed) -> bytes:
    return b"%b:%b" % (signatures.key_id, signatures.digits(signatures.key_id, *of))


@given(signed)
def test_of_records_is_recognized(what: Signed) -> None:
    signatures = Signatures([NEW])
    assert signatures.is_signature(signature(signatures, what), *what)


@given(signed, signed)
def test_of_records_is_none_of_others_or_elsewhere(what: Signed, other: Signed) -> None:
    assume(what.means() != other.means())
    signatures = Signatures([NEW])
    assert not signatures.is_signature(signature(signatures, what), *other)


def test_of_an_older_key_is_recognized_and_new_ones_are_made_with_the_first() -> None:
    before, after, elsewhere = Signatures([OLD]), Signatures([NEW, OLD]), Signatures([SigningKey("new", OLD.secret)])
    what = Signed("users.events", 0, (RECORDS,))
    assert after.is_signature(signature(before, what), *what)
    assert not before.is_signature(signature(after, what), *what)
    assert before.saw_unknown_key
    assert not elsewhere.is_signature(signature(after, what), *what)
    assert not elsewhere.saw_unknown_key


@pytest.mark.parametrize(
    "value",
    [b"", b":", b"new", b"new:", b"new:!", b"new:AAAA", b"new:" + b"a" * DIGITS, b"new:\xff", b"\xff:AA"],
)
def test_that_is_none_is_refused(value: bytes) -> None:
    assert not Signatures([NEW]).is_signature(value, "t", 0, [RECORDS])


def test_without_a_key_cannot_be_made() -> None:
    with pytest.raises(LookupError, match="no key"):
        _ = Signatures([]).key_id


def test_the_secret_is_not_shown() -> None:
    assert repr(NEW) == "SigningKey('new')"
