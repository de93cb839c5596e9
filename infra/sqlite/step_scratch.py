"""Scratch space for the steps of saga instances: a private temporary database of SQLite, gone at the end."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from workers.ports.sagas import InstanceKey, StepRow
from workers.ports.verification.steps import AnsweredStep, ExpectedStep, HandledAnswer

_TABLE = """
CREATE TABLE steps (
    lane_context TEXT, lane_partition INTEGER,
    position INTEGER, saga TEXT, instance_id TEXT, step TEXT, command_id TEXT PRIMARY KEY, command_type TEXT,
    stream_id TEXT, data BLOB, correlation_id TEXT, causation_id TEXT, actor TEXT, traceparent TEXT, caused_at TEXT,
    handles_rejection INTEGER,
    answer_version INTEGER, answer_code TEXT, answer_handled_at TEXT
) WITHOUT ROWID;
CREATE INDEX steps_sent ON steps (saga, instance_id, step, stream_id);
"""
_STEP_COLUMNS = ("lane_context", "lane_partition", *StepRow._fields)
# The names are those of the table above and no text from outside.
_KEEP = f"INSERT OR IGNORE INTO steps ({', '.join(_STEP_COLUMNS)}) VALUES ({', '.join('?' * len(_STEP_COLUMNS))})"  # noqa: S608


class SqliteStepScratch:
    """`StepScratch` on a connection whose rows have names."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def keep(self, steps: Sequence[ExpectedStep]) -> None:
        if steps:
            self._connection.executemany(_KEEP, [(*step.lane, *step.row) for step in steps])

    def sent(self, key: InstanceKey, step: str, to: str) -> Sequence[AnsweredStep]:
        query = "SELECT * FROM steps WHERE saga = ? AND instance_id = ? AND step = ? AND stream_id = ?"
        return [_answered(row) for row in self._connection.execute(query, (*key, step, to))]

    def note_answer(self, command_id: str, answer: HandledAnswer) -> None:
        query = "UPDATE steps SET answer_version = ?, answer_code = ?, answer_handled_at = ? WHERE command_id = ?"
        self._connection.execute(query, (answer.version, answer.code, answer.handled_at, command_id))

    def pop(self, key: InstanceKey, command_id: str) -> AnsweredStep | None:
        query = "DELETE FROM steps WHERE command_id = ? AND saga = ? AND instance_id = ? RETURNING *"
        row = self._connection.execute(query, (command_id, *key)).fetchone()
        return None if row is None else _answered(row)

    def steps_after(self, command_id: str, limit: int) -> Sequence[StepRow]:
        query = "SELECT * FROM steps WHERE command_id > ? ORDER BY command_id LIMIT ?"
        return [_step(row) for row in self._connection.execute(query, (command_id, limit))]

    def clear(self) -> None:
        self._connection.execute("DELETE FROM steps")


def _step(row: Any) -> StepRow:
    values = {field: row[field] for field in StepRow._fields}
    return StepRow(**{**values, "handles_rejection": bool(row["handles_rejection"])})


def _answered(row: Any) -> AnsweredStep:
    answer = None
    if row["answer_version"] is not None:
        answer = HandledAnswer(row["answer_version"], row["answer_code"], row["answer_handled_at"])
    return AnsweredStep(ExpectedStep((row["lane_context"], row["lane_partition"]), _step(row)), answer)


@contextmanager
def sqlite_scratch() -> Iterator[SqliteStepScratch]:
    """A `ScratchSpace`. SQLite puts it into the folder for temporary files as it outgrows its small cache."""
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4000;")
        connection.executescript(_TABLE)
        connection.execute("BEGIN")
        yield SqliteStepScratch(connection)
