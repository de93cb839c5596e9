"""A token is verified once and then remembered: by all of it, until it expires, and not without a bound."""

import time
from hashlib import sha256
from typing import Any

import jwt
import pytest

from infra.identity import tokens as tokens_module
from infra.identity.key_set import KeySet
from infra.identity.tokens import Expected, JwtAuthenticator
from tests.identity.conftest import Token
from tests.identity.issuer_server import IssuerServer
from tests.identity.minting import b64, minted, minting_key
from workers.ports.identity import TokenRefused


class CountedVerifications:
    """Counts how often the library verifies a token."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number = 0
        decode = jwt.decode

        def counted(*arguments: Any, **options: Any) -> Any:
            self.number += 1
            return decode(*arguments, **options)

        monkeypatch.setattr(jwt, "decode", counted)


async def test_a_token_is_verified_once(
    tokens: JwtAuthenticator, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, right = CountedVerifications(monkeypatch), token()
    assert len({await tokens.principal(right) for _ in range(5)}) == 1
    assert counted.number == 1


async def test_until_it_expires(keys: KeySet, expected: Expected, token: Token) -> None:
    now = [time.time()]
    tokens = JwtAuthenticator(keys, expected, lambda: now[0])
    right = token()
    await tokens.principal(right)
    now[0] += 300 + expected.leeway_seconds - 5
    await tokens.principal(right)
    now[0] += 6
    with pytest.raises(TokenRefused, match="expired"):
        await tokens.principal(right)
    assert not tokens._remembered


async def test_one_that_differs_in_its_signature_alone_is_another(tokens: JwtAuthenticator, token: Token) -> None:
    right = token()
    await tokens.principal(right)
    signed = right.rpartition(".")[0]
    with pytest.raises(TokenRefused, match="signature"):
        await tokens.principal(f"{signed}.{b64(bytes(64))}")


async def test_the_control_remembered_by_what_is_signed_a_forged_signature_passes(
    tokens: JwtAuthenticator, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.identity.tokens.sha256", lambda text: sha256(text.rpartition(b".")[0]))
    right = token()
    await tokens.principal(right)
    assert (await tokens.principal(f"{right.rpartition('.')[0]}.{b64(bytes(64))}")).name == "ada"


async def test_two_callers_are_never_mixed_up(tokens: JwtAuthenticator, token: Token) -> None:
    names = [f"user-{number}" for number in range(20)]
    own = {name: token(sub=name) for name in names}
    for _ in range(2):
        assert [(await tokens.principal(own[name])).name for name in names] == names


async def test_not_more_than_the_bound(tokens: JwtAuthenticator, token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "MAX_REMEMBERED", 3)
    first = token(sub="first")
    for sub in ("a", "b", "c", "d"):
        await tokens.principal(first)
        await tokens.principal(token(sub=sub))
    assert len(tokens._remembered) == 3
    counted = CountedVerifications(monkeypatch)
    await tokens.principal(first)
    assert counted.number == 0, "the one that is used most was forgotten"


async def test_a_refusal_is_not_remembered(tokens: JwtAuthenticator, issuer: IssuerServer, token: Token) -> None:
    stranger = minted(minting_key("ES256", "key-9"), {"sub": "ada"})
    for _ in range(3):
        with pytest.raises(TokenRefused):
            await tokens.principal(stranger)
    assert not tokens._remembered


async def test_the_token_itself_is_not_kept(tokens: JwtAuthenticator, token: Token) -> None:
    right = token()
    await tokens.principal(right)
    assert right not in repr(vars(tokens))
    assert right.rpartition(".")[2] not in repr(vars(tokens))
