"""Several streams of things read as one, each thing as soon as it is there: what follows the logs of all contexts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeVar

MAX_WAITING = 100

Thing = TypeVar("Thing")


async def side_by_side(sources: Sequence[AsyncIterator[Thing]]) -> AsyncIterator[Thing]:
    """The things of all sources, those of one in their order; ends when all have ended.

    The first exception of a source ends all of it. At most `MAX_WAITING` things wait for the reader.
    """
    found: asyncio.Queue[Thing] = asyncio.Queue(MAX_WAITING)

    async def read(source: AsyncIterator[Thing]) -> None:
        async for thing in source:
            await found.put(thing)

    reading: asyncio.Future[Any] = asyncio.gather(*(read(source) for source in sources))
    following: asyncio.Future[Any] = asyncio.ensure_future(found.get())
    try:
        while True:
            await asyncio.wait({reading, following}, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                yield following.result()
                following = asyncio.ensure_future(found.get())
            elif found.empty():
                reading.result()
                return
    finally:
        for task in (reading, following):
            task.cancel()
        await asyncio.wait({reading, following})
        if not reading.cancelled():
            reading.exception()  # else asyncio would say on stderr that nobody has asked for it
