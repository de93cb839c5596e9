"""The public keys of an issuer (JWK Set, RFC 7517), each with the one algorithm that it may be used with.

A key decides its algorithm, never the token: ES256 on P-256, EdDSA on Ed25519, RS256 on RSA from 2048 bits. The
rest is passed over: shared secrets (HS256 would make a public key a secret), other curves, keys for encryption, and
keys whose private part is published.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

MAX_KEYS = 100
MAX_KEY_ID_CHARACTERS = 256
MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
ALGORITHM_OF: Mapping[tuple[object, object], str] = {
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
    ("RSA", None): "RS256",
}
"""By type and curve."""
ALGORITHMS = frozenset(ALGORITHM_OF.values())

# As other libraries name the same (RFC 9864).
_ALSO_CALLED = {"Ed25519": "EdDSA"}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class IssuerKey(NamedTuple):
    """A key of an issuer that is usable. `material` is what it is made of: two keys of the same material are one."""

    id: str | None
    algorithm: str
    material: str
    key: PyJWK


class KeysUnusable(Exception):
    """An answer holds no key that tokens could be verified with. `why` quotes nothing of it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def issuer_keys(document: object) -> list[IssuerKey]:
    """The usable keys of a JWK Set. Raises KeysUnusable if there is none."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise KeysUnusable("it is no JWK Set")
    if len(listed) > MAX_KEYS:
        raise KeysUnusable(f"it has {len(listed)} keys, more than {MAX_KEYS}")
    keys = [key for key in map(_issuer_key, listed) if key is not None]
    if not keys:
        raise KeysUnusable(f"none of its keys is for {', '.join(sorted(ALGORITHMS))}, with RSA of {MIN_RSA_BITS} bits")
    return keys


def _issuer_key(jwk: object) -> IssuerKey | None:
    if not isinstance(jwk, dict) or not _is_for_signatures(jwk):
        return None
    kind, curve, id_ = jwk.get("kty"), jwk.get("crv"), jwk.get("kid")
    algorithm = ALGORITHM_OF.get((kind, curve)) if isinstance(kind, str) and isinstance(curve, str | None) else None
    named = jwk.get("alg", algorithm)
    if algorithm is None or not isinstance(named, str) or _ALSO_CALLED.get(named, named) != algorithm:
        return None
    if id_ is not None and not (isinstance(id_, str) and 0 < len(id_) <= MAX_KEY_ID_CHARACTERS):
        return None
    try:
        key = PyJWK(jwk, algorithm)
    except (PyJWTError, ValueError, TypeError, OverflowError):
        return None
    if isinstance(key.key, RSAPublicKey) and not MIN_RSA_BITS <= key.key.key_size <= MAX_RSA_BITS:
        return None
    return IssuerKey(id_, algorithm, _material(jwk), key)


def _is_for_signatures(jwk: Mapping[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return not _PRIVATE & jwk.keys() and jwk.get("use", "sig") == "sig" and operations == ["verify"]


def _material(jwk: Mapping[str, Any]) -> str:
    """The members that make a key (RFC 7638, section 3.2)."""
    return " ".join(f"{name}={jwk.get(name)}" for name in ("kty", "crv", "x", "y", "n", "e"))


def key_for(keys: Sequence[IssuerKey], id_: str | None, algorithm: str) -> IssuerKey | None:
    """The key that a token names. One that names none means the only key of its algorithm."""
    of_algorithm = [key for key in keys if key.algorithm == algorithm]
    if id_ is None:
        return of_algorithm[0] if len(of_algorithm) == 1 else None
    return next((key for key in of_algorithm if key.id == id_), None)
