"""Sentinels that are away, late, wrong or of another opinion: one that is right is enough, and else all is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings
from tests.redis.cards import CARDS
from tests.redis.fake_sentinel import HOST, PASSWORD, UNKNOWN, FakeSentinel, SentinelScene, server_behind_fakes
from tests.waiting import until
from workers.ports.lanes import Unavailable

KEYS = Keys()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.redis.sentinels.ASK_TIMEOUT_SECONDS", 0.4)
    monkeypatch.setattr("infra.redis.sentinels.PRIMARY_TIMEOUT_SECONDS", 0.6)


@pytest.fixture
def _long_waits(monkeypatch: pytest.MonkeyPatch, _short_waits: None) -> None:
    """Where an answer is expected, a busy machine may take its time."""
    monkeypatch.setattr("infra.redis.sentinels.ASK_TIMEOUT_SECONDS", 60.0)
    monkeypatch.setattr("infra.redis.sentinels.PRIMARY_TIMEOUT_SECONDS", 120.0)


@pytest_asyncio.fixture
async def scene(settings: Settings) -> AsyncIterator[SentinelScene]:
    async with server_behind_fakes(settings) as behind:
        yield behind


async def ask(redis: Any) -> None:
    await RedisReadModels(redis, KEYS).document(CARDS.projection, "ada")


async def complaint(scene: SentinelScene) -> str:
    async with client(scene.settings) as redis, asyncio.timeout(30):
        with pytest.raises(Unavailable) as caught:
            await ask(redis)
    message = f"{caught.value} {caught.value!r}"
    assert PASSWORD not in message
    assert "@" not in message
    return str(caught.value)


async def answers(scene: SentinelScene) -> None:
    async with client(scene.settings) as redis:
        await ask(redis)


def erring(sentinel: FakeSentinel) -> None:
    sentinel.error = "-ERR out of order"


def silent(sentinel: FakeSentinel) -> None:
    sentinel.silent = True


def late(sentinel: FakeSentinel) -> None:
    sentinel.delay_seconds = 120


def unknowing(sentinel: FakeSentinel) -> None:
    sentinel.error = UNKNOWN


def asking_for_a_password(sentinel: FakeSentinel) -> None:
    sentinel.error = "-WRONGPASS invalid username-password pair or user is disabled."


def forbidding(sentinel: FakeSentinel) -> None:
    sentinel.error = "-NOPERM User annals has no permissions to run the 'sentinel|master' command"


def a_server(sentinel: FakeSentinel) -> None:
    sentinel.error = "-ERR unknown command 'SENTINEL', with args beginning with: 'MASTER' 'cards'"


def nonsense(sentinel: FakeSentinel) -> None:
    sentinel.error = "+OK"


def of_no_port(sentinel: FakeSentinel) -> None:
    sentinel.address = (HOST, 99999)


def no_protocol(sentinel: FakeSentinel) -> None:
    sentinel.error = "HTTP/1.1 400 Bad Request"


def down(sentinel: FakeSentinel) -> None:
    sentinel.flags = "master,s_down,o_down"


FAULTS: dict[str, tuple[Callable[[FakeSentinel], None], str]] = {
    "erring": (erring, "out of order"),
    "silent": (silent, "no answer in time"),
    "late": (late, "see that the sentinels run"),
    "unknowing": (unknowing, "set the name of the primary in ANNALS_REDIS_URL right"),
    "asking for a password": (asking_for_a_password, "ANNALS_REDIS_SENTINEL_PASSWORD"),
    "forbidding": (forbidding, "+sentinel|master"),
    "a server": (a_server, "begins with redis://"),
    "nonsense": (nonsense, "answers what no sentinel does"),
    "of no port": (of_no_port, "answers what no sentinel does"),
    "no protocol": (no_protocol, "see that the sentinels run"),
    "down": (down, "is down, as a sentinel says"),
}


@pytest.mark.usefixtures("_long_waits")
@pytest.mark.parametrize("name", FAULTS)
async def test_one_that_is_right_is_enough(scene: SentinelScene, name: str) -> None:
    for sentinel in scene.sentinels[:2]:
        FAULTS[name][0](sentinel)
    await answers(scene)


@pytest.mark.parametrize("name", FAULTS)
async def test_what_is_wrong_with_all_is_told(scene: SentinelScene, name: str) -> None:
    for sentinel in scene.sentinels:
        FAULTS[name][0](sentinel)
    message = await complaint(scene)
    assert FAULTS[name][1] in message
    assert "no primary of cards is named" in message


async def test_sentinels_that_are_not_there_are_told_with_their_addresses(
    scene: SentinelScene, dead_address: tuple[str, int]
) -> None:
    url = SecretStr(f"redis+sentinel://ada:hidden@{HOST}:{dead_address[1]}/cards/0")
    message = await complaint(scene._replace(settings=scene.settings.model_copy(update={"redis_url": url})))
    assert f"{HOST}:{dead_address[1]}" in message
    assert "see that the sentinels run" in message


@pytest.mark.usefixtures("_long_waits")
async def test_most_that_answer_are_enough(scene: SentinelScene) -> None:
    """One that hangs costs no wait."""
    silent(scene.sentinels[0])
    async with asyncio.timeout(30):
        await answers(scene)


@pytest.mark.parametrize("old", [0, 1, 2])
async def test_the_newest_configuration_counts(scene: SentinelScene, dead_address: tuple[str, int], old: int) -> None:
    """A failover has a higher epoch: who has not heard of it is outvoted."""
    for sentinel in scene.sentinels:
        sentinel.epoch = 2
    scene.sentinels[old].epoch, scene.sentinels[old].address = 1, dead_address
    await answers(scene)


async def test_a_new_primary_that_is_down_is_not_replaced_by_an_old_one(
    scene: SentinelScene, dead_address: tuple[str, int]
) -> None:
    for sentinel in scene.sentinels[:2]:
        sentinel.epoch, sentinel.address = 2, dead_address
        down(sentinel)
    assert "is down, as a sentinel says" in await complaint(scene)


async def test_a_dead_primary_is_told(scene: SentinelScene, dead_address: tuple[str, int]) -> None:
    for sentinel in scene.sentinels:
        sentinel.address = dead_address
    message = await complaint(scene)
    assert f"{HOST}:{dead_address[1]}, which is named as the primary of cards, cannot be reached" in message
    assert "SENTINEL MASTER" in message


async def test_a_primary_that_hangs_is_told_in_time(scene: SentinelScene, hanging_address: tuple[str, int]) -> None:
    for sentinel in scene.sentinels:
        sentinel.address = hanging_address
    message = await complaint(scene)
    assert "cannot be reached: no answer in time" in message


async def test_a_wrong_password_for_the_primary_is_told_as_such(scene: SentinelScene) -> None:
    url = SecretStr(f"redis+sentinel://ada:hidden@{HOST}:{scene.sentinels[0].port}/cards/0")
    message = await complaint(scene._replace(settings=scene.settings.model_copy(update={"redis_url": url})))
    assert "set user and password in ANNALS_REDIS_URL right" in message


async def test_many_callers_share_the_question(scene: SentinelScene) -> None:
    async with client(scene.settings) as redis:
        await asyncio.gather(*(redis.get(f"annals:{number}") for number in range(40)))
    assert all(1 <= sentinel.asked <= 5 for sentinel in scene.sentinels)


async def test_callers_that_are_cancelled_leave_the_others_their_answer(scene: SentinelScene) -> None:
    for sentinel in scene.sentinels:
        sentinel.delay_seconds = 0.05
    async with client(scene.settings) as redis:
        callers = [asyncio.create_task(redis.get("annals:x")) for _ in range(5)]
        await until(lambda: begun(redis), "the sentinels are being asked")
        for caller in callers[:4]:
            caller.cancel()
        assert await callers[4] is None
        assert [caller.cancelled() for caller in await settled(callers[:4])] == [True] * 4


async def begun(redis: Any) -> bool:
    return redis.sentinels._look is not None


async def settled(tasks: list["asyncio.Task[Any]"]) -> list["asyncio.Task[Any]"]:
    await asyncio.wait(tasks)
    return tasks
