"""Builds a generation: applies the log from its beginning through the workers' own projection lane.

Queries and workers use the live generation meanwhile. An interrupted build continues from its checkpoints.
"""

from collections.abc import Callable

from workers.core.projection import Projection
from workers.fingerprint import fingerprint
from workers.lanes.work import Restart
from workers.operations.generations.ports import GenerationPorts
from workers.ports.generations import GenerationStatus
from workers.ports.read_models import START, Generation
from workers.projection.lane import ProjectionLane

Advance = Callable[[int], None]
"""Called with the number of records or documents after each chunk: shows progress."""


class BuildConflict(Exception):
    """Something else changed the generation while it was built: another rebuild, or the store was emptied."""

    def __init__(self, generation: Generation) -> None:
        super().__init__(
            f"generation {generation.number} of {generation.projection} was changed while it was built, by another "
            "rebuild or because the store was emptied. When that has ended, run the command again"
        )
        self.generation = generation


async def next_generation(ports: GenerationPorts, projection: Projection, *, fresh: bool) -> Generation:
    """The generation to build: an unfinished one of the same code, or a new one if there is none or with `fresh`.

    Drops every other generation except the live and the previous one. Raises Unavailable.
    """
    generations = ports.generations
    live = await generations.live(projection.name)
    previous = await generations.previous(projection.name)
    existing = await generations.existing(projection.name)
    spare = [generation for generation in existing if generation not in (live, previous)]
    newest = existing[-1]
    # Only a build that was begun after all that have been live can be unfinished, or finished and not switched to.
    if newest in spare and not fresh and await _is_by_this_code(ports, projection, newest):
        chosen = newest
    else:
        chosen = await _unused_after(ports, projection, newest)
    for generation in spare:
        if generation != chosen:
            await generations.drop(generation)
    await generations.begin(chosen)
    return chosen


async def _unused_after(ports: GenerationPorts, projection: Projection, newest: Generation) -> Generation:
    """The next generation of which nothing is stored: the store may have lost the note that one was begun or live."""
    number = newest.number
    while True:
        number += 1
        generation = Generation(projection.name, number)
        status = await ports.generations.status(generation, ports.lanes_of(projection))
        if not status.documents and all(checkpoint == START for checkpoint in status.checkpoints.values()):
            return generation


async def _is_by_this_code(ports: GenerationPorts, projection: Projection, generation: Generation) -> bool:
    return is_by_this_code(projection, await ports.generations.status(generation, ports.lanes_of(projection)))


def is_by_this_code(projection: Projection, status: GenerationStatus) -> bool:
    """Whether no lane of the generation was begun with other code of the projection than this."""
    ours = fingerprint(projection.evolve, projection.indexes)
    return all(checkpoint.code in ("", ours) for checkpoint in status.checkpoints.values())


async def bring_up_to_date(
    ports: GenerationPorts, projection: Projection, generation: Generation, advance: Advance = lambda _: None
) -> None:
    """Apply to a generation that is not live all records that the log has now. `advance` counts the records read.

    Raises Unavailable or BuildConflict.
    """
    for topic, partition in ports.lanes_of(projection):
        lane = ProjectionLane(
            projection, ports.topics, partition, ports.events, ports.table, ports.store, building=generation
        )
        try:
            offset = await lane.acquire()
            async for records in ports.log.records(topic, partition, offset):
                await lane.handle(records)
                advance(len(records))
        except Restart as error:
            raise BuildConflict(generation) from error


async def build(
    ports: GenerationPorts, projection: Projection, generation: Generation, advance: Advance = lambda _: None
) -> int:
    """Bring a generation that is not live to the end of the log; returns the number of its documents.

    Raises Unavailable or BuildConflict.
    """
    await bring_up_to_date(ports, projection, generation, advance)
    await bring_up_to_date(ports, projection, generation)  # what was recorded meanwhile
    return (await ports.generations.status(generation, [])).documents


async def records_to_read(ports: GenerationPorts, projection: Projection, generation: Generation) -> int:
    """How many records `bring_up_to_date` would read now. Raises Unavailable."""
    lanes = ports.lanes_of(projection)
    status = await ports.generations.status(generation, lanes)
    ends = [await ports.log.end(topic, partition) for topic, partition in lanes]
    return sum(max(end - status.checkpoints[lane].offset, 0) for lane, end in zip(lanes, ends, strict=True))
