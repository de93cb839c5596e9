"""The past on Postgres, read as `annals_reader`."""

from collections.abc import Mapping, Sequence

from infra.postgres.command_lookups import outcome_row
from infra.postgres.event_store import PostgresEventStore, event_row
from infra.postgres.lists import listed
from infra.postgres.pool import Database
from infra.postgres.session import read_transaction
from workers.ports.event_store import EventRow
from workers.ports.history import Cause, Correlated, Notice, SagaStep, StartedSaga

KINDS = ("commands", "events", "steps", "sagas", "notices")


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

    async def causes(self, context: str, stream_id: str, command_ids: Sequence[str]) -> Mapping[str, Cause]:
        if not command_ids:
            return {}
        rows = await self._database.rows("causes", context, stream_id, listed(command_ids))
        return {row["command_id"]: Cause(**row) for row in rows}

    async def correlated(self, correlation_id: str, limit: int) -> Correlated:
        # As of one moment: otherwise a step could be there without the command that it sent.
        async with read_transaction(self._database) as session:
            rows = {kind: await session.rows(f"correlated_{kind}", correlation_id, limit + 1) for kind in KINDS}
        return Correlated(
            commands=[outcome_row(row) for row in rows["commands"][:limit]],
            events=[event_row(row) for row in rows["events"][:limit]],
            steps=[SagaStep(**row) for row in rows["steps"][:limit]],
            sagas=[StartedSaga(**row) for row in rows["sagas"][:limit]],
            notices=[Notice(**{**row, "data": (row["data"] or "{}").encode()}) for row in rows["notices"][:limit]],
            cut=frozenset(kind for kind in KINDS if len(rows[kind]) > limit),
        )
