"""All that must stay flat, one after the other."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from infra.measuring.bench.flat.lanes import AtLanes, at_lanes
from infra.measuring.bench.flat.streams import AtLength, at_lengths
from infra.measuring.bench.flat.tables import AtRows, at_rows
from infra.measuring.bench.installation import NewInstallation
from workers.lanes.queue import MAX_BATCH_RECORDS


class FlatPlan(NamedTuple):
    """Events of a stream, rows of the tables, lanes a context; how many commands at each, how many seconds of reads.

    `commands_a_lane`: at least so many for each lane. What a lane has under way when its first batch is counted, a
    batch or two, has cost the worker its time before.
    """

    lengths: Sequence[int] = (1, 100, 10_000, 100_000)
    rows: Sequence[int] = (10_000, 100_000, 1_000_000, 10_000_000)
    lanes: Sequence[int] = (1, 6, 50)
    commands: int = 20_000
    read_seconds: float = 2.0
    commands_a_lane: int = 4 * MAX_BATCH_RECORDS

    def up_to(self, limit: int) -> "FlatPlan":
        """The same with no more than so many rows or events of a stream."""
        lengths = [length for length in self.lengths if length <= limit]
        return self._replace(lengths=lengths, rows=[rows for rows in self.rows if rows <= limit])


class Flat(NamedTuple):
    """By length, size and number of lanes."""

    streams: Mapping[str, AtLength]
    tables: Mapping[str, AtRows]
    lanes: Mapping[str, AtLanes]


async def measure_flat(new_installation: NewInstallation, plan: FlatPlan) -> Flat:
    """Raises Stalled, Unavailable or SetupFailed."""
    streams = await at_lengths(new_installation, plan.lengths, plan.commands)
    tables = await at_rows(new_installation, plan.rows, plan.commands, plan.read_seconds)
    lanes = {}
    for count in plan.lanes:
        commands = max(plan.commands, count * plan.commands_a_lane)
        lanes[f"{count} lanes a context"] = await at_lanes(new_installation, count, commands)
    return Flat(streams, tables, lanes)
