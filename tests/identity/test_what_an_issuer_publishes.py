"""Of the keys that an issuer publishes, only those are used that nobody can misuse: by type, size, purpose, secrecy."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from infra.identity import issuer_keys as issuer_keys_module
from infra.identity.issuer_keys import MAX_KEYS, KeysUnusable, issuer_keys, key_for
from tests.identity.minting import b64, minting_key

RSA, ES, ED = minting_key("RS256"), minting_key("ES256"), minting_key("EdDSA")
WEAK = minting_key("RS256", "weak", 1024)
P384 = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)
ED448 = OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate().public_key(), as_dict=True)


@pytest.mark.parametrize("key", [RSA, ES, ED], ids=lambda key: key.algorithm)
@pytest.mark.parametrize("changed", [{}, {"alg": None}, {"use": None}, {"key_ops": ["verify"]}, {"kid": None}], ids=str)
def test_a_public_key_for_signatures_is_used(key: Any, changed: dict[str, Any]) -> None:
    (usable,) = issuer_keys({"keys": [key.jwk(**changed)]})
    assert usable.algorithm == key.algorithm


def test_a_key_may_be_called_by_its_curve() -> None:
    (usable,) = issuer_keys({"keys": [ED.jwk(alg="Ed25519")]})
    assert usable.algorithm == "EdDSA"


@pytest.mark.parametrize(
    "jwk",
    [
        WEAK.jwk(),
        RSA.jwk(alg="RS512"),
        RSA.jwk(alg="PS256"),
        RSA.jwk(alg="HS256"),
        RSA.jwk(alg="none"),
        RSA.jwk(alg=7),
        RSA.jwk(crv="P-256"),
        ES.jwk(alg="RS256"),
        ES.jwk(crv="P-384"),
        ES.jwk(crv=["P-256"]),
        ES.jwk(y="AA"),
        ES.jwk(x=7),
        RSA.jwk(n=""),
        RSA.jwk(e=b64(b"\x02")),
        ES.jwk(use="enc"),
        ES.jwk(key_ops=["sign"]),
        ES.jwk(key_ops=["verify", "encrypt"]),
        ES.jwk(d="AAAA"),
        ES.jwk(kid="k" * 300),
        ES.jwk(kid=7),
        ES.jwk(kid=""),
        {"kty": "oct", "k": b64(bytes(32)), "alg": "HS256"},
        {"kty": "oct", "k": b64(bytes(32)), "alg": "ES256"},
        {**P384, "alg": "ES256"},
        {**P384, "alg": "ES384"},
        {**ED448, "alg": "EdDSA"},
        {},
        "a key",
        None,
    ],
    ids=lambda jwk: None,
)
def test_any_other_is_passed_over(jwk: Any) -> None:
    usable = issuer_keys({"keys": [jwk, ED.jwk(kid="right")]})
    assert [key.id for key in usable] == ["right"]


def test_the_control_a_weak_key_is_used_where_weak_ones_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer_keys_module, "MIN_RSA_BITS", 1024)
    assert [key.id for key in issuer_keys({"keys": [WEAK.jwk()]})] == ["weak"]


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"keys": {}}, {"keys": []}, {"keys": [WEAK.jwk()]}, {"keys": [ES.jwk()] * (MAX_KEYS + 1)}],
    ids=["null", "list", "nothing", "object", "empty", "weak", "many"],
)
def test_what_holds_no_usable_key_is_an_error(document: object) -> None:
    with pytest.raises(KeysUnusable):
        issuer_keys(document)


def test_a_token_that_names_no_key_means_the_only_one() -> None:
    keys = issuer_keys({"keys": [ES.jwk(), ED.jwk(kid="a"), minting_key("EdDSA", "b").jwk()]})
    only = key_for(keys, None, "ES256")
    assert only is not None
    assert only.id == "key-1"
    assert key_for(keys, None, "EdDSA") is None


def test_two_keys_of_one_id_are_told_apart_by_their_algorithm() -> None:
    keys = issuer_keys({"keys": [RSA.jwk(), ES.jwk(), ED.jwk()]})
    for algorithm in ("RS256", "ES256", "EdDSA"):
        key = key_for(keys, "key-1", algorithm)
        assert key is not None
        assert key.algorithm == algorithm
