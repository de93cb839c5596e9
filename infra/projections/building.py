"""Building a generation: the log from its beginning through the same lane that the workers run, but not live.

Queries and workers go on with the live generation meanwhile. A build that was broken off goes on from its checkpoints.
"""

from collections.abc import Callable
from typing import NamedTuple

from contracts.catalogue import catalogue
from contracts.topics import Topics
from infra.kafka.log_reader import LogReader
from infra.postgres.event_store import PostgresEventStore
from infra.redis.generations import Generations
from infra.redis.read_model_writer import RedisReadModelWriter
from workers.core.projection import Projection
from workers.fingerprint import fingerprint
from workers.lanes.work import Restart
from workers.ports.read_models import START, Generation
from workers.projection.lane import ProjectionLane

Advance = Callable[[int], None]


class Workshop(NamedTuple):
    """What a build needs. `partitions` is the number of the event topics' partitions."""

    generations: Generations
    writer: RedisReadModelWriter
    table: PostgresEventStore
    log: LogReader
    topics: Topics
    partitions: int

    def places(self, projection: Projection) -> list[tuple[str, int]]:
        """Topic and partition of each lane of a projection."""
        return [(self.topics.events(projection.context), partition) for partition in range(self.partitions)]


class BuildDisturbed(Exception):
    """The generation was changed by somebody else while it was built: another build, or the store was emptied."""

    def __init__(self, generation: Generation) -> None:
        super().__init__(
            f"generation {generation.number} of {generation.projection} was changed while it was built: by another "
            "rebuild, or because the store was emptied. Once that has ended, run the command again"
        )
        self.generation = generation


async def next_generation(workshop: Workshop, projection: Projection, *, fresh: bool) -> Generation:
    """The generation to build: an unfinished one goes on, unless a `fresh` one is asked for; what is neither live, nor
    the one before it, nor to be built is removed.
    """
    generations = workshop.generations
    live = await generations.live(projection.name)
    previous = await generations.previous(projection.name)
    existing = await generations.existing(projection.name)
    spare = [each for each in existing if each not in (live, previous)]
    newest = existing[-1]
    if newest in spare and not fresh and await _is_by_this_code(workshop, projection, newest):
        chosen = newest  # begun after those that have been live, and not finished, or not switched to
    else:
        chosen = await _unused_after(workshop, projection, newest)
    for each in spare:
        if each != chosen:
            await generations.drop(each)
    await generations.begin(chosen)
    return chosen


async def _unused_after(workshop: Workshop, projection: Projection, newest: Generation) -> Generation:
    """The next generation of which nothing is stored: the store may have forgotten that one was begun, or is live."""
    number = newest.number
    while True:
        number += 1
        found = Generation(projection.name, number)
        status = await workshop.generations.status(found, workshop.places(projection))
        if not status.documents and all(each == START for each in status.checkpoints.values()):
            return found


async def _is_by_this_code(workshop: Workshop, projection: Projection, generation: Generation) -> bool:
    status = await workshop.generations.status(generation, workshop.places(projection))
    ours = fingerprint(projection.evolve, projection.indexes)
    return all(each.code in ("", ours) for each in status.checkpoints.values())


async def bring_up_to_date(
    workshop: Workshop, projection: Projection, generation: Generation, advance: Advance = lambda _: None
) -> None:
    """Apply to a generation that is not live all that the log has now. `advance` hears of the records read.

    Raises Unavailable or BuildDisturbed.
    """
    for topic, partition in workshop.places(projection):
        lane = ProjectionLane(
            projection, workshop.topics, partition, catalogue().events, workshop.table, workshop.writer, generation
        )
        try:
            offset = await lane.acquire()
            async for records in workshop.log.records(topic, partition, offset):
                await lane.handle(records)
                advance(len(records))
        except Restart as error:
            raise BuildDisturbed(generation) from error


async def records_to_read(workshop: Workshop, projection: Projection, generation: Generation) -> int:
    """How many records `bring_up_to_date` would read now."""
    places = workshop.places(projection)
    status = await workshop.generations.status(generation, places)
    ends = [await workshop.log.end(topic, partition) for topic, partition in places]
    return sum(max(end - status.checkpoints[place].offset, 0) for place, end in zip(places, ends, strict=True))
