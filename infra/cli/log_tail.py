"""The end of a context's event log, read with the same client that other services use."""

import asyncio
from collections.abc import AsyncIterator

from contracts.client.event_reader import EventReader, ReadEvent, ReadPosition
from contracts.client.ordered_log import pass_gap
from contracts.topics import Topics
from infra.kafka.connection import security_of
from infra.kafka.extent import Extent, topic_extent
from infra.locating import located
from infra.settings import Settings

LAST_EVENTS_OF_A_PARTITION = 10
PROGRESS_CHECK_SECONDS = 0.5
# Ends a reading without --follow when the last records are not ours and so are never returned. Longer than the reader
# tries to connect, so that its error is raised.
MAX_IDLE_SECONDS = 15.0


async def log_tail(settings: Settings, context: str, *, follow: bool, from_start: bool) -> AsyncIterator[ReadEvent]:
    """The last few events of each partition (`from_start`: all), and with `follow` all later ones, without end.

    Raises StackNotRunning, Unavailable or KafkaUnavailable.
    """
    settings = located(settings)
    extents = await topic_extent(settings, Topics(settings.topic_prefix).events(context))
    back = {number: extent.first if from_start else _start(extent) for number, extent in extents.items()}
    reader = EventReader(
        settings.kafka_bootstrap_servers or "",
        context=context,
        topic_prefix=settings.topic_prefix,
        security=security_of(settings),
        positions={number: ReadPosition(0, offset) for number, offset in back.items()},
        # A person looks at what is there; `annals verify` tells what is not.
        on_gap=pass_gap,
        gap_wait_seconds=0,
    )
    ends = None if follow else {number: extent.end for number, extent in extents.items()}
    async for read in _until(reader, ends):
        yield read


def _start(extent: Extent) -> int:
    return max(extent.first, extent.end - LAST_EVENTS_OF_A_PARTITION)


async def _until(reader: EventReader, ends: dict[int, int] | None) -> AsyncIterator[ReadEvent]:
    """The reader's events up to these ends (None: without end)."""
    iterator = aiter(reader)
    idle_seconds = 0.0
    following: asyncio.Task[ReadEvent] | None = None
    try:
        while ends is None or any(reader.positions[number].offset < end for number, end in ends.items()):
            following = following or asyncio.ensure_future(_next(iterator))
            if not (await asyncio.wait({following}, timeout=PROGRESS_CHECK_SECONDS))[0]:
                idle_seconds += PROGRESS_CHECK_SECONDS
                if ends is not None and idle_seconds >= MAX_IDLE_SECONDS:
                    return
                continue
            idle_seconds = 0.0
            read, following = following.result(), None
            if ends is None or read.offset < ends[read.partition]:
                yield read
    finally:
        if following is not None:
            following.cancel()
            await asyncio.wait({following})


async def _next(iterator: AsyncIterator[ReadEvent]) -> ReadEvent:
    return await anext(iterator)
