"""How far the lanes of commands are."""

from collections.abc import Sequence

from infra.postgres.pool import Database
from workers.ports.verification.rows import LaneSequence


class PostgresLaneSequences:
    """`LaneSequences` on Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lane_sequences(self) -> Sequence[LaneSequence]:
        return [
            LaneSequence(row["topic"], row["partition"], row["sequence"])
            for row in await self._database.rows("lane_sequences")
        ]
