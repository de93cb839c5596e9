"""What must hold of every role's commits while rows of lanes are locked."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

# Postgres would give a lock up after five seconds.
SECONDS = 4

Commit = Callable[[int], Awaitable[None]]
"""Commits a batch of the lane of this partition, of which there are four."""


async def assert_one_is_not_waited_for(commit: Commit, onlooker: Any) -> None:
    async with onlooker.transaction():
        await onlooker.execute("SELECT FROM annals.lanes WHERE partition = 2 FOR UPDATE")
        commits = [asyncio.ensure_future(commit(partition)) for partition in range(4)]
        locked = commits.pop(2)
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*commits)
        assert not locked.done()
    await locked


async def assert_those_that_come_by_themselves_keep_no_other_waiting(commit: Commit, onlooker: Any) -> None:
    async with onlooker.transaction():
        await onlooker.execute("SELECT FROM annals.lanes WHERE partition > 0 FOR UPDATE")
        locked = []
        for partition in (1, 2, 3):
            locked.append(asyncio.ensure_future(commit(partition)))
            await asyncio.wait(locked, timeout=0.1)  # so it does not go together with the next one
        async with asyncio.timeout(SECONDS):
            await commit(0)
        assert not any(task.done() for task in locked)
    await asyncio.gather(*locked)
