"""Names of users, in SQLite, with the position beside them."""

import sqlite3

from contracts.client.errors import PositionMoved
from contracts.client.event_consumer import EventBatch
from contracts.client.event_reader import ReadPosition

SCHEMA = """
CREATE TABLE IF NOT EXISTS reading (
    partition INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, next_offset INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS seen (number INTEGER PRIMARY KEY, partition INTEGER NOT NULL, sequence INTEGER NOT NULL);
"""


class IntoSqlite:
    """A service of one process, or of several on one file."""

    def __init__(self, path: str) -> None:
        self.database = sqlite3.connect(path, timeout=10, isolation_level=None)
        self.database.executescript(SCHEMA)

    async def load(self, partition: int) -> ReadPosition:
        """Where to go on."""
        self.database.execute("INSERT INTO reading VALUES (?, 0, 0) ON CONFLICT DO NOTHING", (partition,))
        row = self.database.execute("SELECT sequence, next_offset FROM reading WHERE partition = ?", (partition,))
        return ReadPosition(*row.fetchone())

    async def handle(self, batch: EventBatch) -> None:
        """The events and the position, in one transaction."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            moved = self.database.execute(
                "UPDATE reading SET sequence = ?, next_offset = ? WHERE partition = ? AND sequence = ?",
                (*batch.after, batch.partition, batch.before.sequence),
            )
            if moved.rowcount != 1:
                raise PositionMoved(batch.partition, batch.before.sequence)
            self.database.executemany(
                "INSERT INTO seen (partition, sequence) VALUES (?, ?)",
                [(batch.partition, event.envelope.sequence) for event in batch.events],
            )
            self.database.execute("COMMIT")
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
