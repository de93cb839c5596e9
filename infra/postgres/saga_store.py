"""The saga store on Postgres. A batch is one call of `annals.commit_sagas`: one transaction, one round trip."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from contracts.envelope import rfc3339
from infra.postgres.event_store import FENCED, PostgresEventStore
from infra.postgres.lane_store import PostgresLaneStore
from infra.postgres.lists import columns, listed
from infra.postgres.pool import Database
from infra.postgres.queries import sql
from workers.ports.event_store import EventRow
from workers.ports.lanes import Fenced, LaneKey
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.sagas import (
    DeadlineRow,
    DueInternalEvents,
    Following,
    InstanceConflict,
    InstanceKey,
    SagaBatch,
    StepRejection,
    StepRow,
    StoredInstance,
    UnchangedStep,
)

MOVED = "AN003"


class PostgresSagaStore(PostgresLaneStore):
    """`SagaStore` on Postgres."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._events = PostgresEventStore(database)

    async def begin(self, lane: LaneKey, epoch: int, followings: Sequence[Following]) -> None:
        await self._database.rows("begin_sagas", lane.topic, lane.partition, epoch, *columns(followings, 2))

    async def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, StoredInstance]:
        rows = await self._database.rows("saga_states", *columns(keys, 2))
        return {InstanceKey(row[0], row[1]): StoredInstance(row[2], row[3].encode()) for row in rows}

    async def due(self, lane: LaneKey, sagas: Sequence[str], limit: int) -> DueInternalEvents:
        row = await self._database.row("due", lane.topic, lane.partition, listed(sagas), limit)
        assert row is not None
        deadlines = [DeadlineRow(**_in_utc(each, "due_at")) for each in orjson.loads(row["deadlines"] or b"[]")]
        rejections = [StepRejection(**_in_utc(each, "handled_at")) for each in orjson.loads(row["rejections"] or b"[]")]
        unchanged = [UnchangedStep(**_in_utc(each, "handled_at")) for each in orjson.loads(row["unchanged"] or b"[]")]
        return DueInternalEvents(rfc3339(row["now"]), deadlines, rejections, unchanged)

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

    async def parked_requests(self, lane: LaneKey) -> Sequence[ParkedStreamRequest]:
        return [
            ParkedStreamRequest(*row)
            for row in await self._database.rows("parked_requests_in_lane", lane.topic, lane.partition)
        ]

    async def commit(self, batch: SagaBatch) -> None:
        instances = [(*row[:3], row.state.decode(), *row[4:]) for row in batch.instances]
        steps = [(*row[:7], row.data.decode(), *row[8:]) for row in batch.steps]
        journal = [(*row[:10], None if row.data is None else row.data.decode()) for row in batch.journal]
        passed = [(row.saga, row.instance_id, row.name, row.event_id) for row in batch.passed_deadlines]
        arguments = [
            batch.lane.topic,
            batch.lane.partition,
            batch.epoch,
            batch.consumed,
            batch.position,
            batch.published,
            batch.input_sequence,
            *columns(instances, 7),
            *columns(steps, 14),
            *columns(batch.parked, 8),
            *columns(batch.unparked, 2),
            *columns(journal, 11),
            *columns(batch.deadlines, 8),
            *columns(batch.cleared_deadlines, 3),
            *columns(passed, 4),
            listed([str(each) for each in batch.answered_steps]),
        ]
        async with self._database.connection() as connection:
            try:
                await connection.execute(sql("commit_sagas"), *arguments)
            except asyncpg.PostgresError as error:
                if error.sqlstate == FENCED:
                    raise Fenced(batch.lane, batch.epoch) from error
                if error.sqlstate == MOVED:
                    raise InstanceConflict from error
                raise


def _in_utc(row: dict[str, Any], time: str) -> dict[str, Any]:
    """A row of JSON with its time as this system writes times."""
    return {**row, time: rfc3339(datetime.fromisoformat(row[time]))}
