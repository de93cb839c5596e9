"""The rows of lanes: acquire, check, rebase and release them."""

from collections.abc import Collection

from infra.postgres.pool import Database
from workers.ports.lanes import Fenced, Interruption, LaneGrant, LaneKey, Mark


class PostgresLaneStore:
    """`LaneStore` on Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(self, lane: LaneKey, owner: str) -> LaneGrant:
        row = await self._database.row("acquire_lane", lane.role, lane.topic, lane.partition, owner)
        assert row is not None
        return LaneGrant(
            epoch=row["epoch"],
            consumed=row["consumed"],
            sequence=row["sequence"],
            mark=Mark(row["published_sequence"], row["published_offset"]),
            input_sequence=row["input_sequence"],
            topic_id=row["topic_id"],
            published_topic_id=row["published_topic_id"],
            interruptions=row["interruptions"],
            last_timestamp=row["last_timestamp"],
            event_types=frozenset(row["event_types"]),
        )

    async def holds(self, lane: LaneKey, epoch: int) -> bool:
        current: int | None = await self._database.value("lane_epoch", lane.role, lane.topic, lane.partition)
        return current == epoch

    async def rebase(
        self, lane: LaneKey, epoch: int, consumed: int, topic_id: str, interruption: Interruption | None = None
    ) -> None:
        name, arguments = "rebase_lane", [*lane, epoch, consumed, topic_id]
        if interruption is not None:
            name = "interrupt_lane"
            arguments += [interruption.kind, interruption.former_topic_id, interruption.consumed]
            arguments += [interruption.start, interruption.end, interruption.missing]
        if await self._database.value(name, *arguments) is None:
            raise Fenced(lane, epoch)

    async def publish_to(self, lane: LaneKey, epoch: int, topic_id: str) -> None:
        if await self._database.value("lane_publishes_to", *lane, epoch, topic_id) is None:
            raise Fenced(lane, epoch)

    async def note_event_types(self, lane: LaneKey, epoch: int, types: Collection[str]) -> None:
        if await self._database.value("lane_event_types", *lane, epoch, sorted(types)) is None:
            raise Fenced(lane, epoch)

    async def interruptions(self, lane: LaneKey) -> int:
        count: int = await self._database.value("open_interruptions_of_lane", *lane)
        return count

    async def release(self, lane: LaneKey, epoch: int, mark: Mark) -> None:
        await self._database.run(
            "release_lane", lane.role, lane.topic, lane.partition, epoch, mark.sequence, mark.offset
        )
