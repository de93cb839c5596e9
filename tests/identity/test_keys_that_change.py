"""An issuer changes its keys, goes away and comes back; callers who make up key ids cost it next to nothing."""

import asyncio

import pytest

from infra.identity.issuer_keys import IssuerKey
from infra.identity.key_set import KeySet, KeyTimes
from infra.identity.tokens import JwtAuthenticator
from infra.memory.clock import MemoryClock
from infra.monotonic_clock import MonotonicClock
from tests.identity.conftest import Token
from tests.identity.issuer_server import JWKS, IssuerServer, response
from tests.identity.minting import claims, minted, minting_key
from tests.waiting import until
from workers.ports.identity import TokenRefused
from workers.ports.lanes import Unavailable

NEW = minting_key("ES256", "key-2")


async def test_a_new_key_is_fetched_when_a_token_names_it(
    tokens: JwtAuthenticator, issuer: IssuerServer, clock: MemoryClock, token: Token
) -> None:
    await tokens.principal(token())
    issuer.publish(minting_key().jwk(), NEW.jwk())
    clock.advance(30)
    assert (await tokens.principal(minted(NEW, claims(issuer.url)))).name == "ada"
    assert issuer.times_asked() == 2


async def test_a_flood_of_unknown_key_ids_costs_one_fetch(
    tokens: JwtAuthenticator, issuer: IssuerServer, clock: MemoryClock, token: Token
) -> None:
    await tokens.principal(token())
    clock.advance(31)
    flood = [tokens.principal(minted(NEW, claims(issuer.url), kid=f"made up {number}")) for number in range(200)]
    answers = await asyncio.gather(*flood, return_exceptions=True)
    assert all(isinstance(answer, TokenRefused) for answer in answers)
    clock.advance(29)
    with pytest.raises(TokenRefused):
        await tokens.principal(minted(NEW, claims(issuer.url)))
    assert issuer.times_asked() == 2


async def test_the_control_without_a_pause_each_unknown_id_costs_one(
    keys: KeySet, tokens: JwtAuthenticator, issuer: IssuerServer
) -> None:
    keys._times = KeyTimes(unknown_key_seconds=0)
    for number in range(5):
        with pytest.raises(TokenRefused):
            await tokens.principal(minted(NEW, claims(issuer.url), kid=f"made up {number}"))
    assert issuer.times_asked() == 5


async def test_a_start_while_the_issuer_is_away_is_no_refusal(
    tokens: JwtAuthenticator, issuer: IssuerServer, token: Token, keys: KeySet
) -> None:
    await issuer.end()
    for _ in range(3):
        with pytest.raises(Unavailable, match="the issuer of tokens"):
            await tokens.principal(token())
    await issuer.begin()
    await keys.refresh()
    assert (await tokens.principal(token())).name == "ada"


async def test_the_last_keys_serve_while_the_issuer_is_away(
    tokens: JwtAuthenticator, issuer: IssuerServer, keys: KeySet, token: Token, clock: MemoryClock
) -> None:
    await tokens.principal(token())
    for wrong in (b"", response(b"", "500 Oops"), response(b'{"keys": []}'), response(b"<html>")):
        issuer.answers[JWKS] = wrong
        clock.advance(300)
        await keys.refresh()
        assert (await tokens.principal(token(jti=f"{len(wrong)}"))).name == "ada"
    await issuer.end()
    clock.advance(300)
    await keys.refresh()
    assert (await tokens.principal(token(jti="away"))).name == "ada"
    # One that may be of a new key cannot be judged now: neither believed nor refused.
    with pytest.raises(Unavailable):
        await tokens.principal(minted(NEW, claims(issuer.url)))


async def test_but_not_for_ever(
    tokens: JwtAuthenticator, issuer: IssuerServer, keys: KeySet, token: Token, clock: MemoryClock
) -> None:
    """Whoever keeps the issuer from answering must not keep a stolen key alive."""
    right = token()
    await tokens.principal(right)
    await issuer.end()
    clock.advance(86_401)
    with pytest.raises(Unavailable):
        await tokens.principal(right)


async def test_a_key_that_has_left_is_believed_no_longer_also_for_a_token_that_was_believed(
    tokens: JwtAuthenticator, issuer: IssuerServer, keys: KeySet, token: Token
) -> None:
    right = token()
    await tokens.principal(right)
    issuer.publish(NEW.jwk())
    assert (await tokens.principal(right)).name == "ada"
    await keys.refresh()
    with pytest.raises(TokenRefused, match="no key by which"):
        await tokens.principal(right)


async def test_the_control_what_is_remembered_of_former_keys_would_be_believed(
    tokens: JwtAuthenticator, issuer: IssuerServer, keys: KeySet, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "generation", lambda: 0)
    right = token()
    await tokens.principal(right)
    issuer.publish(NEW.jwk())
    await keys.refresh()
    assert (await tokens.principal(right)).name == "ada"


async def test_another_key_under_the_same_id_replaces_it(
    tokens: JwtAuthenticator, issuer: IssuerServer, keys: KeySet, token: Token
) -> None:
    right = token()
    await tokens.principal(right)
    issuer.publish(NEW.jwk(kid="key-1"))
    await keys.refresh()
    with pytest.raises(TokenRefused, match="signature"):
        await tokens.principal(right)


async def test_a_slow_issuer_holds_up_nobody_whose_key_is_known(
    tokens: JwtAuthenticator, issuer: IssuerServer, keys: KeySet, token: Token, clock: MemoryClock
) -> None:
    await tokens.principal(token())
    issuer.held.clear()
    clock.advance(60)
    waiting = asyncio.create_task(tokens.principal(minted(NEW, claims(issuer.url))))
    refreshing = asyncio.create_task(keys.refresh())
    assert (await tokens.principal(token(jti="meanwhile"))).name == "ada"
    assert not waiting.done()
    issuer.publish(NEW.jwk())
    issuer.held.set()
    await refreshing
    assert (await waiting).name == "ada"


async def test_who_gives_up_waiting_does_not_end_the_fetch(
    tokens: JwtAuthenticator, issuer: IssuerServer, token: Token
) -> None:
    issuer.held.clear()
    gone, waiting = (asyncio.create_task(tokens.principal(token())) for _ in range(2))

    async def asked() -> bool:
        return bool(issuer.asked)

    await until(asked, "the issuer is asked", seconds=5)
    gone.cancel()
    issuer.held.set()
    assert (await waiting).name == "ada"
    assert issuer.times_asked() == 1


async def test_they_are_fetched_again_and_again(issuer: IssuerServer) -> None:
    """Also after failures, and after a bug."""
    answers: list[list[IssuerKey] | Exception] = []

    async def fetch() -> list[IssuerKey]:
        answers.append(error := RuntimeError("a bug"))
        raise error

    keys = KeySet(fetch, MonotonicClock(), KeyTimes(refresh_seconds=0.01, retry_seconds=0.01))
    running = asyncio.create_task(keys.keep_fresh())

    async def several() -> bool:
        return len(answers) > 3

    await until(several, "the keys are fetched again after a bug", seconds=5)
    assert not running.done()
    with pytest.raises(Unavailable):
        await keys.key("key-1", "ES256")
    running.cancel()
