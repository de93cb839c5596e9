"""Signatures of records: they show that who has written a record, at this place, has the key.

A signature is the last header of a record, `ce_signature`: the id of the key, a colon and, in hexadecimal, BLAKE2b with
that key and a digest of 128 bits (RFC 7693), over the topic, the partition, the number and the names of the headers,
the key, the value and the values of the headers. A NUL is between any two of them. Nothing that Annals writes has a NUL
in it, so with the number of the parts each text has one meaning only.

Each event is signed once, and checked by each that reads it. So nothing is done twice here, or for nothing.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, NamedTuple, Protocol

HEADER = "ce_signature"
KEY_BYTES = 32
_SIGNATURE_BYTES = 16

Headers = Sequence[tuple[str, bytes]]


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
        # Almost all records of a partition have the same names, and a copy is cheaper than to begin anew.
        self._begun = lru_cache(maxsize=1024)(self._begin)
        self.saw_unknown_key = False
        """Whether a record named a key that is not among these: one may have been added since."""

    def header(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> tuple[str, bytes]:
        """The header to add at the end. Raises LookupError without a key."""
        if self._first is None:
            raise LookupError("there is no key to sign with")
        return HEADER, b"%b:%b" % (self._first, self._signature(self._first, topic, partition, key, value, headers))

    def is_signed(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers) -> bool:
        """Whether the last header is the signature of all the rest, by one of the keys."""
        if not headers or headers[-1][0] != HEADER:
            return False
        key_id, _, given = (headers[-1][1] or b"").partition(b":")
        if key_id not in self._secrets:
            self.saw_unknown_key = True
            return False
        return compare_digest(given, self._signature(key_id, topic, partition, key, value, headers[:-1]))

    def _signature(
        self, key_id: bytes, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> bytes:
        names, values = zip(*headers, strict=True) if headers else ((), ())
        signing = self._begun(key_id, topic, partition, names).copy()
        try:
            signing.update(b"\0".join((key or b"", value or b"", *values)))
        except TypeError:  # a header without a value, which Annals never writes
            signing.update(b"\0".join((key or b"", value or b"", *[value or b"" for value in values])))
        signature: bytes = signing.hexdigest().encode()
        return signature

    def _begin(self, key_id: bytes, topic: str, partition: int, names: tuple[str, ...]) -> Any:
        place = "\0".join((topic, str(partition), str(len(names)), *names, ""))
        text = place.encode(errors="surrogateescape")
        return blake2b(text, key=self._secrets[key_id], digest_size=_SIGNATURE_BYTES)


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
