"""Whatever a token holds, also one that the issuer has signed: it is believed or refused, and nothing else happens."""

import asyncio
import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from infra.identity.issuer_keys import IssuerKey, issuer_keys
from infra.identity.key_set import KeySet
from infra.identity.tokens import Expected, JwtAuthenticator
from infra.memory.clock import MemoryClock
from tests.identity.minting import AUDIENCE, claims, minted, minting_key
from workers.ports.identity import TokenRefused

ISSUER = "https://login.example.org"
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    LEAVES | st.sampled_from([AUDIENCE, ISSUER, "ES256", "JWT", "key-1", "b64", 2**33]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CLAIMS = st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "scope", "scp", "cnf"])
HEADERS = st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jku", "jwk", "x5u", "x5c", "cty", "zip"])
PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200)


async def fetch() -> list[IssuerKey]:
    return issuer_keys({"keys": [minting_key("EdDSA").jwk()]})


async def answer(token: str) -> str | None:
    """The name that a token proves; None: it is refused."""
    tokens = JwtAuthenticator(KeySet(fetch, MemoryClock()), Expected(ISSUER, AUDIENCE), time.time)
    try:
        return (await tokens.principal(token)).name
    except TokenRefused as error:
        why = error.why
    assert why.isascii()
    assert why.isprintable()
    assert not set('"\\') & set(why)
    return None


@given(st.dictionaries(CLAIMS, VALUES, max_size=4), st.dictionaries(HEADERS, VALUES, max_size=2))
def test_with_any_claims_and_any_header(changed: dict[str, Any], header: dict[str, Any]) -> None:
    payload = claims(ISSUER) | changed
    name = asyncio.run(answer(minted(minting_key("EdDSA"), payload, **header)))
    assert name is None or name == payload["sub"]


@given(PRINTABLE)
def test_of_any_text(text: str) -> None:
    assert asyncio.run(answer(text)) is None


@given(st.data())
def test_with_any_character_changed(data: st.DataObject) -> None:
    right = minted(minting_key("EdDSA"), claims(ISSUER, exp=2**34, iat=1))
    place = data.draw(st.integers(0, len(right) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda letter: letter != right[place]))
    assert asyncio.run(answer(right[:place] + other + right[place + 1 :])) is None
