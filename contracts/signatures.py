"""Signatures of record batches: they show that who has written a batch, at this place, has the key.

A signature is the last header of a batch's first record, `ce_signature`: the id of the key, a colon, and 64 hexadecimal
digits. Those are HMAC-SHA-256 (RFC 2104) with that key over the topic, a NUL, the partition, a NUL and all records of
the batch as Kafka stores them without compression, except these digits.

One signature for all records costs a fraction of one for each. A broker keeps batches as they were sent, and a consumer
is given them whole. Whatever makes other batches of the same records (compaction, a mirror) leaves them unsigned.
"""

import hmac
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

HEADER = "ce_signature"
KEY_BYTES = 32
DIGITS = 64

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
        return signing.hexdigest().encode()

    def is_signature(self, header_value: bytes, topic: str, partition: int, parts: Iterable[Buffer]) -> bool:
        """Whether a header's value is the signature of the records, by one of the keys."""
        key_id, _, given = header_value.partition(b":")
        if key_id not in self._secrets:
            self.saw_unknown_key = True
            return False
        return hmac.compare_digest(given, self.digits(key_id, topic, partition, parts))

    def _begin(self, key_id: bytes, topic: str, partition: int) -> hmac.HMAC:
        return hmac.new(self._secrets[key_id], f"{topic}\0{partition}\0".encode(), "sha256")


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
