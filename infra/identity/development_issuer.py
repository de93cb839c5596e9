"""An issuer of tokens for development, on this machine only: its key is a file of the home.

`annals auth token` signs with it; a gateway believes it only with ANNALS_AUTH_DEVELOPMENT_ISSUER=true, and listens on
loopback then. Whoever reads the file can be anybody, so its mode is 0600, and a file that others can read is refused.
"""

import stat
from collections.abc import Sequence
from hashlib import sha256

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from infra.home import Home, printable, write_private
from infra.identity.issuer_keys import IssuerKey, KeysUnusable, issuer_keys

ISSUER = "urn:annals:development"
AUDIENCE = "annals"
KEY_FILE = "development-issuer.pem"


class DevelopmentIssuer:
    """The issuer of one home."""

    def __init__(self, home: Home) -> None:
        self._path = home.path / "secrets" / KEY_FILE
        self._home = home

    def token(self, subject: str, scopes: Sequence[str], *, now: int, expires_in_seconds: int) -> str:
        """A signed token. The key is made with the first one. Raises KeysUnusable."""
        key = self._key() if self._path.exists() else self._new_key()
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "scope": " ".join(scopes),
            "iat": now,
            "exp": now + expires_in_seconds,
        }
        return jwt.encode(payload, key, "EdDSA", headers={"kid": _jwk(key)["kid"], "typ": "at+jwt"})

    async def fetch(self) -> list[IssuerKey]:
        """`fetch` for KeySet. Raises KeysUnusable."""
        return issuer_keys({"keys": [_jwk(self._key())]})

    def _key(self) -> Ed25519PrivateKey:
        try:
            if stat.S_IMODE(self._path.stat().st_mode) & 0o077:
                raise KeysUnusable(f"others may read {printable(self._path)}: set its mode to 0600, or remove it")
            key = serialization.load_pem_private_key(self._path.read_bytes(), password=None)
        except FileNotFoundError as error:
            raise KeysUnusable("it has no key yet: run `annals auth token`") from error
        except (OSError, ValueError, TypeError) as error:
            raise KeysUnusable(f"its key cannot be read from {printable(self._path)}: remove the file") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeysUnusable(f"{printable(self._path)} holds another kind of key: remove the file")
        return key

    def _new_key(self) -> Ed25519PrivateKey:
        key = Ed25519PrivateKey.generate()
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._home.folder("secrets")
        write_private(self._path, text.decode())
        return key


def _jwk(key: Ed25519PrivateKey) -> dict[str, str]:
    """The public key, named by a digest of it."""
    jwk = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**jwk, "kid": sha256(jwk["x"].encode()).hexdigest()[:16], "use": "sig"}
