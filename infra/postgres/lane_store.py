"""The lanes' rows: taking, asking, leaving."""

from infra.postgres.pool import Database
from workers.ports.lanes import Fenced, Interruption, LaneGrant, LaneKey, Mark


class PostgresLaneStore:
    """`LaneStore` on Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(self, lane: LaneKey, owner: str) -> LaneGrant:
        row = await self._database.row("acquire_lane", lane.role, lane.topic, lane.partition, owner)
        assert row is not None
        epoch, consumed, sequence, published_sequence, published_offset, *rest = row
        return LaneGrant(epoch, consumed, sequence, Mark(published_sequence, published_offset), *rest)

    async def holds(self, lane: LaneKey, epoch: int) -> bool:
        found: int | None = await self._database.value("lane_epoch", lane.role, lane.topic, lane.partition)
        return found == epoch

    async def rebase(
        self, lane: LaneKey, epoch: int, consumed: int, topic_id: str, interruption: Interruption | None = None
    ) -> None:
        name, arguments = "rebase_lane", [*lane, epoch, consumed, topic_id]
        if interruption is not None:
            kind, former, _, stood, start, end, missing = interruption
            name, arguments = "interrupt_lane", [*arguments, kind, former, stood, start, end, missing]
        if await self._database.value(name, *arguments) is None:
            raise Fenced(lane, epoch)

    async def publish_to(self, lane: LaneKey, epoch: int, topic_id: str) -> None:
        if await self._database.value("lane_publishes_to", *lane, epoch, topic_id) is None:
            raise Fenced(lane, epoch)

    async def interruptions(self, lane: LaneKey) -> int:
        count: int = await self._database.value("open_interruptions_of_lane", *lane)
        return count

    async def release(self, lane: LaneKey, epoch: int, mark: Mark) -> None:
        await self._database.run(
            "release_lane", lane.role, lane.topic, lane.partition, epoch, mark.sequence, mark.offset
        )
