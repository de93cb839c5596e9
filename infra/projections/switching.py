"""Switching: another generation becomes the live one, at once for every query and every worker.

The new one is brought up to the end of the log first; what comes in the moment between is applied by the workers, which
notice the switch within a second and go on from its checkpoints. So no query waits, and none sees a gap.
"""

from typing import NamedTuple

from infra.projections.building import Workshop, bring_up_to_date
from workers.core.projection import Projection
from workers.ports.read_models import Generation


class NothingToSwitchTo(Exception):
    """There is no other generation that is complete."""

    def __init__(self, projection: str, *, back: bool) -> None:
        super().__init__(
            f"{projection} has no generation before the live one: there is nothing to switch back to"
            if back
            else f"{projection} has no finished build: run `annals projections rebuild {projection}` first"
        )
        self.projection = projection


class Switched(NamedTuple):
    """From which generation to which."""

    before: Generation
    now: Generation


async def candidate(workshop: Workshop, projection: Projection) -> Generation:
    """The generation that was built and is not live yet. Raises NothingToSwitchTo."""
    live = await workshop.generations.live(projection.name)
    newer = [each for each in await workshop.generations.existing(projection.name) if each.number > live.number]
    if not newer:
        raise NothingToSwitchTo(projection.name, back=False)
    return newer[-1]


async def switch(workshop: Workshop, projection: Projection, *, back: bool) -> Switched:
    """Make the newest build live, or the generation that was live before. Raises NothingToSwitchTo, BuildDisturbed,
    SwitchedMeanwhile or Unavailable.
    """
    live = await workshop.generations.live(projection.name)
    if back:
        previous = await workshop.generations.previous(projection.name)
        if previous is None or previous == live:
            raise NothingToSwitchTo(projection.name, back=True)
        chosen = previous
    else:
        chosen = await candidate(workshop, projection)
    # The second time there is next to nothing to do, however long the first has taken.
    for _ in range(2):
        await bring_up_to_date(workshop, projection, chosen)
    await workshop.generations.switch(live, chosen)
    return Switched(live, chosen)
