"""Lists the generations of all read models."""

from collections.abc import Iterable
from typing import NamedTuple

from workers.core.projection import Projection
from workers.operations.generations.building import is_by_this_code
from workers.operations.generations.ports import GenerationPorts
from workers.ports.read_models import Generation


class GenerationListing(NamedTuple):
    """A generation. `behind` is the number of events that it lacks, `parked` the number of its parked streams.
    `by_this_code`: no lane of it was begun with other code of the projection.
    """

    projection: str
    number: int
    live: bool
    previous: bool
    documents: int
    behind: int
    by_this_code: bool
    parked: int


async def listed(ports: GenerationPorts, projections: Iterable[Projection]) -> list[GenerationListing]:
    """Every generation of these projections, by projection and number. Raises Unavailable."""
    sequences = {(lane.topic, lane.partition): lane.sequence for lane in await ports.lanes.lane_sequences()}
    listings: list[GenerationListing] = []
    for projection in projections:
        lanes = ports.builders_of(projection)
        events = sum(sequences.get((ports.topics.commands(lane.context), lane.partition), 0) for lane in lanes)
        existing = await ports.generations.existing(projection.name)
        listings += [await _listing(ports, projection, generation, events) for generation in existing]
    return listings


async def _listing(
    ports: GenerationPorts, projection: Projection, generation: Generation, events: int
) -> GenerationListing:
    lanes, generations = ports.lanes_of(projection), ports.generations
    status = await generations.status(generation, lanes)
    applied = sum(checkpoint.sequence for checkpoint in status.checkpoints.values())
    return GenerationListing(
        projection.name,
        generation.number,
        live=generation == await generations.live(projection.name),
        previous=generation == await generations.previous(projection.name),
        documents=status.documents,
        behind=max(events - applied, 0),
        by_this_code=is_by_this_code(projection, ports.events, status),
        parked=await generations.parked(generation, lanes),
    )
