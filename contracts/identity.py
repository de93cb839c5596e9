"""The identity of a command's sender, on Kafka: a header that says who, with a proof.

`ce_identity` is `<key id> <until> <digits> <name> <scope> …`, with a space between any two. `until` is in seconds since
1970; the digits are HMAC-SHA-256 (RFC 2104) in hexadecimal with that key, over the texts of the time, the name and the
scopes, over every other header of the envelope that a reader takes notice of, and over the key and the value. A NUL is
between any two of them, and none of them has one. So whoever reads a topic can send a command of another again as it
is, which changes nothing, and nothing else under its identity.

The installation's own keys prove any name: the gateway signs for those whose tokens it has checked, sagas for
themselves. The key of a service, whose id is in it, proves the name and the scopes for which it was made: such an
identity has `-` in place of the name, and no scope. The HMAC's key is then the SHA-256 of the service's API key.
"""

import re
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from math import ceil
from typing import NamedTuple, Protocol

from contracts.envelope import CommandEnvelope, rfc3339
from contracts.principal import Principal

KEY_BYTES = 32
_BLOCK_BYTES = 64
_NO_SCOPES: frozenset[str] = frozenset()
_new_tuple = tuple.__new__
LIFETIME_SECONDS = 7 * 86_400
"""As long as topics keep commands."""
MAX_IDENTITY_BYTES = 900
_KEYS_OWN = "-"
WHOSE_KEY_IT_IS = Principal(_KEYS_OWN)
"""In an identity: the service for which the key was made."""
_MALFORMED = "its identity is malformed (ce_identity)"
_API_KEY = re.compile(r"annals_([0-9a-f]{16})_[A-Za-z0-9_-]{43}")


class IdentityRefused(Exception):
    """An identity proves nothing. `why` is for its sender, in words without secrets."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class UnknownKey(IdentityRefused):
    """By a key that is not among these: one may have been added since."""


class IdentityKey(NamedTuple):
    """A key: `id` is public and has neither a space nor a colon, `secret` has KEY_BYTES bytes. `of` is the service that
    it is for; None: the installation's own, for any principal.
    """

    id: str
    secret: bytes
    of: Principal | None = None

    def __repr__(self) -> str:
        return f"IdentityKey({self.id!r})"


class Identities:
    """Signs with the first of the keys, and recognizes identities of any of them."""

    def __init__(self, keys: Sequence[IdentityKey], clock: Callable[[], float] = time.time) -> None:
        """`clock`: seconds since 1970."""
        self._keys = {key.id: _Key(key) for key in keys}
        self._first = keys[0] if keys else None
        self._clock = clock

    def signed(self, principal: Principal, envelope: CommandEnvelope, value: bytes) -> CommandEnvelope:
        """The envelope with the identity of the principal. Raises ValueError if the principal's name and scopes do not
        fit into a header, and LookupError without a key.
        """
        if self._first is None:
            raise LookupError("there is no key to sign commands with")
        until, who = str(int(self._clock()) + LIFETIME_SECONDS), _text_of(principal)
        digits = self._keys[self._first.id].digits(until, who, _covered(envelope), value)
        return envelope._replace(identity=f"{self._first.id} {until} {digits} {who}")

    def principal(self, envelope: CommandEnvelope, value: bytes, *, even_expired: bool = False) -> Principal | None:
        """Who sends a command; None for one without an identity. Raises IdentityRefused."""
        return self.principal_at(0 if even_expired else self.now(), envelope, value, None)

    def now(self) -> int:
        """The next second by the clock of these identities, since 1970."""
        return ceil(self._clock())

    def principal_at(
        self, second: int, envelope: CommandEnvelope, value: bytes, joined: bytes | None
    ) -> Principal | None:
        """As `principal`, by an identity that has not expired at this second. `joined`: what `read_joined` has given
        with the envelope; then the texts need not be joined again.
        """
        identity = envelope.identity
        if identity is None:
            return None
        try:
            key_id, until, given, who = identity.split(" ", 3)
            has_expired = int(until) < second
        except ValueError:
            raise IdentityRefused(_MALFORMED) from None
        if not identity.isascii():
            raise IdentityRefused(_MALFORMED)
        key = self._keys.get(key_id)
        if key is None:
            raise UnknownKey("its identity is signed with a key that is unknown here or was revoked")
        covered = _covered(envelope) if joined is None else joined[: -len(identity)]
        if not compare_digest(given, key.digits(until, who, covered, value)):
            raise IdentityRefused("its identity is not that of this command: something was changed after it was signed")
        if has_expired:
            raise IdentityRefused("its identity has expired")
        service = key.of
        if (who == _KEYS_OWN) is (service is None):
            raise IdentityRefused("a service's key proves that service, the installation's keys any other name")
        if service is not None:
            return service
        scopes = _NO_SCOPES
        if " " in who:
            who, _, names = who.partition(" ")
            scopes = _scopes_of(names)
        return _new_tuple(Principal, (who, scopes))  # Principal(…) takes twice as long


class _Key:
    """What is made of an IdentityKey once."""

    __slots__ = ("_begun", "_ending", "of")

    def __init__(self, key: IdentityKey) -> None:
        # The two hashes of RFC 2104 with the key in them. Their copies take half the time of those of a `hmac.HMAC`.
        block = key.secret.ljust(_BLOCK_BYTES, b"\0")
        self._begun, self._ending = (sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
        self.of = key.of

    def digits(self, until: str, who: str, covered: bytes, value: bytes) -> str:
        inner, outer = self._begun.copy(), self._ending.copy()
        inner.update(f"{until}\0{who}\0".encode() + covered + value)
        outer.update(inner.digest())
        return outer.hexdigest()


def _covered(envelope: CommandEnvelope) -> bytes:
    """All of an envelope but the identity, each text with a NUL behind it."""
    expected, expires = envelope.expected_version, envelope.expires_at
    texts = (
        envelope.id,
        envelope.type,
        envelope.source,
        envelope.subject,
        envelope.time,
        envelope.correlation_id,
        envelope.causation_id,
        envelope.traceparent or "",
        envelope.actor or "",
        envelope.reply_to or "",
        "" if expected is None else str(expected),
        "" if expires is None else rfc3339(expires),
        "",
    )
    return "\0".join(texts).encode()


def service_key(api_key: str) -> IdentityKey:
    """The key by which the holder of an API key signs commands, as WHOSE_KEY_IT_IS. Raises ValueError."""
    parts = _API_KEY.fullmatch(api_key)
    if parts is None:
        raise ValueError("an API key has the form annals_<16 digits>_<43 characters>; this is none")
    return IdentityKey(parts[1], sha256(api_key.encode()).digest())


class IdentitySource(Protocol):
    """Where the keys come from. They may change while a process runs."""

    async def current(self) -> Identities:
        """The identities by the keys of now. Raises what its store raises."""
        ...

    async def renewed(self, than: Identities) -> Identities:
        """Those by keys that were read after these ones were, for a command by a key that is not among them."""
        ...


class FixedIdentities:
    """`IdentitySource` with keys that never change."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    async def current(self) -> Identities:
        return self._identities

    async def renewed(self, than: Identities) -> Identities:
        return than


def by_service_key(api_key: str) -> IdentitySource:
    """What a service signs with, as WHOSE_KEY_IT_IS. Raises ValueError for what is no API key."""
    return FixedIdentities(Identities([service_key(api_key)]))


@lru_cache(maxsize=4096)
def _text_of(principal: Principal) -> str:
    texts = [principal.name, *sorted(principal.scopes)]
    text = " ".join(texts)
    if len(text) > MAX_IDENTITY_BYTES:
        raise ValueError(f"the name and the scopes of a principal have {len(text)} bytes; at most {MAX_IDENTITY_BYTES}")
    if not (text.isascii() and text.isprintable() and all(text and " " not in text for text in texts)):
        raise ValueError("the name and the scopes of a principal are printable ASCII without spaces")
    return text


@lru_cache(maxsize=4096)
def _scopes_of(text: str) -> frozenset[str]:
    return frozenset(text.split(" "))
