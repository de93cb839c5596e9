"""The lanes' rows: taking, asking, leaving."""

from infra.postgres.pool import Database
from workers.ports.lanes import LaneGrant, LaneKey, Mark


class PostgresLaneStore:
    """`LaneStore` on Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, lane: LaneKey, owner: str) -> LaneGrant:
        row = await self._database.row("take_lane", lane.role, lane.topic, lane.partition, owner)
        assert row is not None
        epoch, consumed, sequence, published_sequence, published_offset, input_sequence = row
        return LaneGrant(epoch, consumed, sequence, Mark(published_sequence, published_offset), input_sequence)

    async def holds(self, lane: LaneKey, epoch: int) -> bool:
        found: int | None = await self._database.value("lane_epoch", lane.role, lane.topic, lane.partition)
        return found == epoch

    async def leave(self, lane: LaneKey, epoch: int, mark: Mark) -> None:
        await self._database.run("leave_lane", lane.role, lane.topic, lane.partition, epoch, mark.sequence, mark.offset)
