"""Several questions in one transaction: `ReadTransaction` for comparisons, `LanesHeld` for repairs."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from infra.postgres.lists import listed
from infra.postgres.session import Session
from infra.postgres.verification.rows import (
    journal_entry,
    listed_instance,
    outbox_step,
    parked_in_lane,
    stored_deadline,
)
from infra.postgres.verification.texts import is_storable, storable
from workers.ports.event_store import EventRow
from workers.ports.sagas import Following
from workers.ports.verification.rows import (
    ClaimRow,
    JournalEntry,
    ListedSagaInstance,
    OutboxStep,
    ParkedInLane,
    SagaBeginning,
    SagaLanePosition,
    StoredDeadline,
)


class PostgresStreamReader:
    """`StreamReader` on a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def events_of(self, context: str, stream_ids: Sequence[str]) -> AsyncIterator[EventRow]:
        async for row in self._session.events_of(context, storable(stream_ids)):
            yield row

    async def claim_holders(self, context: str, claims: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        askable = [(scope, key) for scope, key in claims if is_storable(scope) and is_storable(key)]
        if not askable:
            return {}
        scopes, keys = listed([scope for scope, _ in askable]), listed([key for _, key in askable])
        rows = await self._session.rows("unique_claims_of", context, scopes, keys)
        return {(row["scope"], row["key"]): row["stream_id"] for row in rows}


class PostgresReadTransaction(PostgresStreamReader):
    """`ReadTransaction` on a session that reads as of one moment."""

    async def stream_ids_after(self, context: str, stream_id: str, limit: int) -> Sequence[str]:
        rows = await self._session.rows("streams_after", context, stream_id, limit)
        return [row["stream_id"] for row in rows]

    async def claims_after(self, context: str, scope: str, key: str, limit: int) -> Sequence[ClaimRow]:
        rows = await self._session.rows("unique_claims_after", context, scope, key, limit)
        return [ClaimRow(**row) for row in rows]

    async def credentials_after(self, context: str, stream_id: str, limit: int) -> Sequence[str]:
        rows = await self._session.rows("credentials_after", context, stream_id, limit)
        return [row["stream_id"] for row in rows]

    async def saga_lane_positions(self, topic: str) -> Sequence[SagaLanePosition]:
        rows = await self._session.rows("saga_lanes", topic)
        return [SagaLanePosition(row["partition"], row["input_sequence"], row["sequence"]) for row in rows]

    async def saga_beginnings(self, topic: str) -> Sequence[SagaBeginning]:
        rows = await self._session.rows("saga_beginnings", topic)
        return [
            SagaBeginning(row["partition"], Following(row["saga"], row["event_type"]), row["after_sequence"])
            for row in rows
        ]

    async def streams_parked_by_sagas(self, topic: str) -> Sequence[ParkedInLane]:
        return [parked_in_lane(row) for row in await self._session.rows("parked_of_topic", topic)]

    async def instances_after(self, saga: str, instance_id: str, limit: int) -> Sequence[ListedSagaInstance]:
        rows = await self._session.rows("instances_after", saga, instance_id, limit)
        return [listed_instance(row) for row in rows]

    async def journals(self, saga: str, instance_ids: Sequence[str]) -> AsyncIterator[JournalEntry]:
        async for row in self._session.stream("journals", saga, listed(storable(instance_ids))):
            yield journal_entry(row)

    async def steps_of(self, saga: str, instance_ids: Sequence[str]) -> AsyncIterator[OutboxStep]:
        async for row in self._session.stream("steps_of", saga, listed(storable(instance_ids))):
            yield outbox_step(row)

    async def deadlines_of(self, saga: str, instance_ids: Sequence[str]) -> AsyncIterator[StoredDeadline]:
        async for row in self._session.stream("deadlines_of", saga, listed(storable(instance_ids))):
            yield stored_deadline(row)


class PostgresLanesHeld(PostgresStreamReader):
    """`LanesHeld` on a session that writes."""

    async def release_claim(self, context: str, scope: str, key: str, stream_id: str) -> None:
        await self._session.run("release_unique_claim", context, scope, key, stream_id)

    async def grant_claim(self, context: str, scope: str, key: str, stream_id: str) -> None:
        await self._session.run("grant_unique_claim", context, scope, key, stream_id)

    async def remove_credential(self, context: str, stream_id: str) -> None:
        await self._session.run("remove_credential", context, stream_id)
