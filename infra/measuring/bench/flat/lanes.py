"""The same creates over few and over many lanes of one worker."""

from collections.abc import Mapping
from typing import NamedTuple

from infra.contexts import chosen_contexts
from infra.measuring.bench.commands import drain_commands
from infra.measuring.bench.drained import Drained
from infra.measuring.bench.installation import NewInstallation
from infra.measuring.bench.load import put_on_topic, sign_ups


class AtLanes(NamedTuple):
    """`lanes`: of the worker, over all contexts; the creates go to those of one context."""

    lanes: int
    creates: Drained

    def compared(self) -> Mapping[str, object]:
        """What another run's can be divided by: not the number of lanes."""
        return {"creates": self.creates}


async def at_lanes(new_installation: NewInstallation, partitions: int, commands: int) -> AtLanes:
    """With so many lanes a context. Raises Stalled, Unavailable or SetupFailed."""
    async with new_installation(partitions) as running:
        await put_on_topic(running.settings, sign_ups(commands))
        return AtLanes(partitions * len(chosen_contexts(running.settings)), await drain_commands(running, commands))
