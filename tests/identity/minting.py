"""Keys of all kinds, and tokens that they sign: right ones, and such as no library would make."""

import base64
import hashlib
import hmac
import json
import time
from functools import cache
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "annals"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class MintingKey(NamedTuple):
    """A private key with the id and the algorithm that its issuer gives it."""

    id: str
    algorithm: str
    private: Any

    def jwk(self, **changed: Any) -> dict[str, Any]:
        """The public key as it is published."""
        public = self.private.public_key()
        algorithms: dict[str, Any] = {"ES256": ECAlgorithm, "EdDSA": OKPAlgorithm, "RS256": RSAAlgorithm}
        jwk = algorithms[self.algorithm].to_jwk(public, as_dict=True)
        jwk.pop("key_ops", None)
        described = {**jwk, "kid": self.id, "alg": self.algorithm, "use": "sig", **changed}
        return {name: value for name, value in described.items() if value is not None}

    def pem(self) -> bytes:
        """The public key as a file."""
        public: bytes = self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return public

    def signature(self, signed: bytes) -> bytes:
        match self.private:
            case ed25519.Ed25519PrivateKey() as key:
                return key.sign(signed)
            case rsa.RSAPrivateKey() as key:
                return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
            case ec.EllipticCurvePrivateKey() as key:
                r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        raise AssertionError(self.private)


@cache
def minting_key(algorithm: str = "ES256", id_: str = "key-1", bits: int = 2048) -> MintingKey:
    """The same key for the same arguments."""
    match algorithm:
        case "ES256":
            return MintingKey(id_, algorithm, ec.generate_private_key(ec.SECP256R1()))
        case "EdDSA":
            return MintingKey(id_, algorithm, ed25519.Ed25519PrivateKey.generate())
        case _:
            return MintingKey(id_, algorithm, rsa.generate_private_key(65537, bits))


def claims(issuer: str, **changed: Any) -> dict[str, Any]:
    """The payload of a token of Ada's that is valid for five minutes. A claim of None is left out."""
    now = int(time.time())
    payload = {"iss": issuer, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 300, "scope": "users.write"}
    return {name: value for name, value in {**payload, **changed}.items() if value is not None}


def minted(key: MintingKey, payload: dict[str, Any] | bytes, **header: Any) -> str:
    """A signed token. A member of the header that is None is left out."""
    given = {"alg": key.algorithm, "kid": key.id, "typ": "JWT", **header}
    signed = unsigned({name: value for name, value in given.items() if value is not None}, payload)
    return f"{signed}.{b64(key.signature(signed.encode()))}"


def unsigned(header: dict[str, Any], payload: dict[str, Any] | bytes) -> str:
    """Header and payload, without a signature."""
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return f"{b64(json.dumps(header).encode())}.{b64(content)}"


def shared_secret_token(secret: bytes, payload: dict[str, Any], **header: Any) -> str:
    """A token by HS256."""
    signed = unsigned({"alg": "HS256", "typ": "JWT", **header}, payload)
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"
