"""Lanes in memory as operators see them: how far each is, what interrupted it, and how it begins a new topic."""

from collections.abc import Sequence
from functools import partial

from infra.memory.interventions import InterventionRows
from infra.memory.lane_rows import LaneRows, OpenLaneInterruption
from infra.memory.wire import Wire
from workers.ports.lane_listing import ACKNOWLEDGED, ListedInterruption, ListedLane, ReadPosition


class MemoryLanes:
    """`LaneListing` and `CommandLanes` on the table in memory.

    The number of an interruption is its place among those of the table. An acknowledgement is an intervention alone, as
    in the database; `LaneRows.interruptions` does not look at it.
    """

    def __init__(self, table: LaneRows, interventions: InterventionRows, wire: Wire) -> None:
        self._table = table
        self._interventions = interventions
        self._wire = wire

    async def listed(self) -> Sequence[ListedLane]:
        def read() -> list[ListedLane]:
            return [
                ListedLane(*lane, row.owner, row.epoch, row.consumed, row.sequence, None)
                for lane, row in sorted(self._table.lanes.items())
            ]

        return await self._wire.call("Postgres", read)

    async def open_interruptions(self) -> Sequence[ListedInterruption]:
        return await self._wire.call("Postgres", self._open_interruptions)

    def _open_interruptions(self) -> list[ListedInterruption]:
        acknowledged: dict[str, int] = {}
        for intervention in self._interventions.rows:
            if intervention.action == ACKNOWLEDGED:
                last = max(acknowledged.get(intervention.target, 0), intervention.details["until"])
                acknowledged[intervention.target] = last
        return [
            _listed(number, row)
            for number, row in enumerate(self._table.open_interruptions, 1)
            if number > acknowledged.get(str(row.lane), 0)
        ]

    async def read_positions(self, topic: str) -> Sequence[ReadPosition]:
        def read() -> list[ReadPosition]:
            return [
                ReadPosition(lane.partition, row.consumed, row.topic_id, self._table.timestamp_before(row))
                for lane, row in self._table.lanes.items()
                if (lane.role, lane.topic) == ("command", topic)
            ]

        return await self._wire.call("Postgres", read)

    async def restart(self, topic: str, topic_id: str, former_topic_id: str | None) -> None:
        await self._wire.call("Postgres", partial(self._table.restart, topic, topic_id, former_topic_id))


def _listed(number: int, row: OpenLaneInterruption) -> ListedInterruption:
    lane, interruption = row.lane, row.interruption
    return ListedInterruption(
        id=number,
        role=lane.role,
        topic=lane.topic,
        partition=lane.partition,
        kind=interruption.kind,
        former_topic_id=interruption.former_topic_id,
        topic_id=interruption.topic_id,
        consumed=interruption.consumed,
        start_offset=interruption.start,
        end_offset=interruption.end,
        missing=interruption.missing,
        resumed_at=row.resumed_at,
        noticed_at=row.noticed_at,
    )
