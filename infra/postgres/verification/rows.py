"""Rows of queries as rows of the ports, by the names of the columns."""

from typing import Any

from contracts.envelope import rfc3339
from infra.postgres.event_store import event_row
from infra.postgres.parked_streams import parked_stream
from infra.postgres.saga_store import step_row
from workers.ports.event_store import EventRow
from workers.ports.sagas import DeadlineRow, JournalRow
from workers.ports.verification.rows import (
    JournalEntry,
    ListedSagaInstance,
    OutboxStep,
    ParkedInLane,
    SagaInstance,
    SnapshotOfStream,
    StoredDeadline,
)

EVENT_PREFIX = "event_"
"""Before the columns of the event that belongs to a row of another table."""


def snapshot_of_stream(row: Any) -> SnapshotOfStream:
    """A row of snapshots_after.sql."""
    return SnapshotOfStream(**{**row, "state": row["state"].encode()})


def parked_in_lane(row: Any) -> ParkedInLane:
    """A row of parked_of_topic.sql."""
    return ParkedInLane(row["partition"], parked_stream(row))


def listed_instance(row: Any) -> ListedSagaInstance:
    """A row of instances_after.sql."""
    if row["version"] is None:
        return ListedSagaInstance(row["instance_id"], None)
    stored = SagaInstance(
        version=row["version"],
        status=row["status"],
        state=row["state"].encode(),
        correlation_id=row["correlation_id"],
        started_at=row["started_at"],
        seed=row["seed"],
        seeded_to=row["seeded_to"],
    )
    return ListedSagaInstance(row["instance_id"], stored)


def journal_entry(row: Any) -> JournalEntry:
    """A row of journals.sql."""
    values = {field: row[field] for field in JournalRow._fields}
    values["recorded_at"] = rfc3339(row["recorded_at"])
    values["data"] = None if row["data"] is None else row["data"].encode()
    return JournalEntry(JournalRow(**values), row["applied_at"], _event_beside(row))


def _event_beside(row: Any) -> EventRow | None:
    if row[f"{EVENT_PREFIX}sequence"] is None:
        return None
    return event_row({field: row[EVENT_PREFIX + field] for field in EventRow._fields})


def outbox_step(row: Any) -> OutboxStep:
    """A row of steps_of.sql."""
    return OutboxStep(
        topic=row["topic"],
        partition=row["partition"],
        row=step_row(row),
        status=row["status"],
        code=row["code"],
        handled_at=None if row["handled_at"] is None else rfc3339(row["handled_at"]),
        waits=row["waits"],
        unchanged=row["unchanged"],
    )


def stored_deadline(row: Any) -> StoredDeadline:
    """A row of deadlines_of.sql."""
    values = {field: row[field] for field in DeadlineRow._fields}
    values["due_at"] = rfc3339(row["due_at"])
    return StoredDeadline(row["topic"], row["partition"], DeadlineRow(**values))
