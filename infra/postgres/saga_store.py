"""The saga store on Postgres. A batch is one call of `annals.commit_sagas`: one transaction, one round trip."""

from collections.abc import Mapping, Sequence

import asyncpg

from contracts.envelope import rfc3339
from infra.postgres.event_store import FENCED, PostgresEventStore
from infra.postgres.lane_store import PostgresLaneStore
from infra.postgres.lists import columns
from infra.postgres.pool import Database
from infra.postgres.queries import sql
from workers.ports.event_store import EventRow
from workers.ports.lanes import Fenced, LaneKey
from workers.ports.parked import ParkedStream, Wish
from workers.ports.sagas import InstanceKey, SagaBatch, StepRow


class PostgresSagaStore(PostgresLaneStore):
    """`SagaStore` on Postgres."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._events = PostgresEventStore(database)

    async def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, bytes]:
        rows = await self._database.rows("saga_states", *columns(keys, 2))
        return {InstanceKey(row[0], row[1]): row[2].encode() for row in rows}

    async def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        rows = await self._database.rows("outbox_after", lane.topic, lane.partition, position, limit)
        return [
            StepRow(**{**row, "data": row["data"].encode(), "caused_at": rfc3339(row["caused_at"])}) for row in rows
        ]

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        return await self._events.events_after(context, partition, sequence, limit)

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        return await self._events.stream_after(context, stream_id, version, limit)

    async def parked(self, lane: LaneKey) -> Sequence[ParkedStream]:
        rows = await self._database.rows("parked_in_lane", lane.topic, lane.partition)
        return [ParkedStream(*(*row[:7], rfc3339(row[7]))) for row in rows]

    async def wishes(self, lane: LaneKey) -> Sequence[Wish]:
        return [Wish(*row) for row in await self._database.rows("wishes_in_lane", lane.topic, lane.partition)]

    async def commit(self, batch: SagaBatch) -> None:
        instances = [(*row[:3], row.state.decode(), row.correlation_id) for row in batch.instances]
        steps = [(*row[:7], row.data.decode(), *row[8:]) for row in batch.steps]
        arguments = [
            batch.lane.topic,
            batch.lane.partition,
            batch.epoch,
            batch.consumed,
            batch.position,
            batch.published,
            batch.input_sequence,
            *columns(instances, 5),
            *columns(steps, 13),
            *columns(batch.parked, 8),
            *columns(batch.unparked, 2),
        ]
        async with self._database.connection() as connection:
            try:
                await connection.execute(sql("commit_sagas"), *arguments)
            except asyncpg.PostgresError as error:
                if error.sqlstate == FENCED:
                    raise Fenced(batch.lane, batch.epoch) from error
                raise
