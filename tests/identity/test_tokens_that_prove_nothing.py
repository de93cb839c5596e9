"""Every known way to make a token that was not given to its sender, or not for this: each is refused with a reason."""

import json
import time
from typing import Any

import pytest

from infra.identity import claims as claims_module
from infra.identity import issuer_keys
from infra.identity import tokens as tokens_module
from infra.identity.key_set import KeySet
from infra.identity.tokens import Expected, JwtAuthenticator
from tests.identity.conftest import Token
from tests.identity.issuer_server import DISCOVERY, JWKS, IssuerServer
from tests.identity.minting import AUDIENCE, b64, claims, minted, minting_key, shared_secret_token, unsigned
from workers.ports.identity import TokenRefused

# Of the time when the tests are collected: they may run an hour later.
NOW = int(time.time())
HOURS = 10 * 3600
STRANGER = minting_key("ES256", "key-1", bits=1)  # another key under the id of the issuer's


async def refused(tokens: JwtAuthenticator, token: str) -> str:
    """Why a token is refused, which must be fit for a header and repeat no part of it."""
    with pytest.raises(TokenRefused) as caught:
        await tokens.principal(token)
    why = caught.value.why
    assert why.isascii()
    assert why.isprintable()
    assert not set('"\\') & set(why)
    assert not any(part and len(part) > 8 and part in why for part in token.split("."))
    return why


async def test_without_a_signature(tokens: JwtAuthenticator, issuer: IssuerServer) -> None:
    for algorithm in ("none", "None", "nOnE", ""):
        forged = f"{unsigned({'alg': algorithm, 'kid': 'key-1'}, claims(issuer.url))}."
        assert "signed by one of" in await refused(tokens, forged)


async def test_by_the_public_key_as_a_shared_secret(tokens: JwtAuthenticator, issuer: IssuerServer) -> None:
    key = minting_key("RS256")
    issuer.publish(key.jwk())
    for secret in (key.pem(), json.dumps(key.jwk()).encode()):
        forged = shared_secret_token(secret, claims(issuer.url), kid=key.id)
        assert "signed by one of" in await refused(tokens, forged)


async def test_by_a_shared_secret_that_an_issuer_publishes(
    tokens: JwtAuthenticator, issuer: IssuerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = b"a secret of thirty-two bytes....."
    published = {"kty": "oct", "k": b64(secret), "kid": "shared", "alg": "HS256"}
    issuer.publish(minting_key().jwk(), published)
    forged = shared_secret_token(secret, claims(issuer.url), kid="shared")
    assert "signed by one of" in await refused(tokens, forged)
    # The control: with the algorithm and such keys allowed, it is accepted.
    table = {**issuer_keys.ALGORITHM_OF, ("oct", None): "HS256"}
    monkeypatch.setattr(issuer_keys, "ALGORITHM_OF", table)
    monkeypatch.setattr(issuer_keys, "_PRIVATE", frozenset())
    monkeypatch.setattr(tokens_module, "ALGORITHMS", frozenset(table.values()))
    other = JwtAuthenticator(KeySet(tokens._keys._fetch, tokens._keys._clock), tokens._expected, time.time)
    assert (await other.principal(forged)).name == "ada"


async def test_by_another_algorithm_than_the_keys(tokens: JwtAuthenticator, issuer: IssuerServer, token: Token) -> None:
    assert "no key by which" in await refused(tokens, token({"alg": "EdDSA"}))
    assert "no key by which" in await refused(tokens, token({"alg": "RS256"}))
    assert "signed by one of" in await refused(tokens, token({"alg": "ES384"}))
    assert "signed by one of" in await refused(tokens, token({"alg": ["ES256"]}))


async def test_by_a_key_of_a_strangers(tokens: JwtAuthenticator, issuer: IssuerServer) -> None:
    assert "signature" in await refused(tokens, minted(STRANGER, claims(issuer.url)))


async def test_by_a_key_that_the_token_brings(tokens: JwtAuthenticator, issuer: IssuerServer) -> None:
    """Its header says what to verify it with, or where that is: nothing is fetched from there, and nothing believed."""
    elsewhere = f"{issuer.url}/of-the-attacker"
    issuer.answers["/of-the-attacker"] = issuer.answers[JWKS]
    for header in (
        {"jwk": STRANGER.jwk()},
        {"jku": elsewhere},
        {"x5u": elsewhere},
        {"x5c": ["MIIB"]},
        {"jku": elsewhere, "kid": "of-the-attacker"},
    ):
        await refused(tokens, minted(STRANGER, claims(issuer.url), **header))
    assert set(issuer.asked) == {DISCOVERY, JWKS}


@pytest.mark.parametrize(
    "kid",
    [
        "../../../../dev/null",
        "/proc/self/environ",
        "' OR '1'='1",
        "http://127.0.0.1/keys",
        "key-1\0",
        "",
        "k" * 5000,
        7,
    ],
    ids=["path", "file", "sql", "url", "nul", "empty", "long", "number"],
)
async def test_by_a_key_id_that_is_something_else(tokens: JwtAuthenticator, issuer: IssuerServer, kid: Any) -> None:
    await refused(tokens, minted(minting_key(), claims(issuer.url), kid=kid))
    assert set(issuer.asked) <= {DISCOVERY, JWKS}


@pytest.mark.parametrize(
    "header",
    [{"crit": ["b64"], "b64": False}, {"crit": ["exp"]}, {"crit": []}, {"crit": "b64"}, {"b64": False}, {"b64": True}],
    ids=["b64", "exp", "empty", "text", "without-crit", "plain"],
)
async def test_with_an_extension_that_is_not_understood(
    tokens: JwtAuthenticator, token: Token, header: dict[str, Any]
) -> None:
    await refused(tokens, token(header))


@pytest.mark.parametrize("type_", ["logout+jwt", "dpop+jwt", "JWE", "", 1], ids=str)
async def test_of_another_type(tokens: JwtAuthenticator, token: Token, type_: Any) -> None:
    assert "type" in await refused(tokens, token({"typ": type_}))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": None}, "lacks"),
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": ["https://evil.example"]}, "malformed|another issuer"),
        ({"aud": None}, "lacks"),
        ({"aud": "another"}, "another audience"),
        ({"aud": []}, "lacks|audience"),
        ({"aud": {"annals": True}}, "another audience"),
        ({"sub": None}, "lacks"),
        ({"exp": None}, "lacks"),
        ({"exp": NOW - 120}, "expired"),
        ({"nbf": NOW + HOURS}, "not valid yet"),
        ({"iat": NOW + HOURS}, "not valid yet"),
    ],
    ids=lambda value: json.dumps(sorted(value)) if isinstance(value, dict) else None,
)
async def test_for_somebody_else_or_another_time(
    tokens: JwtAuthenticator, token: Token, changed: dict[str, Any], why: str
) -> None:
    said = await refused(tokens, token(**changed))
    assert any(words in said for words in why.split("|")), said


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value",
    [str(NOW + HOURS), "soon", True, [NOW + HOURS], {}, 10**30, -1],
    ids=["digits", "words", "true", "list", "object", "overflow", "negative"],
)
async def test_with_a_time_that_is_none(tokens: JwtAuthenticator, token: Token, name: str, value: Any) -> None:
    await refused(tokens, token(**{name: value}))


@pytest.mark.parametrize("value", ["1e400", "Infinity", "NaN", "1" * 5000], ids=["1e400", "infinity", "nan", "digits"])
async def test_with_a_number_that_overflows(tokens: JwtAuthenticator, issuer: IssuerServer, value: str) -> None:
    payload = json.dumps(claims(issuer.url, exp="X")).replace('"X"', value).encode()
    await refused(tokens, minted(minting_key(), payload))


async def test_the_control_a_time_as_text_is_accepted_where_nobody_looks_at_its_type(
    tokens: JwtAuthenticator, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_module, "time_in", lambda payload, name: float(payload.get(name, 0)))
    assert (await tokens.principal(token(exp=str(NOW + HOURS)))).name == "ada"


@pytest.mark.parametrize(
    "sub",
    [
        *("", " ", "ada lovelace", "ada\n", "ada\r\nSet-Cookie: a=b", "ada\0", "ada\x1b[2J", "\u0430da", "ada\u200b"),
        *("ada\u202e", "a" * 256, "a" * 10_000, "service:shop", "Service:shop", "saga:welcome"),
        *(7, True, ["ada"], {"id": "ada"}),
    ],
    ids=lambda sub: ascii(sub)[:24],
)
async def test_with_a_name_that_could_deceive(tokens: JwtAuthenticator, token: Token, sub: Any) -> None:
    await refused(tokens, token(sub=sub))


@pytest.mark.parametrize("name", ["service:shop", 7, None], ids=str)
async def test_with_another_claim_for_the_user_that_could(
    keys: KeySet, expected: Expected, token: Token, name: Any
) -> None:
    other = JwtAuthenticator(keys, expected._replace(user_claim="user_id"), time.time)
    await refused(other, token(user_id=name))


@pytest.mark.parametrize(
    "scope",
    [7, True, {"users.write": True}, ["a", 7], ["a b"], ["a\n"], "a  b", 'a"b', [[]], ["x"] * 101, "x" * 201],
    ids=lambda scope: ascii(scope)[:24],
)
async def test_with_scopes_that_are_none(tokens: JwtAuthenticator, token: Token, scope: Any) -> None:
    assert "scope" in await refused(tokens, token(scope=scope))


async def test_that_are_huge(tokens: JwtAuthenticator, issuer: IssuerServer) -> None:
    assert "at most 8192" in await refused(tokens, minted(minting_key(), claims(issuer.url, more="x" * 10_000)))
    assert issuer.asked == []


async def test_that_are_no_tokens(tokens: JwtAuthenticator, issuer: IssuerServer, token: Token) -> None:
    right = token()
    header, payload, signature = right.split(".")
    for wrong in (
        *("x", "a.b", "..", "a.b.c", "a.b.c.d.e", f"{right}.", f".{right}", f"{header}.{payload}", "a" * 8000),
        f"{header}..{signature}",
        f"{header}.{payload}.{signature[:-2]}",
        f"{header}.{payload}=.{signature}",
        f"{b64(b'[]')}.{payload}.{signature}",
        f"{b64(b'[' * 4000)}.{payload}.{signature}",
        f"{b64(bytes([255, 254]))}.{payload}.{signature}",
    ):
        await refused(tokens, wrong)
    for content in (b"[]", b"7", b"{", b"\xff", b"[" * 4000):
        await refused(tokens, minted(minting_key(), content))


async def test_the_audience_of_a_control_is_believed(keys: KeySet, issuer: IssuerServer, token: Token) -> None:
    """The control: what is refused above is refused for its audience alone."""
    other = JwtAuthenticator(keys, Expected(issuer.url, "another"), time.time)
    assert (await other.principal(token(aud="another"))).name == "ada"
    assert AUDIENCE != "another"
