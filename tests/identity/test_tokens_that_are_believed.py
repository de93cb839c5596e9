"""A token that the issuer has signed for us proves who asks, and with which scopes."""

import time
from typing import Any

import pytest

from contracts.principal import Principal
from infra.identity.key_set import KeySet
from infra.identity.tokens import Expected, JwtAuthenticator
from tests.identity.conftest import Token
from tests.identity.issuer_server import DISCOVERY, JWKS, IssuerServer
from tests.identity.minting import claims, minted, minting_key

ADA = Principal("ada", frozenset({"users.write"}))


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
async def test_by_each_algorithm(tokens: JwtAuthenticator, issuer: IssuerServer, algorithm: str) -> None:
    key = minting_key(algorithm)
    issuer.publish(key.jwk())
    assert await tokens.principal(minted(key, claims(issuer.url))) == ADA


async def test_the_keys_are_where_the_issuer_says(tokens: JwtAuthenticator, issuer: IssuerServer, token: Token) -> None:
    await tokens.principal(token())
    assert issuer.asked == [DISCOVERY, JWKS]


@pytest.mark.parametrize(
    ("header", "changed"),
    [
        ({"typ": "at+jwt"}, {}),
        ({"typ": "application/at+jwt"}, {}),
        ({"typ": "jwt"}, {}),
        ({"typ": None}, {}),
        ({"kid": None}, {}),
        ({}, {"aud": ["another", "annals"]}),
        ({}, {"nbf": 1}),
        ({}, {"iat": None}),
        ({}, {"exp": int(time.time()) + 36_000.5}),
        ({}, {"jti": "once"}),
    ],
    ids=["at+jwt", "application/at+jwt", "jwt", "no-typ", "no-kid", "audiences", "nbf", "no-iat", "fraction", "jti"],
)
async def test_in_each_usual_form(
    tokens: JwtAuthenticator, token: Token, header: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert await tokens.principal(token(header, **changed)) == ADA


@pytest.mark.parametrize(
    ("changed", "scopes"),
    [
        ({"scope": "a b"}, {"a", "b"}),
        ({"scope": ""}, set()),
        ({"scope": None}, set()),
        ({"scope": ["a", "b"]}, {"a", "b"}),
        ({"scope": None, "scp": "a b"}, {"a", "b"}),
        ({"scope": None, "scp": ["a"]}, {"a"}),
        ({"scope": "a", "scp": "b"}, {"a"}),
    ],
    ids=["text", "empty", "none", "list", "scp-text", "scp-list", "scope-first"],
)
async def test_with_the_scopes_of_either_claim(
    tokens: JwtAuthenticator, token: Token, changed: dict[str, Any], scopes: set[str]
) -> None:
    assert (await tokens.principal(token(**changed))).scopes == scopes


async def test_the_settings_name_the_claims(keys: KeySet, expected: Expected, token: Token) -> None:
    other = JwtAuthenticator(keys, expected._replace(user_claim="user_id", scope_claim="permissions"), time.time)
    principal = await other.principal(token(user_id="u-1", permissions=["orders.read"]))
    assert principal == Principal("u-1", frozenset({"orders.read"}))


@pytest.mark.parametrize("seconds", [-20, 20])
async def test_although_the_clocks_differ_a_little(tokens: JwtAuthenticator, token: Token, seconds: int) -> None:
    now = int(time.time())
    early = token(exp=now + seconds if seconds < 0 else now + 300, nbf=now + seconds, iat=now + seconds)
    assert await tokens.principal(early) == ADA
