"""A token is fetched once for all who ask, and again before it expires; one that is still valid outlasts its issuer."""

import asyncio

import pytest

from infra.identity.client_credentials import AccessToken, TokenNotIssued
from infra.identity.token_cache import REFUSED_SECONDS, RETRY_SECONDS, TokenCache
from infra.memory.clock import MemoryClock

LIFETIME_SECONDS = 100.0


class Endpoint:
    """Issues numbered tokens while it is there; `held` keeps it from answering."""

    def __init__(self) -> None:
        self.times_asked = 0
        self.is_away = False
        self.held = asyncio.Event()
        self.held.set()

    async def fetch(self) -> AccessToken:
        self.times_asked += 1
        number = self.times_asked
        await self.held.wait()
        if self.is_away:
            raise TokenNotIssued("it is away")
        return AccessToken(f"token-{number}", LIFETIME_SECONDS)


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock(1000.0)


@pytest.fixture
def cache(endpoint: Endpoint, clock: MemoryClock) -> TokenCache:
    return TokenCache(endpoint.fetch, clock)


async def test_is_fetched_once_for_all_who_ask_at_once(cache: TokenCache, endpoint: Endpoint) -> None:
    endpoint.held.clear()
    asking = [asyncio.create_task(cache.token()) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()  # whoever gives up takes the token from nobody else
    await asyncio.sleep(0)
    endpoint.held.set()
    assert set(await asyncio.gather(*asking[1:])) == {"token-1"}
    assert endpoint.times_asked == 1


async def test_is_used_until_a_fifth_of_its_time_is_left(
    cache: TokenCache, endpoint: Endpoint, clock: MemoryClock
) -> None:
    await cache.token()
    clock.advance(79.0)
    assert await cache.token() == "token-1"
    clock.advance(1.0)
    assert await cache.token() == "token-2"
    assert endpoint.times_asked == 2


async def test_outlasts_an_issuer_that_is_away_as_long_as_it_is_valid(
    cache: TokenCache, endpoint: Endpoint, clock: MemoryClock
) -> None:
    await cache.token()
    endpoint.is_away = True
    clock.advance(99.0)
    assert await cache.token() == "token-1"
    clock.advance(1.0)
    with pytest.raises(TokenNotIssued, match="it is away"):
        await cache.token()
    endpoint.is_away = False
    clock.advance(RETRY_SECONDS)
    assert await cache.token() == f"token-{endpoint.times_asked}"


async def test_an_issuer_that_is_away_is_asked_at_intervals(
    cache: TokenCache, endpoint: Endpoint, clock: MemoryClock
) -> None:
    endpoint.is_away = True
    for _ in range(20):
        with pytest.raises(TokenNotIssued, match="it is away"):
            await cache.token()
    assert endpoint.times_asked == 1
    clock.advance(RETRY_SECONDS)
    with pytest.raises(TokenNotIssued):
        await cache.token()
    assert endpoint.times_asked == 2


async def test_one_that_is_refused_is_replaced_at_intervals(
    cache: TokenCache, endpoint: Endpoint, clock: MemoryClock
) -> None:
    for _ in range(20):
        cache.refused(await cache.token())
    assert endpoint.times_asked == 1
    clock.advance(REFUSED_SECONDS)
    cache.refused("token-0")
    assert [await cache.token(), await cache.token()] == ["token-2", "token-2"]
    cache.refused("token-1")  # said late, by who still had the former one
    clock.advance(REFUSED_SECONDS)
    assert await cache.token() == "token-2"


async def test_the_time_that_the_fetch_takes_counts(endpoint: Endpoint, clock: MemoryClock) -> None:
    async def slow() -> AccessToken:
        clock.advance(LIFETIME_SECONDS)
        return await endpoint.fetch()

    with pytest.raises(TokenNotIssued):
        await TokenCache(slow, clock).token()


def test_event_loops_one_after_the_other_share_it(cache: TokenCache, endpoint: Endpoint, clock: MemoryClock) -> None:
    async def ask_and_leave() -> None:
        endpoint.held.clear()
        asking = asyncio.create_task(cache.token())
        await asyncio.sleep(0)
        asking.cancel()

    asyncio.run(ask_and_leave())
    endpoint.held = asyncio.Event()
    endpoint.held.set()
    assert asyncio.run(cache.token()) == "token-2"
    assert asyncio.run(cache.token()) == "token-2"
