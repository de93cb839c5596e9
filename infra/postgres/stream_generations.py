"""Generations of a context's streams, in the tables `stream_generations`, `copied_lanes`, `copied_events` and
`live_generations`. The view `live_events` is what everybody reads.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from contracts.topics import Topics
from infra.postgres.event_store import event_row
from infra.postgres.lists import listed
from infra.postgres.pool import Database
from infra.postgres.session import Session, lanes_held
from workers.ports.event_store import EventRow
from workers.ports.lanes import LaneKey
from workers.ports.stream_generations import (
    NEVER_SWITCHED,
    CopyConflict,
    LiveStreams,
    StreamGeneration,
)


class PostgresHeldStreams:
    """`HeldStreams` on the session of one transaction."""

    def __init__(self, session: Session, topics: Topics) -> None:
        self._session = session
        self._topics = topics

    async def lane_sequences(self, context: str) -> Mapping[int, int]:
        rows = await self._session.rows("lane_sequences_of", self._topics.commands(context))
        return {row["partition"]: row["sequence"] for row in rows}

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        rows = await self._session.rows("events_after", context, partition, sequence, limit)
        return [event_row(row) for row in rows]

    async def store(
        self, generation: StreamGeneration, partition: int, copied_to: int, events: Sequence[EventRow]
    ) -> StreamGeneration:
        context, number = generation.context, generation.number
        stored = await self._session.rows(
            "copy_events",
            context,
            number,
            partition,
            generation.copied_to.get(partition, 0),
            copied_to,
            [event.sequence for event in events],
            [event.type for event in events],
            [event.schema_version for event in events],
            [event.data.decode() for event in events],
        )
        if not stored:
            raise CopyConflict(context)
        changed, types = stored[0]["changed"], stored[0]["types"]
        if changed:
            await self._session.run("note_copied", context, number, partition, changed, types)
        return generation._replace(
            copied_to={**generation.copied_to, partition: copied_to},
            changed=generation.changed + changed,
            types=generation.types.union(types),
        )

    async def make_live(self, context: str, live: LiveStreams, to: int, types: Collection[str]) -> None:
        if not await self._session.rows("make_live", context, live.number, to):
            raise CopyConflict(context)
        await self._session.run("fence_lanes", self._topics.commands(context), sorted(types))
        await self._session.run("drop_snapshots", context)


class PostgresStreamGenerations:
    """`StreamGenerations`. What changes anything needs the role `annals_audit`."""

    def __init__(self, database: Database, topics: Topics) -> None:
        self._database = database
        self._topics = topics

    async def live(self, context: str) -> LiveStreams:
        row = await self._database.row("live_streams", context)
        return NEVER_SWITCHED if row is None else LiveStreams(**row)

    async def existing(self, context: str) -> Sequence[StreamGeneration]:
        return [_generation(row) for row in await self._database.rows("stream_generations_of", context)]

    async def begin(self, context: str, copied_from: int, transform: str, fingerprint: str) -> StreamGeneration:
        number = await self._database.value("begin_stream_generation", context, copied_from, transform, fingerprint)
        if number is None:
            raise CopyConflict(context)
        begun = await self.existing(context)
        return next(generation for generation in begun if generation.number == number)

    async def lane_sequences(self, context: str) -> Mapping[int, int]:
        async with self._transaction() as streams:
            return await streams.lane_sequences(context)

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        async with self._transaction() as streams:
            return await streams.events_after(context, partition, sequence, limit)

    async def store(
        self, generation: StreamGeneration, partition: int, copied_to: int, events: Sequence[EventRow]
    ) -> StreamGeneration:
        async with self._transaction() as streams:
            return await streams.store(generation, partition, copied_to, events)

    async def changed_streams_after(
        self, context: str, live: int, other: int, stream_id: str, limit: int
    ) -> Sequence[str]:
        rows = await self._database.rows("copied_streams_after", context, live, other, stream_id, limit)
        return [row["stream_id"] for row in rows]

    async def streams(self, context: str, number: int, stream_ids: Sequence[str]) -> Sequence[EventRow]:
        rows = await self._database.rows("streams_of_generation", context, number, listed(stream_ids))
        return [event_row(row) for row in rows]

    @asynccontextmanager
    async def hold(self, context: str) -> AsyncIterator[PostgresHeldStreams]:
        topic = self._topics.commands(context)
        lanes = [LaneKey("command", topic, partition) for partition in await self.lane_sequences(context)]
        async with lanes_held(self._database, lanes) as session:
            yield PostgresHeldStreams(session, self._topics)

    async def log_is_renewed(self, context: str) -> None:
        await self._database.run("log_is_renewed", context)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[PostgresHeldStreams]:
        async with self._database.connection() as connection, connection.transaction():
            yield PostgresHeldStreams(Session(connection), self._topics)


def _generation(row: Any) -> StreamGeneration:
    values = dict(row)
    partitions, copied_to = values.pop("partitions") or [], values["copied_to"] or []
    copied = dict(zip(partitions, copied_to, strict=True))
    return StreamGeneration(**values | {"copied_to": copied, "types": frozenset(values["types"])})
