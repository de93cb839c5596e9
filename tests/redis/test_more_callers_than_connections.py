"""More callers at once than the client may have connections: they wait their turn, and none is refused."""

import asyncio

import pytest

from infra.redis import connection
from infra.redis.connection import client
from infra.settings import Settings

CALLERS = 40


@pytest.fixture(autouse=True)
def few_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 2)


async def test_each_is_answered(settings: Settings) -> None:
    async with client(settings) as redis:
        answers = await asyncio.gather(*(redis.echo(str(number)) for number in range(CALLERS)))
        assert answers == [str(number).encode() for number in range(CALLERS)]


async def test_who_gives_up_keeps_none_from_its_turn(settings: Settings) -> None:
    async with client(settings) as redis:
        calls = [asyncio.ensure_future(redis.echo(str(number))) for number in range(CALLERS)]
        await asyncio.sleep(0)
        for call in calls[::3]:
            call.cancel()
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [answer for answer in answers if isinstance(answer, bytes)] == [
            str(number).encode() for number in range(CALLERS) if number % 3
        ]
