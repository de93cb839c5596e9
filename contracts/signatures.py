"""Signatures of record batches: they show that who has written a batch, at this place, has the key.

A signature is the last header of a batch's first record, `ce_signature`: the id of the key, a colon, and 32 hexadecimal
digits. Those are BLAKE2b with that key and a digest of 128 bits (RFC 7693, personalized as "record batch") over the
topic, the partition and all records of the batch as Kafka stores them without compression, except these digits.

One signature for all records costs a fraction of one for each. A broker keeps batches as they were sent, and a consumer
is given them whole. Whatever makes other batches of the same records (compaction, a mirror) leaves them unsigned.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, NamedTuple, Protocol

HEADER = "ce_signature"
KEY_BYTES = 32
SIGNATURE_BYTES = 16
DIGITS = 2 * SIGNATURE_BYTES
_PERSON = b"record batch"

Buffer = bytes | bytearray | memoryview


class SigningKey(NamedTuple):
    """A key: `id` is public and has no colon, `secret` has KEY_BYTES bytes."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"SigningKey({self.id!r})"


class Signatures:
    """Signs with the first of the keys, and recognizes signatures of any of them."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self._secrets = {key.id.encode(): key.secret for key in keys}
        self._first = keys[0].id.encode() if keys else None
        self._begun = lru_cache(maxsize=1024)(self._begin)
        self.saw_unknown_key = False
        """Whether a batch named a key that is not among these: one may have been added since."""

    @property
    def key_id(self) -> bytes:
        """The id of the key to sign with. Raises LookupError without a key."""
        if self._first is None:
            raise LookupError("there is no key to sign with")
        return self._first

    def digits(self, key_id: bytes, topic: str, partition: int, parts: Iterable[Buffer]) -> bytes:
        """The digits for the records whose bytes are `parts`, one after the other. Raises KeyError: no such key."""
        signing = self._begun(key_id, topic, partition).copy()
        for part in parts:
            signing.update(part)
        digits: bytes = signing.hexdigest().encode()
        return digits

    def is_signature(self, header_value: bytes, topic: str, partition: int, parts: Iterable[Buffer]) -> bool:
        """Whether a header's value is the signature of the records, by one of the keys."""
        key_id, _, given = header_value.partition(b":")
        if key_id not in self._secrets:
            self.saw_unknown_key = True
            return False
        return compare_digest(given, self.digits(key_id, topic, partition, parts))

    def _begin(self, key_id: bytes, topic: str, partition: int) -> Any:
        secret = self._secrets[key_id]
        return blake2b(f"{topic}\0{partition}\0".encode(), key=secret, digest_size=SIGNATURE_BYTES, person=_PERSON)


class SignatureSource(Protocol):
    """Where the keys come from. They may change while a process runs."""

    async def current(self) -> Signatures:
        """The signatures by the keys of now."""
        ...


class FixedSignatures:
    """`SignatureSource` with keys that never change."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self._signatures = Signatures(keys)

    async def current(self) -> Signatures:
        return self._signatures
