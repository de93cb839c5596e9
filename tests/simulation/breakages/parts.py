"""The parts of a calm schedule that breakages change."""

from collections.abc import Callable

from infra.memory.lane_rows import LaneRow
from tests.simulation.calm_schedule import CHANGED, LONELY_CIRCLE, partition_of
from tests.simulation.circle_saga import CIRCLE
from tests.simulation.commands import COMMANDS, EVENTS
from tests.simulation.counting import TALLY
from tests.simulation.roles import Servers
from workers.operations.verification.sources import Sources
from workers.ports.lanes import LaneKey
from workers.ports.sagas import InstanceKey

Break = Callable[[Servers], Sources | None]
"""Breaks the servers. Returns what a verification reads, if that is more than the servers."""

LANE = partition_of(CHANGED)
PLACE = (EVENTS, LANE)
COUNTED = InstanceKey(TALLY.name, CHANGED)
"""The instance that counts the events of the changed user."""
LONELY = InstanceKey(CIRCLE.name, LONELY_CIRCLE)


def command_lane(servers: Servers) -> LaneRow:
    """The lane of the changed user."""
    return servers.table.lanes[LaneKey("command", COMMANDS, LANE)]


def saga_lane(servers: Servers) -> LaneRow:
    """The lane of sagas that reads the events of the changed user."""
    return servers.table.lanes[LaneKey("saga", EVENTS, LANE)]
