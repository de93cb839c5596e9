"""Copies a context, lane by lane. Commands go on meanwhile. An interrupted copy continues where it was."""

from collections.abc import Callable
from typing import NamedTuple

from contracts.copying import Transform
from contracts.stored_events import StoredEvents
from workers.operations.stream_generations.transforming import transformed
from workers.ports.stream_generations import RECORDED, StreamCopies, StreamGeneration, StreamGenerations

EVENTS_AT_A_TIME = 1000
LOOKS = 3
"""How often the end of a busy context is looked for. What is still missing then, the switch copies."""

Advance = Callable[[int], None]
"""Called with the number of events after each chunk: shows progress."""


class Copying(NamedTuple):
    """The function of a copy: its name as `module:function`, and the fingerprint of its code."""

    transform: Transform
    name: str
    fingerprint: str


async def next_generation(
    generations: StreamGenerations, context: str, copying: Copying, *, fresh: bool
) -> StreamGeneration:
    """The copy to go on with: an unfinished one of the live generation by the same function and code, or a new one if
    there is none or with `fresh`. Raises Unavailable and CopyConflict.
    """
    live = await generations.live(context)
    existing = await generations.existing(context)
    newest = existing[-1] if existing else None
    if (
        newest is not None
        and not fresh
        and newest.number not in (live.number, live.previous)
        and (newest.copied_from, newest.transform, newest.fingerprint)
        == (live.number, copying.name, copying.fingerprint)
    ):
        return newest
    return await generations.begin(context, live.number, copying.name, copying.fingerprint)


async def events_to_copy(copies: StreamCopies, generation: StreamGeneration) -> int:
    """How many events the copy lacks now. Raises Unavailable."""
    ends = await copies.lane_sequences(generation.context)
    return sum(max(end - generation.copied_to.get(partition, 0), 0) for partition, end in ends.items())


async def copy(
    copies: StreamCopies,
    generation: StreamGeneration,
    transform: Transform,
    events: StoredEvents,
    advance: Advance = lambda _: None,
) -> StreamGeneration:
    """Copy what is there; returns the generation as it is then. Raises Unavailable, CopyConflict and TransformRefused.

    A context in use grows meanwhile: the end is looked for some times.
    """
    for _ in range(LOOKS):
        if not await events_to_copy(copies, generation):
            break
        for partition, end in sorted((await copies.lane_sequences(generation.context)).items()):
            generation = await _copy_lane(copies, generation, partition, end, transform, events, advance)
    return generation


async def _copy_lane(
    copies: StreamCopies,
    generation: StreamGeneration,
    partition: int,
    end: int,
    transform: Transform,
    events: StoredEvents,
    advance: Advance,
) -> StreamGeneration:
    while (sequence := generation.copied_to.get(partition, 0)) < end:
        rows = await copies.events_after(generation.context, partition, sequence, EVENTS_AT_A_TIME)
        if not rows:
            break
        copied = [transformed(row, transform, events) for row in rows]
        if generation.copied_from == RECORDED:
            copied = [new for row, new in zip(rows, copied, strict=True) if new is not row]
        generation = await copies.store(generation, partition, rows[-1].sequence, copied)
        advance(len(rows))
    return generation
