"""The same creates over few and over many lanes of one worker."""

from typing import NamedTuple

from infra.measuring.bench.checkout import Checkout
from infra.measuring.bench.commands import drain_commands
from infra.measuring.bench.drained import Drained
from infra.measuring.bench.installation import installation
from infra.measuring.bench.load import put_on_topic, sign_ups
from infra.measuring.bench.servers import Servers
from workers.domain import contexts


class AtLanes(NamedTuple):
    """`lanes`: of the worker, over all contexts; the creates go to those of one context."""

    lanes: int
    creates: Drained


async def at_lanes(checkout: Checkout, shared: Servers, partitions: int, commands: int) -> AtLanes:
    """With so many lanes a context. Raises Stalled, Unavailable or SetupFailed."""
    async with installation(checkout, shared, partitions) as running:
        await put_on_topic(running.settings, sign_ups(commands))
        return AtLanes(partitions * len(contexts()), await drain_commands(running, commands))
