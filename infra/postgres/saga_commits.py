"""The commits of saga lanes, and what it means when the database refuses one."""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeGuard

import asyncpg

from infra.postgres.function_calls import RowLists
from infra.postgres.group_commits import GroupCall, GroupCommits, Refusals, taken_key
from infra.postgres.pool import Database
from workers.ports.event_store import Unstorable
from workers.ports.lanes import LaneSetBack
from workers.ports.logged_events import EventsNotStored, LoggedEvent
from workers.ports.parked import ParkedStream
from workers.ports.sagas import (
    DeadlineRow,
    InstanceConflict,
    InstanceRow,
    JournalRow,
    SagaBatch,
    StepRow,
)

CHANGED, NOT_STORED = "AN003", "AN004"
# A json column would keep it, and nothing could read it as a text.
ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class _BatchRow(NamedTuple):
    topic: str
    partition: int
    epoch: int
    consumed: int
    position: int
    published: int
    input_sequence: int


COMMIT = GroupCall(
    "commit_sagas",
    _BatchRow._fields,
    (
        RowLists("instance", InstanceRow._fields),
        RowLists("step", StepRow._fields),
        RowLists("parked", ParkedStream._fields),
        RowLists("unparked", ("follower", "stream_id")),
        RowLists("journal", JournalRow._fields),
        RowLists("deadline", DeadlineRow._fields),
        RowLists("cleared", ("saga", "instance_id", "name")),
        RowLists("passed", DeadlineRow._fields, without=("due_at", "correlation_id", "actor", "traceparent")),
        RowLists("answered", ("position",)),
        RowLists("logged", LoggedEvent._fields),
    ),
)


def saga_commits(database: Database) -> GroupCommits[SagaBatch]:
    """The commits of the saga lanes of this process: as the port says, `SagaStore.commit`."""
    return GroupCommits(database, COMMIT, _arguments, Refusals(_may_concern, _raised), _weight)


def _weight(batch: SagaBatch) -> int:
    return len(batch.journal) + len(batch.steps) + len(batch.logged) // 4


def _raised(error: Exception) -> Exception:
    if _says(error, NOT_STORED):
        return EventsNotStored()
    if _is_taken(error):
        return LaneSetBack(f"the step {taken_key(error)}")
    return InstanceConflict() if _says(error, CHANGED) else error


def _says(error: Exception, sqlstate: str) -> TypeGuard[asyncpg.PostgresError]:
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate == sqlstate


def _is_taken(error: Exception) -> TypeGuard[asyncpg.UniqueViolationError]:
    """Whether a step has the position of one of the batch."""
    return isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name == "saga_outbox_pkey"


def _may_concern(error: Exception, batch: SagaBatch) -> bool:
    """Whether another lane has changed an instance or a deadline of the batch, or an event of it is not stored, as far
    as the database says which.
    """
    if _says(error, NOT_STORED):
        return [batch.lane.topic, batch.lane.partition] in json.loads(error.detail or "[]")
    if _is_taken(error):
        return taken_key(error).startswith(f"({batch.lane.topic}, {batch.lane.partition}, ")
    if not _says(error, CHANGED):
        return False
    changed = {tuple(instance) for instance in json.loads(error.detail or "[]")}
    own = {(row.saga, row.instance_id) for row in batch.instances}
    own |= {(row.saga, row.instance_id) for row in batch.passed_deadlines}
    return not own.isdisjoint(changed)


def _arguments(batches: Sequence[SagaBatch]) -> list[str]:
    """The parameters of COMMIT. Raises Unstorable."""
    for batch in batches:
        if any(b"\\u0000" in row.state and ESCAPED_NUL.search(row.state) for row in batch.instances):
            raise Unstorable("a state holds a NUL")
    rows: tuple[list[Sequence[Sequence[Any]]], ...] = (
        [batch.instances for batch in batches],
        [batch.steps for batch in batches],
        [batch.parked for batch in batches],
        [batch.unparked for batch in batches],
        [batch.journal for batch in batches],
        [batch.deadlines for batch in batches],
        [batch.cleared_deadlines for batch in batches],
        [batch.passed_deadlines for batch in batches],
        [[(position,) for position in batch.answered_steps] for batch in batches],
        [batch.logged for batch in batches],
    )
    return COMMIT.arguments([_batch_row(batch) for batch in batches], rows)


def _batch_row(batch: SagaBatch) -> _BatchRow:
    return _BatchRow(
        batch.lane.topic,
        batch.lane.partition,
        batch.epoch,
        batch.consumed,
        batch.position,
        batch.published,
        batch.input_sequence,
    )
