"""The commits of command lanes, and what it means when the database refuses one."""

import json
from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from infra.postgres.function_calls import RowLists
from infra.postgres.group_commits import GroupCall, GroupCommits, Refusals, taken_key
from infra.postgres.pool import Database
from workers.ports.event_store import (
    Batch,
    ClaimConflict,
    ClaimToAcquire,
    ClaimToSettle,
    CredentialRow,
    EventRow,
    Repeated,
    SnapshotRow,
    StreamExists,
)
from workers.ports.lanes import LaneSetBack
from workers.ports.outcomes import OutcomeRow

CLAIMS_REFUSED = "AN002"


class _BatchRow(NamedTuple):
    topic: str
    partition: int
    epoch: int
    context: str
    time: str
    consumed: int
    last_timestamp: int
    sequence: int
    published_sequence: int
    published_offset: int


class _StoredOutcome(NamedTuple):
    """What is stored of an OutcomeRow: without what its batch and its events tell, or its own id."""

    command_id: str
    type: str
    stream_id: str
    status: str
    stream_version: int
    sequence: int
    event_count: int
    error: bytes | None
    correlation_id: str | None
    causation_id: str | None
    actor: str | None
    content_digest: str | None


COMMIT = GroupCall(
    "commit_commands",
    _BatchRow._fields,
    (
        RowLists("outcome", _StoredOutcome._fields),
        RowLists("event", EventRow._fields, without=("context", "partition", "recorded_at")),
        RowLists("acquire", ClaimToAcquire._fields),
        RowLists("settle", ClaimToSettle._fields),
        RowLists("credential", CredentialRow._fields),
        RowLists("snapshot", SnapshotRow._fields),
    ),
)


def command_commits(database: Database) -> GroupCommits[Batch]:
    """The commits of the command lanes of this process: as the port says, `EventStore.commit`."""
    return GroupCommits(database, COMMIT, _arguments, Refusals(_may_concern, _raised), _weight)


def _raised(error: Exception) -> Exception:
    if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name == "commands_pkey":
        return Repeated()
    if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name == "events_stream":
        return StreamExists(error.detail)
    if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name == "events_pkey":
        return LaneSetBack(f"the event {taken_key(error)}")
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate == CLAIMS_REFUSED:
        return _claims_refused(error)
    return error


def _weight(batch: Batch) -> int:
    return len(batch.outcomes)


def _may_concern(error: Exception, batch: Batch) -> bool:
    """Whether the batch holds what the database has refused, as far as it says what that is."""
    if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name == "commands_pkey":
        return any(outcome.command_id in (error.detail or "") for outcome in batch.outcomes)
    if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name == "events_stream":
        return any(event.stream_id in (error.detail or "") for event in batch.events)
    if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name == "events_pkey":
        return taken_key(error).startswith(f"({batch.context}, {batch.lane.partition}, ")
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate == CLAIMS_REFUSED:
        refused = {tuple(conflict[:3]) for conflict in json.loads(error.detail or "[]")}
        claims = [(batch.context, claim.scope, claim.key) for claim in batch.claims_to_acquire]
        claims += [(batch.context, claim.scope, claim.key) for claim in batch.claims_to_settle]
        return not refused.isdisjoint(claims)
    return False


def _claims_refused(error: asyncpg.PostgresError) -> ClaimConflict:
    """From the detail of AN002: [context, scope, key] for a claim to acquire, with the stream id for one to hand on."""
    conflicts = json.loads(error.detail or "[]")
    return ClaimConflict(
        frozenset((scope, key) for _, scope, key, *former in conflicts if not former),
        frozenset((scope, key, former[0]) for _, scope, key, *former in conflicts if former),
    )


def _arguments(batches: Sequence[Batch]) -> list[str]:
    """The parameters of COMMIT. Raises Unstorable."""
    return COMMIT.arguments(
        [_batch_row(batch) for batch in batches],
        (
            [[_stored(outcome) for outcome in batch.outcomes] for batch in batches],
            [batch.events for batch in batches],
            [batch.claims_to_acquire for batch in batches],
            [batch.claims_to_settle for batch in batches],
            [batch.credentials for batch in batches],
            [batch.snapshots for batch in batches],
        ),
    )


def _batch_row(batch: Batch) -> _BatchRow:
    return _BatchRow(
        batch.lane.topic,
        batch.lane.partition,
        batch.epoch,
        batch.context,
        batch.time.isoformat(),
        batch.consumed,
        batch.last_timestamp,
        batch.sequence,
        batch.mark.sequence,
        batch.mark.offset,
    )


def _stored(outcome: OutcomeRow) -> _StoredOutcome:
    command_id, correlation_id, causation_id = outcome.command_id, outcome.correlation_id, outcome.causation_id
    return _StoredOutcome(
        command_id,
        outcome.type,
        outcome.stream_id,
        outcome.status,
        outcome.stream_version,
        outcome.sequence,
        len(outcome.events),
        outcome.error,
        None if correlation_id == command_id else correlation_id,
        None if causation_id == command_id else causation_id,
        outcome.actor,
        outcome.content_digest,
    )
