"""Whether whoever cancels something gets it cancelled, at whatever moment that is."""

import asyncio
from collections.abc import Awaitable, Callable

TURNS = 40


async def assert_ends_when_cancelled(
    step: Callable[[], Awaitable[object]], before: Callable[[], Awaitable[object]]
) -> None:
    """Cancel a task that takes the step for ever, after each number of turns of the loop. `before` comes before each
    task.
    """

    async def for_ever() -> None:
        while True:
            await step()

    for turns in range(TURNS):
        await before()
        task = asyncio.create_task(for_ever())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=5)
        assert task.cancelled(), f"after {turns} turns of the loop it has not ended"
