"""Builds a generation: applies the log from its beginning through the workers' own projection lane.

Queries and workers use the live generation meanwhile. An interrupted build continues from its checkpoints.
"""

from collections.abc import Callable, Iterable

from contracts.stored_events import StoredEvents
from workers.core.projection import Projection
from workers.lanes.work import LaneWork, Restart
from workers.operations.generations.ports import GenerationPorts
from workers.ports.generations import GenerationStatus
from workers.ports.read_models import START, Generation
from workers.projection.code import code_of_projection, code_of_section
from workers.projection.lane import ProjectionLane
from workers.projection.section_lane import SectionLane

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
    status = await ports.generations.status(generation, ports.lanes_of(projection))
    return is_by_this_code(projection, ports.events, status)


def is_by_this_code(projection: Projection, models: StoredEvents, status: GenerationStatus) -> bool:
    """Whether no lane of the generation was begun with other code of the projection than this."""
    ours = {"": code_of_projection(projection, models)}
    ours |= {f":{section.name}": code_of_section(section, models) for section in projection.sections}
    return all(
        checkpoint.code in ("", ours[_section_in(topic, ours)]) for (topic, _), checkpoint in status.checkpoints.items()
    )


def _section_in(topic: str, endings: Iterable[str]) -> str:
    """The ending of a lane's topic that names its section; empty: it has none."""
    return next((ending for ending in endings if ending and topic.endswith(ending)), "")


async def bring_up_to_date(
    ports: GenerationPorts, projection: Projection, generation: Generation, advance: Advance = lambda _: None
) -> None:
    """Apply to a generation that is not live all records that the log has now. `advance` counts the records read.

    Raises Unavailable or BuildConflict.
    """
    for builder in ports.builders_of(projection):
        parts = (ports.topics, builder.partition, ports.events, ports.table, ports.store, generation)
        lane: LaneWork = (
            ProjectionLane(projection, *parts)
            if builder.section is None
            else SectionLane(projection, builder.section, *parts)
        )
        try:
            offset = await lane.acquire()
            async for records in ports.log.records(builder.events_topic, builder.partition, offset):
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
    status = await ports.generations.status(generation, ports.lanes_of(projection))
    records = 0
    for lane in ports.builders_of(projection):
        end = await ports.log.end(lane.events_topic, lane.partition)
        records += max(end - status.checkpoints[lane.topic, lane.partition].offset, 0)
    return records
