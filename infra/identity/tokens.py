"""Verifies JWTs (RFC 7519, with the rules of RFC 8725) by PyJWT, and remembers for whom a token was verified.

The key decides the algorithm; `jku`, `x5u`, `jwk` and `x5c` of a token are not looked at; `crit` is refused, as nothing
is understood that could stand there. Required are iss, aud, sub and exp.

A verification is remembered by the SHA-256 of the whole token, signature included, until the token expires or the keys
of the issuer change; MAX_REMEMBERED of them, the least used forgotten first.
"""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

import jwt
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidSignatureError,
    MissingRequiredClaimError,
    PyJWTError,
)

from contracts.principal import Principal
from infra.identity.claims import USUAL_USER_CLAIM, Claims, claims_in
from infra.identity.issuer_keys import ALGORITHMS, MAX_KEY_ID_CHARACTERS
from infra.identity.key_set import KeySet
from workers.ports.identity import TokenRefused

MAX_REMEMBERED = 10_000
MAX_TOKEN_CHARACTERS = 8192
REQUIRED = ["iss", "aud", "sub", "exp"]
# Of an access token, or what most issuers write. An id token or a logout token is not for us (RFC 8725, section 3.11).
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})

_WHY: dict[type[PyJWTError], str] = {
    ExpiredSignatureError: "the token has expired",
    ImmatureSignatureError: "the token is not valid yet",
    InvalidAudienceError: "the token is for another audience",
    InvalidIssuerError: "the token is of another issuer",
    InvalidSignatureError: "the signature of the token is wrong",
    MissingRequiredClaimError: "the token lacks one of iss, aud, sub and exp",
}
_MALFORMED = "the token is malformed"


class Expected(NamedTuple):
    """What tokens must say, and where they say who asks. `leeway_seconds` is how far the clocks may differ."""

    issuer: str
    audience: str
    leeway_seconds: float = 30.0
    user_claim: str = USUAL_USER_CLAIM
    scope_claim: str | None = None


class _Remembered(NamedTuple):
    claims: Claims
    generation: int


class JwtAuthenticator:
    """`Authenticator` of JWTs. `now` is the time of day in seconds since 1970."""

    def __init__(self, keys: KeySet, expected: Expected, now: Callable[[], float]) -> None:
        self._keys = keys
        self._expected = expected
        self._now = now
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()

    async def principal(self, token: str) -> Principal:
        digest = sha256(token.encode()).digest()
        generation = self._keys.generation()
        remembered = self._remembered.get(digest)
        if remembered is None or remembered.generation != generation:
            claims = await self._verified(token)
            self._remember(digest, claims)
        else:
            self._remembered.move_to_end(digest)
            claims = remembered.claims
        if self._now() >= claims.expires_at + self._expected.leeway_seconds:
            self._remembered.pop(digest, None)
            raise TokenRefused(_WHY[ExpiredSignatureError])
        return claims.principal

    def _remember(self, digest: bytes, claims: Claims) -> None:
        self._remembered[digest] = _Remembered(claims, self._keys.generation())
        self._remembered.move_to_end(digest)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)

    async def _verified(self, token: str) -> Claims:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise TokenRefused(f"a token has at most {MAX_TOKEN_CHARACTERS} characters")
        algorithm, id_ = _header(token)
        key = await self._keys.key(id_, algorithm)
        if key is None:
            raise TokenRefused("the issuer has no key by which the token could be signed")
        try:
            payload: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                audience=self._expected.audience,
                issuer=self._expected.issuer,
                leeway=self._expected.leeway_seconds,
                options={"require": REQUIRED, "enforce_minimum_key_length": True},
            )
        except PyJWTError as error:
            # Their texts are not shown: they may quote the token.
            raise TokenRefused(_WHY.get(type(error), _MALFORMED)) from None
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise TokenRefused(_MALFORMED) from None
        return claims_in(payload, user_claim=self._expected.user_claim, scope_claim=self._expected.scope_claim)


def _header(token: str) -> tuple[str, str | None]:
    """The algorithm and the key that a token names, neither of which is believed. Raises TokenRefused."""
    try:
        header = jwt.get_unverified_header(token)
    except (PyJWTError, ValueError, TypeError, RecursionError):
        raise TokenRefused(_MALFORMED) from None
    algorithm, type_, id_ = header.get("alg"), header.get("typ", "JWT"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenRefused(f"the token must be signed by one of {' '.join(sorted(ALGORITHMS))}")
    if not isinstance(type_, str) or type_.lower() not in TYPES:
        raise TokenRefused("the token is of another type (typ) than JWT or at+jwt")
    if "crit" in header or "b64" in header:
        raise TokenRefused("the token needs an extension (crit) that is not understood here")
    if id_ is not None and not (isinstance(id_, str) and 0 < len(id_) <= MAX_KEY_ID_CHARACTERS):
        raise TokenRefused("the id of the key (kid) is malformed")
    return algorithm, id_
