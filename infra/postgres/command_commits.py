"""The commits of command lanes: what several lanes have ready is one call, one transaction, one round trip.

Each batch is written whole or not at all, as if it had come alone. When a call is refused, the batches that may be the
reason are committed alone, one after the other, and the rest together again. So is a batch that a call has left out,
because its lane has another owner or is locked. Only a call for a batch alone waits for a lock, so no other batch does.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import asyncpg

from infra.postgres.function_calls import FunctionCall, RowLists
from infra.postgres.grouping import Grouping, Later
from infra.postgres.lists import listed_values
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
    Unstorable,
)
from workers.ports.lanes import Fenced
from workers.ports.outcomes import OutcomeRow

CLAIMS_REFUSED = "AN002"
MAX_GROUP_ROWS = 2000


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


_BATCH = RowLists("batch", _BatchRow._fields)
_ROWS = {
    "outcome": RowLists("outcome", _StoredOutcome._fields),
    "event": RowLists("event", EventRow._fields, without=("context", "partition", "recorded_at")),
    "acquire": RowLists("acquire", ClaimToAcquire._fields),
    "settle": RowLists("settle", ClaimToSettle._fields),
    "credential": RowLists("credential", CredentialRow._fields),
    "snapshot": RowLists("snapshot", SnapshotRow._fields),
}
COMMIT = FunctionCall(
    "commit_commands",
    [*_BATCH.names, *(name for lists in _ROWS.values() for name in (f"{lists.prefix}_batch", *lists.names)), "waits"],
)


class CommandCommits:
    """Commits batches of the command lanes of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._commits: Grouping[Batch, None] = Grouping(self._together, _weight, MAX_GROUP_ROWS, alone=self._alone)

    async def commit(self, batch: Batch) -> None:
        """As the port says: `EventStore.commit`."""
        await self._commits.ask(batch)

    async def _together(self, batches: Sequence[Batch]) -> list[Exception | Later | None]:
        """Commit batches. For each of them: None, why it was not written, or that it has to be tried alone."""
        if not batches:
            return []
        places = range(len(batches))
        try:
            unwritten = await self._call(batches, waits=False)
        except (asyncpg.PostgresError, Unstorable) as error:
            if len(batches) == 1:
                return [_refusal(error)]
            suspects = {place for place in places if _may_have_caused(error, batches[place])} or set(places)
            others = iter(await self._together([batches[place] for place in places if place not in suspects]))
            return [Later.ALONE if place in suspects else next(others) for place in places]
        return [Later.ALONE if place + 1 in unwritten else None for place in places]

    async def _alone(self, batch: Batch) -> Exception | None:
        try:
            unwritten = await self._call([batch], waits=True)
        except (asyncpg.PostgresError, Unstorable) as error:
            return _refusal(error)
        return Fenced(batch.lane, batch.epoch) if unwritten else None

    async def _call(self, batches: Sequence[Batch], *, waits: bool) -> Sequence[int]:
        """Commit in one transaction. The places (from 1) of the batches that were not written."""
        arguments = _arguments(batches)
        async with self._database.connection() as connection:
            unwritten: list[int] = await connection.fetchval(COMMIT.sql, *arguments, waits)
            return unwritten


def _weight(batch: Batch) -> int:
    return len(batch.outcomes)


def _may_have_caused(error: Exception, batch: Batch) -> bool:
    """Whether the batch holds what the database has refused, as far as it says what that is."""
    if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name == "commands_pkey":
        return any(outcome.command_id in (error.detail or "") for outcome in batch.outcomes)
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate == CLAIMS_REFUSED:
        refused = {tuple(conflict[:3]) for conflict in json.loads(error.detail or "[]")}
        claims = [(batch.context, claim.scope, claim.key) for claim in batch.claims_to_acquire]
        claims += [(batch.context, claim.scope, claim.key) for claim in batch.claims_to_settle]
        return not refused.isdisjoint(claims)
    return False


def _refusal(error: Exception) -> Exception:
    """What is raised to the lane whose batch the database has refused."""
    if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name == "commands_pkey":
        return Repeated()
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate == CLAIMS_REFUSED:
        return _claims_refused(error)
    return error


def _claims_refused(error: asyncpg.PostgresError) -> ClaimConflict:
    """From the detail of AN002: [context, scope, key] for a claim to acquire, with the stream id for one to hand on."""
    conflicts = json.loads(error.detail or "[]")
    return ClaimConflict(
        frozenset((scope, key) for _, scope, key, *former in conflicts if not former),
        frozenset((scope, key, former[0]) for _, scope, key, *former in conflicts if former),
    )


def _arguments(batches: Sequence[Batch]) -> list[str]:
    """The parameters of COMMIT. Raises Unstorable."""
    rows: dict[str, list[Sequence[Sequence[Any]]]] = {
        "outcome": [[_stored(outcome) for outcome in batch.outcomes] for batch in batches],
        "event": [batch.events for batch in batches],
        "acquire": [batch.claims_to_acquire for batch in batches],
        "settle": [batch.claims_to_settle for batch in batches],
        "credential": [batch.credentials for batch in batches],
        "snapshot": [batch.snapshots for batch in batches],
    }
    arguments = _BATCH.of([_batch_row(batch) for batch in batches])
    for kind, lists in _ROWS.items():
        groups = rows[kind]
        places = [number for number, group in enumerate(groups, start=1) for _ in group]
        arguments += [listed_values(places), *lists.of([row for group in groups for row in group])]
    return arguments


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
