"""The saga store on Postgres. A batch is one call of `annals.commit_sagas`: one transaction, one round trip."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from contracts.envelope import rfc3339
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.function_calls import RowLists, RowsCall
from infra.postgres.lane_store import PostgresLaneStore
from infra.postgres.lists import columns, listed
from infra.postgres.pool import Database
from workers.ports.event_store import EventRow, Unstorable
from workers.ports.lanes import Fenced, LaneKey
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.sagas import (
    DeadlineRow,
    DueInternalEvents,
    Following,
    InstanceConflict,
    InstanceKey,
    InstanceRow,
    JournalRow,
    SagaBatch,
    StepRejection,
    StepRow,
    StoredInstance,
    UnchangedStep,
)

FENCED = "AN001"
MOVED = "AN003"
# A json column would keep it, and nothing could read it as a text.
ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

COMMIT_SAGAS = RowsCall(
    "commit_sagas",
    values=(
        *("lane_topic", "lane_partition", "lane_epoch", "new_consumed", "new_position", "new_published"),
        *("new_input_sequence", "answered_position"),
    ),
    rows=(
        RowLists("instance", InstanceRow._fields),
        RowLists("step", StepRow._fields),
        RowLists("parked", ParkedStream._fields),
        RowLists("unparked", ("follower", "stream_id")),
        RowLists("journal", JournalRow._fields),
        RowLists("deadline", DeadlineRow._fields),
        RowLists("cleared", ("saga", "instance_id", "name")),
        RowLists("passed", DeadlineRow._fields, without=("due_at", "correlation_id", "actor", "traceparent")),
    ),
)


class PostgresSagaStore(PostgresLaneStore):
    """`SagaStore` on Postgres."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._events = PostgresEventStore(database)

    async def begin(self, lane: LaneKey, epoch: int, followings: Sequence[Following]) -> None:
        await self._database.rows("begin_sagas", lane.topic, lane.partition, epoch, *columns(followings, 2))

    async def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, StoredInstance]:
        rows = await self._database.rows("saga_states", *columns(keys, 2))
        return {
            InstanceKey(row["saga"], row["instance_id"]): StoredInstance(row["version"], row["state"].encode())
            for row in rows
        }

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
        if any(b"\\u0000" in row.state and ESCAPED_NUL.search(row.state) for row in batch.instances):
            raise Unstorable("a state holds a NUL")
        arguments = _arguments(batch)
        async with self._database.connection() as connection:
            try:
                await connection.execute(COMMIT_SAGAS.sql, *arguments)
            except asyncpg.PostgresError as error:
                if error.sqlstate == FENCED:
                    raise Fenced(batch.lane, batch.epoch) from error
                if error.sqlstate == MOVED:
                    raise InstanceConflict from error
                raise


def _arguments(batch: SagaBatch) -> list[Any]:
    return COMMIT_SAGAS.arguments(
        {
            "lane_topic": batch.lane.topic,
            "lane_partition": batch.lane.partition,
            "lane_epoch": batch.epoch,
            "new_consumed": batch.consumed,
            "new_position": batch.position,
            "new_published": batch.published,
            "new_input_sequence": batch.input_sequence,
            "answered_position": listed([str(position) for position in batch.answered_steps]),
        },
        {
            "instance": batch.instances,
            "step": batch.steps,
            "parked": batch.parked,
            "unparked": batch.unparked,
            "journal": batch.journal,
            "deadline": batch.deadlines,
            "cleared": batch.cleared_deadlines,
            "passed": batch.passed_deadlines,
        },
    )


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
