"""The past on Postgres, read as `annals_reader`."""

from collections.abc import Mapping, Sequence

from infra.postgres.event_store import PostgresEventStore, event_row
from infra.postgres.lists import listed
from infra.postgres.pool import Database
from infra.postgres.session import read_transaction
from workers.ports.event_store import EventRow, OutcomeRow
from workers.ports.history import Cause, Correlated, Notice, SagaStep, StartedSaga

# Each kind with the query that reads it.
KINDS = {kind: f"correlated_{kind}" for kind in ("commands", "events", "steps", "sagas", "notices")}


class PostgresHistory:
    """`History` on Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._events = PostgresEventStore(database)

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        return await self._events.stream_after(context, stream_id, version, limit)

    async def stream_end(self, context: str, stream_id: str) -> tuple[int, str] | None:
        row = await self._database.row("stream_end", context, stream_id)
        return None if row is None else (row["stream_version"], row["type"])

    async def causes(self, command_ids: Sequence[str]) -> Mapping[str, Cause]:
        if not command_ids:
            return {}
        rows = await self._database.rows("causes", listed(command_ids))
        return {row["command_id"]: Cause(*row) for row in rows}

    async def correlated(self, correlation_id: str, limit: int) -> Correlated:
        # As of one moment: else a step could be seen, and the command that it sent not.
        async with read_transaction(self._database) as session:
            found = {kind: await session.rows(query, correlation_id, limit + 1) for kind, query in KINDS.items()}
        return Correlated(
            [OutcomeRow(*(*row[:11], row["outcome"].encode())) for row in found["commands"][:limit]],
            [event_row(row) for row in found["events"][:limit]],
            [SagaStep(*row) for row in found["steps"][:limit]],
            [StartedSaga(*row) for row in found["sagas"][:limit]],
            [Notice(*(*row[:5], (row["data"] or "{}").encode())) for row in found["notices"][:limit]],
            frozenset(kind for kind, rows in found.items() if len(rows) > limit),
        )
