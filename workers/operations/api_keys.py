"""`annals auth key`: keys of services are created, listed and revoked. Each change is recorded before it is done.

A key is `annals_<id>_<secret>`. Only its hash is stored, so it can be shown once, to whoever creates it.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from workers.operations.interventions import Operator
from workers.ports.api_keys import ApiKeyRegister, ListedApiKey, NewApiKey

CREATED = "auth-key-create"
REVOKED = "auth-key-revoke"
MAX_LISTED = 10_000
MAX_NAME_CHARACTERS = 100
MAX_SCOPES = 100

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")  # RFC 6749, section 3.3
_ID = re.compile(r"[0-9a-f]{16}")


class ApiKeyRefused(Exception):
    """What an operator asked for cannot be done with a key."""


class CreatedApiKey(NamedTuple):
    """A new key. `token` is what the service sends; it is stored nowhere."""

    token: str
    key: ListedApiKey

    def __repr__(self) -> str:
        return f"CreatedApiKey(key={self.key!r})"


def named(id_: str) -> str:
    """How the record of interventions names a key."""
    return f"api-key:{id_}"


async def create(
    register: ApiKeyRegister,
    operator: Operator,
    name: str,
    scopes: Sequence[str],
    *,
    id_: str,
    secret: str,
    expires_in_seconds: float | None = None,
) -> CreatedApiKey:
    """Create a key for a service. `id_` are 16 hexadecimal digits and `secret` 256 bits as 43 characters, both random.

    Raises ApiKeyRefused for a name or a scope that cannot be one, Unavailable and Unstorable.
    """
    if not _NAME.fullmatch(name):
        raise ApiKeyRefused(
            f"A service's name has 1 to {MAX_NAME_CHARACTERS} letters, digits and . _ -, and begins with a letter or a "
            "digit."
        )
    if len(scopes) > MAX_SCOPES or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise ApiKeyRefused(f"A key has at most {MAX_SCOPES} scopes of printable ASCII characters without spaces.")
    token = f"annals_{id_}_{secret}"
    own_scopes = tuple(sorted(set(scopes)))
    details = {"name": name, "scopes": list(own_scopes), "expires_in_seconds": expires_in_seconds}
    await operator.record(CREATED, named(id_), details)
    key = await register.create(NewApiKey(id_, name, own_scopes, sha256(token.encode()).digest(), expires_in_seconds))
    return CreatedApiKey(token, key)


async def revoke(register: ApiKeyRegister, operator: Operator, id_: str) -> ListedApiKey:
    """Revoke the key with this id; harmless when it is revoked already.

    Raises ApiKeyRefused when there is none, and Unavailable.
    """
    if not _ID.fullmatch(id_):
        raise ApiKeyRefused("Name the key by its id, the 16 digits that `annals auth key list` shows, not by the key.")
    await _existing(register, id_)
    await operator.record(REVOKED, named(id_))
    await register.revoke(id_)
    return await _existing(register, id_)


async def _existing(register: ApiKeyRegister, id_: str) -> ListedApiKey:
    for key in await register.listed(MAX_LISTED):
        if key.id == id_:
            return key
    raise ApiKeyRefused(f"There is no key {id_}; see `annals auth key list`.")
