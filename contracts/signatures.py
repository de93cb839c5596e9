"""Signatures of records: they show that who has written a record, at this place, has the key.

A signature is the last header of a record, `ce_signature`: the id of the key, a colon and, in base64, HMAC-SHA-256
(RFC 2104) truncated to its first 128 bits, over the topic, the partition, the number, names and values of the headers,
the key and the value. A NUL is between any two of them. Nothing that Annals writes has a NUL in it, so with the number
of the parts each text has one meaning only.
"""

import hmac
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Sequence
from functools import lru_cache
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
        self._prefix = f"{keys[0].id}:".encode() if keys else b""
        # Each is copied for every record, which is cheaper than to begin with the key.
        self._begun: dict[bytes, Any] = {key.id.encode(): hmac.new(key.secret, digestmod="sha256") for key in keys}
        self._first = next(iter(self._begun.values()), None)
        self.saw_unknown_key = False
        """Whether a record named a key that is not among these: one may have been added since."""

    def header(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> tuple[str, bytes]:
        """The header to add at the end. Raises LookupError without a key."""
        if self._first is None:
            raise LookupError("there is no key to sign with")
        signature = _signature(self._first, topic, partition, key, value, headers)
        return HEADER, self._prefix + b2a_base64(signature, newline=False)

    def is_signed(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers) -> bool:
        """Whether the last header is the signature of all the rest, by one of the keys."""
        if not headers or headers[-1][0] != HEADER:
            return False
        key_id, _, encoded = (headers[-1][1] or b"").partition(b":")
        begun = self._begun.get(key_id)
        if begun is None:
            self.saw_unknown_key = True
            return False
        try:
            given = a2b_base64(encoded)
        except Error:
            return False
        return hmac.compare_digest(given, _signature(begun, topic, partition, key, value, headers[:-1]))


def _signature(
    begun: Any, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
) -> bytes:
    names, values = zip(*headers, strict=True) if headers else ((), ())
    signing = begun.copy()
    signing.update(b"\0".join((_place(topic, partition, names), key or b"", value or b"", *[v or b"" for v in values])))
    digest: bytes = signing.digest()
    return digest[:_SIGNATURE_BYTES]


@lru_cache(maxsize=1024)  # almost all records of a partition have the same names
def _place(topic: str, partition: int, names: tuple[str, ...]) -> bytes:
    place = f"{topic}\0{partition}\0{len(names)}\0" + "\0".join(names)
    return place.encode(errors="surrogateescape")


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
