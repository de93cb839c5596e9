"""The lanes as operators and measurements ask for them: how far each is, and what interrupted it."""

from collections.abc import Sequence

from infra.postgres.pool import Database
from workers.ports.lane_listing import ListedInterruption, ListedLane, ReadPosition
from workers.ports.verification.rows import LaneSequence, SagaLanePosition


class Lanes:
    """Reads the rows of lanes: the ports `LaneListing`, `CommandLanes` (whose `restart` needs the role `annals_audit`)
    and `LaneSequences`. Every method raises Unavailable.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(self) -> Sequence[ListedLane]:
        return [ListedLane(**row) for row in await self._database.rows("lanes_listed")]

    async def open_interruptions(self) -> Sequence[ListedInterruption]:
        return [ListedInterruption(**row) for row in await self._database.rows("open_interruptions")]

    async def lane_sequences(self) -> Sequence[LaneSequence]:
        """Of every lane of commands the last sequence that it has assigned."""
        return [LaneSequence(**row) for row in await self._database.rows("lane_sequences")]

    async def saga_positions(self, topic: str) -> Sequence[SagaLanePosition]:
        """How far the saga lanes of a topic of events are."""
        rows = await self._database.rows("saga_lanes", topic)
        return [SagaLanePosition(row["partition"], row["input_sequence"], position=row["sequence"]) for row in rows]

    async def read_positions(self, topic: str) -> Sequence[ReadPosition]:
        return [ReadPosition(**row) for row in await self._database.rows("lanes_consumed", topic)]

    async def restart(self, topic: str, topic_id: str, former_topic_id: str | None) -> None:
        await self._database.run("restart_lanes", topic, topic_id, former_topic_id)
