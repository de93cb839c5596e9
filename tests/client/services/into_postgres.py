"""The same in Postgres, by asyncpg."""

from typing import Any

import asyncpg

from contracts.client.errors import PositionMoved
from contracts.client.event_consumer import EventBatch
from contracts.client.event_reader import ReadPosition

SCHEMA = """
CREATE TABLE IF NOT EXISTS reading (
    partition int PRIMARY KEY, sequence bigint NOT NULL, next_offset bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS seen (number serial PRIMARY KEY, partition int NOT NULL, sequence bigint NOT NULL);
"""


class IntoPostgres:
    """A service of any number of processes. `pool`: of asyncpg."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def load(self, partition: int) -> ReadPosition:
        """Where to go on."""
        await self._pool.execute("INSERT INTO reading VALUES ($1, 0, 0) ON CONFLICT DO NOTHING", partition)
        row = await self._pool.fetchrow("SELECT sequence, next_offset FROM reading WHERE partition = $1", partition)
        return ReadPosition(*row)

    async def handle(self, batch: EventBatch) -> None:
        """The events and the position, in one transaction."""
        async with self._pool.acquire() as connection, connection.transaction():
            moved = await connection.execute(
                "UPDATE reading SET sequence = $1, next_offset = $2 WHERE partition = $3 AND sequence = $4",
                *batch.after,
                batch.partition,
                batch.before.sequence,
            )
            if moved != "UPDATE 1":
                raise PositionMoved(batch.partition, batch.before.sequence)
            await connection.executemany(
                "INSERT INTO seen (partition, sequence) VALUES ($1, $2)",
                [(batch.partition, event.envelope.sequence) for event in batch.events],
            )


async def pool_on(database_url: str) -> Any:
    """Connections to a database that has the tables."""
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=2)
    await pool.execute(SCHEMA)
    return pool
