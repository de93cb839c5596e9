"""The event store on Postgres. A batch is one call of `annals.commit_commands`: one transaction, one round trip."""

import json
from collections.abc import Sequence
from typing import Any

import asyncpg

from infra.postgres.lane_store import PostgresLaneStore
from infra.postgres.lists import columns, listed
from infra.postgres.queries import sql
from workers.ports.event_store import (
    Batch,
    BatchLookup,
    ClaimConflict,
    EventRow,
    Repeated,
    StoredSnapshot,
    StreamEvent,
)
from workers.ports.lanes import Fenced

FENCED = "AN001"
CLAIMS_REFUSED = "AN002"


class PostgresEventStore(PostgresLaneStore):
    """`EventStore` on Postgres."""

    async def look_up(
        self, context: str, command_ids: Sequence[str], stream_ids: Sequence[str], fingerprint: str | None = None
    ) -> BatchLookup:
        row = await self._database.row("look_up", listed(command_ids), context, listed(stream_ids), fingerprint)
        assert row is not None
        return BatchLookup(
            row["now"],
            {command_id: outcome.encode() for command_id, outcome in row["outcomes"] or ()},
            [
                StreamEvent(stream_id, int(version), name, int(schema_version), data.encode())
                for stream_id, version, name, schema_version, data in row["events"] or ()
            ],
            [
                StoredSnapshot(stream_id, int(version), event_id, digest, state.encode())
                for stream_id, version, event_id, digest, state in row["snapshots"] or ()
            ],
        )

    async def streams(self, context: str, stream_ids: Sequence[str]) -> Sequence[EventRow]:
        """All events of these streams, each stream's together and in order: for people who look."""
        return [event_row(row) for row in await self._database.rows("streams", context, listed(stream_ids))]

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        return [
            event_row(row) for row in await self._database.rows("events_after", context, partition, sequence, limit)
        ]

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        return [event_row(row) for row in await self._database.rows("stream_after", context, stream_id, version, limit)]

    async def streams_begun(self, context: str, partition: int, after: int, until: int) -> Sequence[str]:
        rows = await self._database.rows("streams_begun", context, partition, after, until)
        return [row["stream_id"] for row in rows]

    async def first_events(self, context: str, stream_ids: Sequence[str], limit: int) -> Sequence[EventRow]:
        return [event_row(row) for row in await self._database.rows("first_events", context, listed(stream_ids), limit)]

    async def outcome(self, command_id: str) -> bytes | None:
        """The stored outcome's JSON (the port `Outcomes`)."""
        found: str | None = await self._database.value("outcome", command_id)
        return None if found is None else found.encode()

    async def commit(self, batch: Batch) -> None:
        arguments = _arguments(batch)
        async with self._database.connection() as connection:
            try:
                await connection.execute(sql("commit_commands"), *arguments)
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name == "commands_pkey":
                    raise Repeated from error
                raise
            except asyncpg.PostgresError as error:
                if error.sqlstate == FENCED:
                    raise Fenced(batch.lane, batch.epoch) from error
                if error.sqlstate == CLAIMS_REFUSED:
                    raise _refused(json.loads(error.detail or "[]")) from error
                raise


def _refused(told: Sequence[Sequence[str]]) -> ClaimConflict:
    """Of the database's list: [scope, key] could not be acquired, [scope, key, stream id] not be handed on."""
    refused = frozenset((each[0], each[1]) for each in told if len(each) == 2)
    return ClaimConflict(refused, frozenset((each[0], each[1], each[2]) for each in told if len(each) == 3))


def event_row(row: Any) -> EventRow:
    """An EventRow of a query's row with the columns of queries/streams.sql, in their order."""
    values = list(row)
    values[8] = values[8].encode()
    return EventRow(*values)


def _arguments(batch: Batch) -> list[Any]:
    outcomes = [
        (
            row.command_id,
            row.type,
            row.stream_id,
            row.status,
            row.sequence,
            row.correlation_id,
            row.causation_id,
            row.actor,
            row.outcome.decode(),
        )
        for row in batch.outcomes
    ]
    events = [
        (
            row.sequence,
            row.stream_id,
            row.stream_version,
            row.event_id,
            row.type,
            row.schema_version,
            row.data.decode(),
            row.command_id,
            row.correlation_id,
            row.causation_id,
            row.actor,
            row.traceparent,
        )
        for row in batch.events
    ]
    return [
        batch.lane.topic,
        batch.lane.partition,
        batch.epoch,
        batch.consumed,
        batch.sequence,
        batch.mark.sequence,
        batch.mark.offset,
        batch.context,
        batch.time,
        *columns(outcomes, 9),
        *columns(events, 12),
        *columns(batch.claims_to_acquire, 3),
        *columns(batch.claims_to_settle, 4),
        *columns(batch.credentials, 2),
        *columns([(*row[:4], row.state.decode()) for row in batch.snapshots], 5),
        batch.last_timestamp,
    ]
