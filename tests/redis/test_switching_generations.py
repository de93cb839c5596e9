"""Two operators switch the live generation at the same moment: one of them gets an error that says it was late."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from infra.redis.generations import RedisGenerations
from infra.redis.keys import Keys
from workers.ports.generations import SwitchConflict
from workers.ports.read_models import Generation

FIRST, SECOND, THIRD = (Generation("cards", number) for number in (1, 2, 3))


class Overtaken:
    """A client; between its WATCH and its EXEC something happens."""

    def __init__(self, redis: Any, action: Callable[[], Awaitable[Any]]) -> None:
        self._redis = redis
        self._action = action

    def __getattr__(self, name: str) -> Any:
        return getattr(self._redis, name)

    def pipeline(self, **options: Any) -> Any:
        pipeline = self._redis.pipeline(**options)
        execute = pipeline.execute

        async def overtaken() -> Any:
            await self._action()
            return await execute()

        pipeline.execute = overtaken
        return pipeline


async def test_makes_it_live_and_knows_the_one_before(redis: Any, keys: Keys) -> None:
    generations = RedisGenerations(redis, keys)
    await generations.switch(FIRST, SECOND)
    assert (await generations.live("cards"), await generations.previous("cards")) == (SECOND, FIRST)
    assert await generations.existing("cards") == [FIRST, SECOND]


@pytest.mark.parametrize("moved_to", [1, 2, 3], ids=["to the same", "to ours", "to a third"])
async def test_is_rejected_when_another_does_it_half_way(redis: Any, keys: Keys, moved_to: int) -> None:
    await RedisGenerations(redis, keys).begin(SECOND)
    late = RedisGenerations(Overtaken(redis, lambda: redis.set(keys.live("cards"), moved_to)), keys)
    with pytest.raises(SwitchConflict, match="look again"):
        await late.switch(FIRST, SECOND)
    seen = RedisGenerations(redis, keys)
    assert await seen.live("cards") == Generation("cards", moved_to)
    assert await seen.previous("cards") is None
    assert await redis.smembers(keys.begun("cards")) == {b"2"}


async def test_of_what_is_not_live_any_more_is_rejected(redis: Any, keys: Keys) -> None:
    generations = RedisGenerations(redis, keys)
    await generations.switch(FIRST, SECOND)
    with pytest.raises(SwitchConflict):
        await generations.switch(FIRST, THIRD)
    assert await generations.live("cards") == SECOND


async def test_of_another_projection_disturbs_no_switch(redis: Any, keys: Keys) -> None:
    late = RedisGenerations(Overtaken(redis, lambda: redis.set(keys.live("others"), 7)), keys)
    await late.switch(FIRST, SECOND)
    assert await late.live("cards") == SECOND
