"""Waits for the progress of others: a count that rises, or a condition; a minute without progress is an error."""

import asyncio
from collections.abc import Awaitable, Callable

STALLED_SECONDS = 60.0
POLL_SECONDS = 0.05
QUIET_SECONDS = 1.0


class Stalled(Exception):
    """What is measured made no progress for a minute; its log lines say why."""

    def __init__(self, what: str, done: float, wanted: float) -> None:
        super().__init__(f"{what} stopped at {done:g} of {wanted:g}; see the log lines above")


async def progressed(what: str, done: Callable[[], Awaitable[float]], before: float, wanted: float) -> float:
    """How much is done once it is more than `before`. Raises Stalled."""
    end = asyncio.get_running_loop().time() + STALLED_SECONDS
    while (at := await done()) <= before:
        if asyncio.get_running_loop().time() > end:
            raise Stalled(what, at, wanted)
        await asyncio.sleep(POLL_SECONDS)
    return at


async def reached(what: str, done: Callable[[], Awaitable[float]], wanted: float) -> float:
    """How much is done once it is so much or more. Raises Stalled."""
    at = -1.0
    while at < wanted:
        at = await progressed(what, done, at, wanted)
        if at < wanted:
            await asyncio.sleep(POLL_SECONDS)
    return at


async def quiet(count: Callable[[], Awaitable[float]]) -> None:
    """Wait until a count has not changed for a second."""
    loop = asyncio.get_running_loop()
    last, since = await count(), loop.time()
    while loop.time() < since + QUIET_SECONDS:
        await asyncio.sleep(POLL_SECONDS)
        if (now := await count()) != last:
            last, since = now, loop.time()
