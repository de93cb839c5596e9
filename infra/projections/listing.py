"""The generations of all read models, each as one line of a list."""

from collections.abc import Iterable
from typing import NamedTuple

from infra.postgres.lanes import Lanes
from infra.postgres.pool import Database
from infra.projections.building import Workshop
from workers.core.projection import Projection
from workers.fingerprint import fingerprint
from workers.ports.read_models import Generation


class Listed(NamedTuple):
    """A generation as it is listed. `behind`: events that it lacks; `by_this_code`: not begun by any other."""

    projection: str
    number: int
    live: bool
    previous: bool
    documents: int
    behind: int
    by_this_code: bool
    parked: int


async def listed(workshop: Workshop, database: Database, projections: Iterable[Projection]) -> list[Listed]:
    """Every generation of these projections. Raises Unavailable."""
    sequences = {(lane.topic, lane.partition): lane.sequence for lane in await Lanes(database).sequences()}
    found: list[Listed] = []
    for projection in projections:
        commands = workshop.topics.commands(projection.context)
        total = sum(sequences.get((commands, partition), 0) for _, partition in workshop.places(projection))
        found += [
            await _listed(workshop, projection, each, total)
            for each in await workshop.generations.existing(projection.name)
        ]
    return found


async def _listed(workshop: Workshop, projection: Projection, generation: Generation, total: int) -> Listed:
    places = workshop.places(projection)
    status = await workshop.generations.status(generation, places)
    ours = fingerprint(projection.evolve, projection.indexes)
    reached = sum(checkpoint.sequence for checkpoint in status.checkpoints.values())
    return Listed(
        projection.name,
        generation.number,
        live=generation == await workshop.generations.live(projection.name),
        previous=generation == await workshop.generations.previous(projection.name),
        documents=status.documents,
        behind=max(total - reached, 0),
        by_this_code=all(checkpoint.code in ("", ours) for checkpoint in status.checkpoints.values()),
        parked=await workshop.generations.parked(generation, places),
    )
