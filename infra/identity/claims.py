"""What a verified token says: who, until when, and with which scopes.

The library has checked signature, issuer, audience and times. Here the types are checked that it is generous about, and
names that could deceive.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from contracts.principal import RESERVED_PREFIXES, Principal
from workers.ports.identity import TokenRefused

MAX_NAME_CHARACTERS = 255
MAX_SCOPES = 100
MAX_SCOPE_CHARACTERS = 200
MAX_TIME = 2**40
"""Seconds since 1970, in the year 36812: what is later is no time."""
USUAL_SCOPE_CLAIMS = ("scope", "scp")
USUAL_USER_CLAIM = "sub"

# OpenID Connect Core, section 2: sub has at most 255 ASCII characters. What is printable has no control character, and
# no two names look alike.
_NAME = re.compile(r"[\x21-\x7e]{1,255}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")  # RFC 6749, section 3.3


class Claims(NamedTuple):
    """Whom a token proves, and until when: seconds since 1970."""

    principal: Principal
    expires_at: float


def claims_in(payload: Mapping[str, Any], *, user_claim: str, scope_claim: str | None) -> Claims:
    """The claims of a verified token. Without a `scope_claim` the first of USUAL_SCOPE_CLAIMS that is there counts.

    Raises TokenRefused.
    """
    expires_at = time_in(payload, "exp")
    if expires_at is None:
        raise TokenRefused("the token does not say when it expires (exp)")
    for name in ("nbf", "iat"):
        time_in(payload, name)
    _name(payload.get("sub"), "sub")
    name = _name(payload.get(user_claim), user_claim)
    return Claims(Principal(name, _scopes(payload, scope_claim)), expires_at)


def time_in(payload: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519, section 2), or None where it is left out."""
    value = payload.get(name)
    if name not in payload:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_TIME:
        raise TokenRefused(f"{name} is no number of seconds since 1970")
    return float(value)


def _name(value: object, claim: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise TokenRefused(
            f"the claim that names the caller ({claim}) must be text of 1 to {MAX_NAME_CHARACTERS} printable ASCII "
            "characters without spaces"
        )
    if value.lower().startswith(RESERVED_PREFIXES):
        raise TokenRefused(
            f"the claim that names the caller ({claim}) begins as the names of services, operators or sagas do"
        )
    return value


def _scopes(payload: Mapping[str, Any], claim: str | None) -> frozenset[str]:
    names = USUAL_SCOPE_CLAIMS if claim is None else (claim,)
    name = next((name for name in names if name in payload), None)
    value = [] if name is None else payload[name]
    scopes = value.split(" ") if isinstance(value, str) else value
    if scopes == [""]:
        scopes = []
    if not isinstance(scopes, list) or len(scopes) > MAX_SCOPES:
        raise TokenRefused(f"the scopes must be text or a list of texts, at most {MAX_SCOPES} of them")
    if not all(isinstance(scope, str) and _SCOPE.fullmatch(scope) for scope in scopes):
        raise TokenRefused(f"each scope must have 1 to {MAX_SCOPE_CHARACTERS} printable ASCII characters")
    return frozenset(scopes)
