"""Merges several async iterators into one, each item as soon as it arrives; used to follow the logs of all contexts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeVar

MAX_BUFFERED = 100

Item = TypeVar("Item")


async def merged(sources: Sequence[AsyncIterator[Item]]) -> AsyncIterator[Item]:
    """The items of all sources, those of one source in its order; ends when all sources have ended.

    The first exception of a source is raised and ends the others. At most `MAX_BUFFERED` items wait for the caller.
    """
    items: asyncio.Queue[Item] = asyncio.Queue(MAX_BUFFERED)

    async def read(source: AsyncIterator[Item]) -> None:
        async for item in source:
            await items.put(item)

    reading: asyncio.Future[Any] = asyncio.gather(*(read(source) for source in sources))
    following: asyncio.Future[Any] = asyncio.ensure_future(items.get())
    try:
        while True:
            await asyncio.wait({reading, following}, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                yield following.result()
                following = asyncio.ensure_future(items.get())
            elif items.empty():
                reading.result()
                return
    finally:
        for task in (reading, following):
            task.cancel()
        await asyncio.wait({reading, following})
        if not reading.cancelled():
            reading.exception()  # otherwise asyncio reports on stderr that it was never retrieved
