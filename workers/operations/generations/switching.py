"""Switches a projection: another generation becomes the live one, at once for every query and worker.

The new generation is first brought up to the end of the log. What is recorded between that and the switch is applied
by the workers: they notice the switch within a second and continue from the checkpoints of the new generation. So no
query waits, and none sees a gap.
"""

from typing import NamedTuple

from workers.core.projection import Projection
from workers.operations.generations.building import bring_up_to_date
from workers.operations.generations.ports import GenerationPorts
from workers.operations.interventions import Operator
from workers.ports.read_models import Generation


class NothingToSwitchTo(Exception):
    """The projection has no other finished generation."""

    def __init__(self, projection: str, *, back: bool) -> None:
        super().__init__(
            f"{projection} has no generation before the live one: there is nothing to switch back to"
            if back
            else f"{projection} has no finished build: run `annals projections rebuild {projection}` first"
        )
        self.projection = projection


class Switch(NamedTuple):
    """The generation that was live before, and the one that is live now."""

    before: Generation
    live: Generation


async def candidate(ports: GenerationPorts, projection: Projection) -> Generation:
    """The generation that was built and is not live yet. Raises NothingToSwitchTo or Unavailable."""
    live = await ports.generations.live(projection.name)
    existing = await ports.generations.existing(projection.name)
    newer = [generation for generation in existing if generation.number > live.number]
    if not newer:
        raise NothingToSwitchTo(projection.name, back=False)
    return newer[-1]


async def switch(ports: GenerationPorts, operator: Operator, projection: Projection, *, back: bool) -> Switch:
    """Make the newest build live or, with `back`, the generation that was live before. Recorded before it acts.

    Raises NothingToSwitchTo, BuildConflict, SwitchConflict, Unstorable or Unavailable.
    """
    live = await ports.generations.live(projection.name)
    if back:
        previous = await ports.generations.previous(projection.name)
        if previous is None or previous == live:
            raise NothingToSwitchTo(projection.name, back=True)
        chosen = previous
    else:
        chosen = await candidate(ports, projection)
    await operator.record("projection-switch", projection.name, {"before": live.number, "live": chosen.number})
    # The first round may take long; the second one leaves next to nothing to do after the switch.
    for _ in range(2):
        await bring_up_to_date(ports, projection, chosen)
    await ports.generations.switch(live, chosen)
    return Switch(live, chosen)
