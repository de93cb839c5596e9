"""The saga store on Postgres: queries, and commits (saga_commits.py)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from contracts.envelope import rfc3339
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.lane_store import PostgresLaneStore
from infra.postgres.lists import columns, listed
from infra.postgres.pool import Database
from infra.postgres.saga_commits import saga_commits
from workers.ports.event_store import EventRow
from workers.ports.lanes import LaneKey
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.sagas import (
    DeadlineRow,
    DueInternalEvents,
    Following,
    InstanceKey,
    SagaBatch,
    StepRejection,
    StepRow,
    StoredInstance,
    UnchangedStep,
)


class PostgresSagaStore(PostgresLaneStore):
    """`SagaStore` on Postgres."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._events = PostgresEventStore(database)
        self._commits = saga_commits(database)

    async def begin(self, lane: LaneKey, epoch: int, followings: Sequence[Following]) -> None:
        await self._database.rows("begin_sagas", lane.topic, lane.partition, epoch, *columns(followings, 2))

    async def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, StoredInstance]:
        rows = await self._database.rows("saga_states", *columns(keys, 2))
        return dict(map(stored_instance, rows))

    async def due(self, lane: LaneKey, sagas: Sequence[str], limit: int) -> DueInternalEvents:
        row = await self._database.row("due", lane.topic, lane.partition, listed(sagas), limit)
        assert row is not None
        return DueInternalEvents(
            rfc3339(row["now"]),
            [DeadlineRow(**_in_utc(deadline, "due_at")) for deadline in _rows_of_json(row["deadlines"])],
            [StepRejection(**_in_utc(rejection, "handled_at")) for rejection in _rows_of_json(row["rejections"])],
            [UnchangedStep(**_in_utc(step, "handled_at")) for step in _rows_of_json(row["unchanged"])],
        )

    async def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        rows = await self._database.rows("outbox_after", lane.topic, lane.partition, position, limit)
        return [step_row(row) for row in rows]

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        return await self._events.events_after(context, partition, sequence, limit)

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        return await self._events.stream_after(context, stream_id, version, limit)

    async def parked(self, lane: LaneKey) -> Sequence[ParkedStream]:
        rows = await self._database.rows("parked_in_lane", lane.topic, lane.partition)
        return [ParkedStream(**{**row, "recorded_at": rfc3339(row["recorded_at"])}) for row in rows]

    async def parked_requests(self, lane: LaneKey) -> Sequence[ParkedStreamRequest]:
        return [
            ParkedStreamRequest(**row)
            for row in await self._database.rows("parked_requests_in_lane", lane.topic, lane.partition)
        ]

    async def commit(self, batch: SagaBatch) -> None:
        await self._commits.commit(batch)


def stored_instance(row: Any) -> tuple[InstanceKey, StoredInstance]:
    """A row of saga_states.sql."""
    key = InstanceKey(row["saga"], row["instance_id"])
    return key, StoredInstance(row["version"], row["state"].encode(), row["seed"])


def step_row(row: Any) -> StepRow:
    """A step of a row that has a column for each of its fields."""
    values = {field: row[field] for field in StepRow._fields}
    values["data"] = row["data"].encode()
    values["caused_at"] = rfc3339(row["caused_at"])
    return StepRow(**values)


def _rows_of_json(text: str | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = orjson.loads(text or b"[]")
    return rows


def _in_utc(row: dict[str, Any], time: str) -> dict[str, Any]:
    """A row of JSON with its time in RFC 3339 as envelopes have it."""
    return {**row, time: rfc3339(datetime.fromisoformat(row[time]))}
