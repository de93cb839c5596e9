"""The event store on Postgres: queries, look-ups (command_lookups.py) and commits (command_commits.py)."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from infra.postgres.command_commits import command_commits
from infra.postgres.command_lookups import CommandLookUps, outcome_row
from infra.postgres.lane_store import PostgresLaneStore
from infra.postgres.lists import listed
from infra.postgres.pool import Database
from workers.ports.event_store import Batch, BatchLookup, EventRow
from workers.ports.outcomes import CommandKey


class PostgresEventStore(PostgresLaneStore):
    """`EventStore` on Postgres. What several lanes ask and write at the same time goes together."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._look_ups = CommandLookUps(database)
        self._commits = command_commits(database)

    def time(self) -> datetime | None:
        return self._look_ups.time()

    async def look_up(
        self,
        context: str,
        commands: Sequence[tuple[str, str]],
        stream_ids: Sequence[str],
        fingerprint: str | None = None,
    ) -> BatchLookup:
        return await self._look_ups.look_up(context, commands, stream_ids, fingerprint)

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

    async def outcome(self, key: CommandKey) -> bytes | None:
        """The stored outcome's JSON (the port `Outcomes`)."""
        row = await self._database.row("outcome", key.command_id, key.context, key.stream_id)
        return None if row is None else outcome_row(row).outcome

    async def outcomes(self, command_id: str, limit: int) -> Sequence[bytes]:
        """The stored outcomes' JSON (the port `Outcomes`)."""
        return [outcome_row(row).outcome for row in await self._database.rows("outcomes_of", command_id, limit)]

    async def commit(self, batch: Batch) -> None:
        await self._commits.commit(batch)


_EVENT_VALUES = itemgetter(*EventRow._fields)
_DATA = EventRow._fields.index("data")


def event_row(row: Any) -> EventRow:
    """An EventRow of a query's row that has a column for each of its fields."""
    values = list(_EVENT_VALUES(row))
    values[_DATA] = values[_DATA].encode()
    return EventRow._make(values)
