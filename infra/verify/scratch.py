"""Where a fold of sagas keeps what would not fit into memory: a private temporary database of SQLite, gone at the end.

Everything is keyed by what identifies it in the real tables, so that the two can be compared in pieces.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

from workers.ports.sagas import InstanceKey, InstanceRow, StepRow

_TABLES = """
CREATE TABLE instances (
    saga TEXT, instance_id TEXT, status TEXT, state BLOB, seen INTEGER DEFAULT 0,
    PRIMARY KEY (saga, instance_id)
) WITHOUT ROWID;
CREATE TABLE excused (saga TEXT, instance_id TEXT, PRIMARY KEY (saga, instance_id)) WITHOUT ROWID;
CREATE TABLE steps (
    command_id TEXT PRIMARY KEY, saga TEXT, instance_id TEXT, step TEXT, command_type TEXT, stream_id TEXT, data BLOB,
    causation_id TEXT
) WITHOUT ROWID;
"""


class Instance(NamedTuple):
    """An instance as it should be."""

    saga: str
    instance_id: str
    status: str
    state: bytes


class LeftStep(NamedTuple):
    """A step that nobody took."""

    saga: str
    instance_id: str
    step: str
    command_id: str


class Scratch:
    """The instances and the steps that the log leads to, as far as it has been folded."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def states(self, keys: Sequence[InstanceKey]) -> dict[InstanceKey, bytes]:
        """The states of those instances that exist."""
        found = {key: self.instance(key) for key in keys}
        return {key: instance.state for key, instance in found.items() if instance is not None}

    def instance(self, key: InstanceKey) -> Instance | None:
        query = "SELECT saga, instance_id, status, state FROM instances WHERE saga = ? AND instance_id = ?"
        row = self._connection.execute(query, key).fetchone()
        return None if row is None else Instance(*row)

    def keep(self, instances: Sequence[InstanceRow]) -> None:
        query = (
            "INSERT INTO instances (saga, instance_id, status, state) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET status = excluded.status, state = excluded.state"
        )
        self._connection.executemany(query, [row[:4] for row in instances])

    def keep_steps(self, steps: Sequence[StepRow]) -> None:
        rows = [
            (
                *(row.command_id, row.saga, row.instance_id, row.step, row.command_type, row.stream_id, row.data),
                row.causation_id,
            )
            for row in steps
        ]
        self._connection.executemany("INSERT OR IGNORE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def take_step(self, command_id: str) -> tuple[object, ...] | None:
        """A step (saga, instance id, step, type, stream id, data, causation id), which is forgotten then."""
        query = "DELETE FROM steps WHERE command_id = ? RETURNING *"
        row = self._connection.execute(query, (command_id,)).fetchone()
        return None if row is None else tuple(row[1:])

    def steps_after(self, command_id: str, limit: int) -> list[LeftStep]:
        """Steps that nobody took, in the order of their command ids."""
        query = "SELECT saga, instance_id, step, command_id FROM steps WHERE command_id > ? ORDER BY command_id LIMIT ?"
        return [LeftStep(*row) for row in self._connection.execute(query, (command_id, limit))]

    def count_steps_left(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM steps").fetchone()[0])

    def excuse(self, keys: Sequence[InstanceKey]) -> None:
        """Do not compare these instances: a stream that they follow waits, or has waited while we looked."""
        self._connection.executemany("INSERT OR IGNORE INTO excused VALUES (?, ?)", keys)

    def is_excused(self, key: InstanceKey) -> bool:
        query = "SELECT 1 FROM excused WHERE saga = ? AND instance_id = ?"
        return self._connection.execute(query, key).fetchone() is not None

    def saw(self, keys: Sequence[InstanceKey]) -> None:
        """These instances have been met in the real table."""
        self._connection.executemany("UPDATE instances SET seen = 1 WHERE saga = ? AND instance_id = ?", keys)

    def unseen_after(self, saga: str, instance_id: str, limit: int) -> list[InstanceKey]:
        """Instances of a saga that have not been met, in the order of their ids."""
        query = (
            "SELECT saga, instance_id FROM instances WHERE saga = ? AND instance_id > ? AND seen = 0 "
            "ORDER BY instance_id LIMIT ?"
        )
        return [InstanceKey(*row) for row in self._connection.execute(query, (saga, instance_id, limit))]


@contextmanager
def scratch() -> Iterator[Scratch]:
    """An empty one. SQLite puts it into the folder for temporary files as it outgrows its small cache."""
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4000;")
        connection.executescript(_TABLES)
        connection.execute("BEGIN")
        yield Scratch(connection)
