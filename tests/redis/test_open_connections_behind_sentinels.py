"""Open connections follow a failover that they cannot notice themselves: the sentinels are asked now and then."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings
from tests.redis.cards import CARDS
from tests.redis.fake_sentinel import FakeSentinel, SentinelScene, server_behind_fakes
from tests.waiting import until
from workers.ports.lanes import Unavailable

KEYS = Keys()
FAULTS: dict[str, Callable[[FakeSentinel], None]] = {
    "silent": lambda sentinel: setattr(sentinel, "silent", True),
    "down": lambda sentinel: setattr(sentinel, "flags", "master,s_down,o_down"),
    "erring": lambda sentinel: setattr(sentinel, "error", "-ERR out of order"),
}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.redis.sentinels.ASK_TIMEOUT_SECONDS", 0.4)
    monkeypatch.setattr("infra.redis.sentinels.PRIMARY_TIMEOUT_SECONDS", 0.6)


@pytest_asyncio.fixture
async def scene(settings: Settings) -> AsyncIterator[SentinelScene]:
    async with server_behind_fakes(settings) as behind:
        yield behind


async def ask(redis: Any) -> None:
    await RedisReadModels(redis, KEYS).document(CARDS.projection, "ada")


async def test_an_open_connection_leaves_a_primary_that_was_replaced(
    scene: SentinelScene, monkeypatch: pytest.MonkeyPatch, hanging_address: tuple[str, int]
) -> None:
    """It still answers, as one that is cut off from the sentinels alone: only they can tell."""
    monkeypatch.setattr("infra.redis.sentinels.LOOK_INTERVAL_SECONDS", 0.05)
    async with client(scene.settings) as redis:
        await ask(redis)
        for sentinel in scene.sentinels:
            sentinel.address, sentinel.epoch = hanging_address, 2

        async def is_left() -> bool:
            try:
                await ask(redis)
            except Unavailable as error:
                return str(hanging_address[1]) in str(error)
            return False

        await until(is_left, "the new primary is asked", seconds=10)


async def test_without_looks_it_would_stay(
    scene: SentinelScene, monkeypatch: pytest.MonkeyPatch, hanging_address: tuple[str, int]
) -> None:
    """The control: the sentinels are asked by new connections only, as by redis-py's own pool."""
    monkeypatch.setattr("infra.redis.sentinels.LOOK_INTERVAL_SECONDS", 1e9)
    async with client(scene.settings) as redis:
        await ask(redis)
        for sentinel in scene.sentinels:
            sentinel.address, sentinel.epoch = hanging_address, 2
        for _ in range(100):
            await ask(redis)


@pytest.mark.parametrize("fault", FAULTS)
async def test_sentinels_that_fail_end_no_connection_that_works(
    scene: SentinelScene, monkeypatch: pytest.MonkeyPatch, dead_address: tuple[str, int], fault: str
) -> None:
    monkeypatch.setattr("infra.redis.sentinels.LOOK_INTERVAL_SECONDS", 0.02)
    async with client(scene.settings) as redis:
        await ask(redis)
        for sentinel in scene.sentinels[:2]:
            FAULTS[fault](sentinel)
        # Not even if the one that is left has lost its configuration.
        scene.sentinels[2].address, scene.sentinels[2].epoch = dead_address, 0 if fault == "down" else 9
        asked = scene.sentinels[2].asked

        async def looked() -> bool:
            await ask(redis)
            return scene.sentinels[2].asked > asked + 2

        await until(looked, "they were asked again", seconds=20)
