"""Where a fold of sagas keeps the steps of a page of instances, which may be many: a private temporary database of
SQLite, gone at the end.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from workers.ports.sagas import InstanceKey, StepRow
from workers.verification.saga_journal import ExpectedStep, Heard

# The columns are those of a lane, of a StepRow and of what was heard, in this order.
_TABLE = """
CREATE TABLE steps (
    context TEXT, partition INTEGER,
    position INTEGER, saga TEXT, instance_id TEXT, step TEXT, command_id TEXT PRIMARY KEY, command_type TEXT,
    stream_id TEXT, data BLOB, correlation_id TEXT, causation_id TEXT, actor TEXT, traceparent TEXT, caused_at TEXT,
    handles_rejection INTEGER,
    heard_version INTEGER, heard_code TEXT, heard_at TEXT
) WITHOUT ROWID;
CREATE INDEX steps_sent ON steps (saga, instance_id, step, stream_id);
"""
_KEEP = "INSERT OR IGNORE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL)"

HeardStep = tuple[ExpectedStep, Heard | None]
"""A step, and what its instance has heard of it."""


class Scratch:
    """The steps that the journals lead to, as far as they have been folded."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def keep(self, steps: Sequence[ExpectedStep]) -> None:
        if steps:
            self._connection.executemany(_KEEP, [(*step.lane, *step.row) for step in steps])

    def sent(self, key: InstanceKey, step: str, to: str) -> list[HeardStep]:
        """An instance's steps of this name to this stream, and what it has heard of each."""
        query = "SELECT * FROM steps WHERE saga = ? AND instance_id = ? AND step = ? AND stream_id = ?"
        return [_step(row) for row in self._connection.execute(query, (*key, step, to))]

    def heard(self, command_id: str, heard: Heard) -> None:
        query = "UPDATE steps SET heard_version = ?, heard_code = ?, heard_at = ? WHERE command_id = ?"
        self._connection.execute(query, (*heard, command_id))

    def take(self, key: InstanceKey, command_id: str) -> HeardStep | None:
        """A step of an instance, which is forgotten then."""
        query = "DELETE FROM steps WHERE command_id = ? AND saga = ? AND instance_id = ? RETURNING *"
        row = self._connection.execute(query, (command_id, *key)).fetchone()
        return None if row is None else _step(row)

    def after(self, command_id: str, limit: int) -> list[StepRow]:
        """Steps that nobody took, in the order of their command ids."""
        query = "SELECT * FROM steps WHERE command_id > ? ORDER BY command_id LIMIT ?"
        return [_step(row)[0].row for row in self._connection.execute(query, (command_id, limit))]

    def clear(self) -> None:
        self._connection.execute("DELETE FROM steps")


def _step(row: Sequence[Any]) -> HeardStep:
    context, partition, *values = row[:-3]
    step = StepRow(*values)
    heard = None if row[-3] is None else Heard(*row[-3:])
    return ExpectedStep((context, partition), step._replace(handles_rejection=bool(step.handles_rejection))), heard


@contextmanager
def scratch() -> Iterator[Scratch]:
    """An empty one. SQLite puts it into the folder for temporary files as it outgrows its small cache."""
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4000;")
        connection.executescript(_TABLE)
        connection.execute("BEGIN")
        yield Scratch(connection)
