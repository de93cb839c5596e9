"""The event store on Postgres. A batch is one call of `annals.commit_commands`: one transaction, one round trip."""

import json
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import asyncpg

from infra.postgres.function_calls import FunctionCall, RowLists
from infra.postgres.lane_store import PostgresLaneStore
from infra.postgres.lists import listed
from workers.ports.event_store import (
    Batch,
    BatchLookup,
    ClaimConflict,
    ClaimToAcquire,
    ClaimToSettle,
    CredentialRow,
    EventRow,
    OutcomeRow,
    Repeated,
    SnapshotRow,
    StoredSnapshot,
    StreamEvent,
)
from workers.ports.lanes import Fenced

FENCED = "AN001"
CLAIMS_REFUSED = "AN002"

# Without the fields that all rows of a batch share: those are sent once.
COMMIT_COMMANDS = FunctionCall(
    "commit_commands",
    values=(
        *("lane_topic", "lane_partition", "lane_epoch", "new_consumed", "new_last_timestamp", "new_sequence"),
        *("new_published_sequence", "new_published_offset", "batch_context", "batch_time"),
    ),
    rows=(
        RowLists("outcome", OutcomeRow._fields, without=("context", "partition", "handled_at")),
        RowLists("event", EventRow._fields, without=("context", "partition", "recorded_at")),
        RowLists("acquire", ClaimToAcquire._fields),
        RowLists("settle", ClaimToSettle._fields),
        RowLists("credential", CredentialRow._fields),
        RowLists("snapshot", SnapshotRow._fields),
    ),
)


class PostgresEventStore(PostgresLaneStore):
    """`EventStore` on Postgres."""

    async def look_up(
        self, context: str, command_ids: Sequence[str], stream_ids: Sequence[str], fingerprint: str | None = None
    ) -> BatchLookup:
        row = await self._database.row("look_up", listed(command_ids), context, listed(stream_ids), fingerprint)
        assert row is not None
        return BatchLookup(
            row["now"],
            dict(zip(row["command_ids"] or (), map(str.encode, row["outcomes"] or ()), strict=True)),
            [StreamEvent._make(values) for values in _columns(row, "event", StreamEvent._fields, "data")],
            [StoredSnapshot._make(values) for values in _columns(row, "snapshot", StoredSnapshot._fields, "state")],
        )

    async def streams(self, context: str, stream_ids: Sequence[str]) -> Sequence[EventRow]:
        """All events of these streams, each stream's together and in order."""
        return [event_row(row) for row in await self._database.rows("streams", context, listed(stream_ids))]

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        rows = await self._database.rows("events_after", context, partition, sequence, limit)
        return [event_row(row) for row in rows]

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        return [event_row(row) for row in await self._database.rows("stream_after", context, stream_id, version, limit)]

    async def streams_begun(self, context: str, partition: int, after: int, until: int) -> Sequence[str]:
        rows = await self._database.rows("streams_begun", context, partition, after, until)
        return [row["stream_id"] for row in rows]

    async def first_events(self, context: str, stream_ids: Sequence[str], limit: int) -> Sequence[EventRow]:
        return [event_row(row) for row in await self._database.rows("first_events", context, listed(stream_ids), limit)]

    async def events_listed(
        self, context: str, partitions: Sequence[int], after: int, limit: int
    ) -> Sequence[EventRow]:
        """The earliest `limit` events of these partitions whose sequence is higher than `after`, by the time of
        recording; each partition's in order. Raises Unavailable.
        """
        rows = await self._database.rows("events_listed", context, partitions, after, limit)
        return [event_row(row) for row in rows]

    async def outcome(self, command_id: str) -> bytes | None:
        """The stored outcome's JSON (the port `Outcomes`)."""
        outcome: str | None = await self._database.value("outcome", command_id)
        return None if outcome is None else outcome.encode()

    async def commit(self, batch: Batch) -> None:
        arguments = _arguments(batch)
        async with self._database.connection() as connection:
            try:
                await connection.execute(COMMIT_COMMANDS.sql, *arguments)
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name == "commands_pkey":
                    raise Repeated from error
                raise
            except asyncpg.PostgresError as error:
                if error.sqlstate == FENCED:
                    raise Fenced(batch.lane, batch.epoch) from error
                if error.sqlstate == CLAIMS_REFUSED:
                    raise _claims_refused(json.loads(error.detail or "[]")) from error
                raise


_EVENT_VALUES = itemgetter(*EventRow._fields)
_DATA = EventRow._fields.index("data")


def event_row(row: Any) -> EventRow:
    """An EventRow of a query's row that has a column for each of its fields."""
    values = list(_EVENT_VALUES(row))
    values[_DATA] = values[_DATA].encode()
    return EventRow._make(values)


def _columns(row: Any, prefix: str, fields: Sequence[str], encoded: str) -> Any:
    """The values of each row of what look_up.sql gives as one array for each field, NULL when there are no rows. The
    texts of the field `encoded` become UTF-8.
    """
    columns = {field: row[f"{prefix}_{field}"] or () for field in fields}
    columns[encoded] = map(str.encode, columns[encoded])
    return zip(*columns.values(), strict=True)


def _claims_refused(conflicts: Sequence[Sequence[str]]) -> ClaimConflict:
    """From the detail of AN002: [scope, key] for a claim to acquire, [scope, key, stream id] for one to hand on."""
    return ClaimConflict(
        frozenset((scope, key) for scope, key, *former in conflicts if not former),
        frozenset((scope, key, former[0]) for scope, key, *former in conflicts if former),
    )


def _arguments(batch: Batch) -> list[Any]:
    return COMMIT_COMMANDS.arguments(
        {
            "lane_topic": batch.lane.topic,
            "lane_partition": batch.lane.partition,
            "lane_epoch": batch.epoch,
            "new_consumed": batch.consumed,
            "new_last_timestamp": batch.last_timestamp,
            "new_sequence": batch.sequence,
            "new_published_sequence": batch.mark.sequence,
            "new_published_offset": batch.mark.offset,
            "batch_context": batch.context,
            "batch_time": batch.time,
        },
        {
            "outcome": batch.outcomes,
            "event": batch.events,
            "acquire": batch.claims_to_acquire,
            "settle": batch.claims_to_settle,
            "credential": batch.credentials,
            "snapshot": batch.snapshots,
        },
    )
