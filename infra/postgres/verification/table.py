"""The tables as a verification reads them, in the role `annals_reader`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from datetime import datetime

from contracts.envelope import rfc3339
from infra.postgres.event_store import event_row
from infra.postgres.lists import columns, listed
from infra.postgres.pool import Database
from infra.postgres.saga_store import step_row, stored_instance
from infra.postgres.session import read_transaction
from infra.postgres.verification.rows import parked_in_lane, snapshot_of_stream
from infra.postgres.verification.texts import is_storable, key_lists, storable, storable_keys
from infra.postgres.verification.transactions import PostgresReadTransaction
from workers.ports.event_store import EventRow
from workers.ports.lanes import LaneKey
from workers.ports.sagas import InstanceKey, StepRow, StoredInstance
from workers.ports.verification.rows import (
    EventApplied,
    LaneOffset,
    LaneSequence,
    OpenInterruption,
    OverdueAnswer,
    OverdueDeadline,
    ParkedInLane,
    SnapshotOfStream,
    StepOutcome,
    StrayAnswer,
    StrayDeadline,
    StreamCommand,
)

_BEFORE_ALL_ANSWERS = ("", 0, 0)
_BEFORE_ALL_DEADLINES = ("", "", "")


class PostgresVerifiedTable:
    """`VerifiedTable` on the database. Needs one connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def read_transaction(self) -> AsyncIterator[PostgresReadTransaction]:
        async with read_transaction(self._database) as session:
            yield PostgresReadTransaction(session)

    async def lane_sequences(self) -> Sequence[LaneSequence]:
        return [LaneSequence(**row) for row in await self._database.rows("lane_sequences")]

    async def recorded_ends(self, context: str) -> Mapping[int, int]:
        return {row["partition"]: row["sequence"] for row in await self._database.rows("recorded_ends", context)}

    async def outbox_ends(self, topic: str) -> Mapping[int, int]:
        return {row["partition"]: row["position"] for row in await self._database.rows("outbox_ends", topic)}

    async def lane_offsets(self, topic: str) -> Sequence[LaneOffset]:
        rows = await self._database.rows("lanes_consumed", topic)
        return [LaneOffset(row["partition"], row["consumed"], row["topic_id"]) for row in rows]

    async def open_interruptions(self) -> Sequence[OpenInterruption]:
        rows = await self._database.rows("open_interruptions")
        return [OpenInterruption(**{field: row[field] for field in OpenInterruption._fields}) for row in rows]

    async def events_at(self, context: str, partition: int, sequences: Sequence[int]) -> Sequence[EventRow]:
        rows = await self._database.rows("events_at", context, partition, listed([str(number) for number in sequences]))
        return [event_row(row) for row in rows]

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        rows = await self._database.rows("events_after", context, partition, sequence, limit)
        return [event_row(row) for row in rows]

    async def stream_ids_after(self, context: str, stream_id: str, limit: int) -> Sequence[str]:
        rows = await self._database.rows("streams_after", context, stream_id, limit)
        return [row["stream_id"] for row in rows]

    async def streams_without_events(self, context: str, stream_ids: Sequence[str]) -> AbstractSet[str]:
        askable = storable(stream_ids)
        rows = await self._database.rows("unknown_streams", context, listed(askable)) if askable else ()
        return {row["id"] for row in rows} | (set(stream_ids) - set(askable))

    async def snapshots_after(self, context: str, stream_id: str, limit: int) -> Sequence[SnapshotOfStream]:
        rows = await self._database.rows("snapshots_after", context, stream_id, limit)
        return [snapshot_of_stream(row) for row in rows]

    async def commands_without_outcome(
        self, context: str, commands: Sequence[StreamCommand]
    ) -> AbstractSet[StreamCommand]:
        return await self._commands("commands_without_outcome", context, commands)

    async def commands_not_accepted(
        self, context: str, commands: Sequence[StreamCommand]
    ) -> AbstractSet[StreamCommand]:
        return await self._commands("not_accepted", context, commands)

    async def _commands(
        self, query: str, context: str, commands: Sequence[StreamCommand]
    ) -> AbstractSet[StreamCommand]:
        askable = [command for command in commands if is_storable(command.stream_id)]
        rows = await self._database.rows(query, context, *columns(askable, 2)) if askable else ()
        unknown = {command for command in commands if not is_storable(command.stream_id)}
        return unknown | {StreamCommand(row["stream_id"], row["command_id"]) for row in rows}

    async def command_statuses(
        self, context: str, stream_id: str, command_ids: Sequence[str]
    ) -> Mapping[str, str | None]:
        rows = await self._database.rows("statuses_in_stream", context, stream_id, listed(command_ids))
        return {row["command_id"]: row["status"] for row in rows}

    async def later_attempts(self, command_id: str) -> Sequence[str]:
        row = await self._database.row("attempts_of", command_id)
        assert row is not None, "the query has one row for each command id"
        command_ids: Sequence[str] = row["command_ids"]
        return command_ids

    async def journals_kept_since(self) -> datetime:
        applied_at: datetime = await self._database.value("journals_since")
        return applied_at

    async def stored_instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, StoredInstance]:
        askable = storable_keys(keys)
        rows = await self._database.rows("saga_states", *key_lists(askable)) if askable else ()
        return dict(map(stored_instance, rows))

    async def unknown_instances(self, keys: Sequence[InstanceKey]) -> AbstractSet[InstanceKey]:
        askable = storable_keys(keys)
        rows = await self._database.rows("unknown_instances", *key_lists(askable)) if askable else ()
        return {InstanceKey(**row) for row in rows} | (set(keys) - set(askable))

    async def instances_older_than_journal(self, keys: Sequence[InstanceKey]) -> AbstractSet[InstanceKey]:
        askable = storable_keys(keys)
        rows = await self._database.rows("older_than_journal", *key_lists(askable)) if askable else ()
        return {InstanceKey(**row) for row in rows}

    async def event_coverage(
        self, keys: Sequence[InstanceKey], context: str, partition: int, first: int, last: int
    ) -> Sequence[EventApplied]:
        askable = storable_keys(keys)
        if not askable:
            return []
        stretch = (context, partition, first, last)
        rows = await self._database.rows("event_coverage", *key_lists(askable), *stretch)
        return [EventApplied(**row) for row in rows]

    async def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        rows = await self._database.rows("outbox_after", lane.topic, lane.partition, position, limit)
        return [step_row(row) for row in rows]

    async def step_outcomes(self, topic: str, partition: int, positions: Sequence[int]) -> Sequence[StepOutcome]:
        numbers = listed([str(position) for position in positions])
        return [StepOutcome(**row) for row in await self._database.rows("step_statuses", topic, partition, numbers)]

    async def deadlines_overdue(
        self, topic: str, partition: int, seconds: float, limit: int
    ) -> Sequence[OverdueDeadline]:
        rows = await self._database.rows("deadlines_overdue", topic, partition, seconds, limit)
        return [OverdueDeadline(**{**row, "due_at": rfc3339(row["due_at"])}) for row in rows]

    async def answers_overdue(self, topic: str, partition: int, seconds: float, limit: int) -> Sequence[OverdueAnswer]:
        rows = await self._database.rows("rejections_overdue", topic, partition, seconds, limit)
        return [OverdueAnswer(**{**row, "handled_at": rfc3339(row["handled_at"])}) for row in rows]

    async def stray_answers(self, after: StrayAnswer | None, limit: int) -> Sequence[StrayAnswer]:
        last = _BEFORE_ALL_ANSWERS if after is None else (after.topic, after.partition, after.position)
        return [StrayAnswer(**row) for row in await self._database.rows("rejections_without_step", *last, limit)]

    async def stray_deadlines(self, after: StrayDeadline | None, limit: int) -> Sequence[StrayDeadline]:
        last = _BEFORE_ALL_DEADLINES if after is None else after
        rows = await self._database.rows("deadlines_without_instance", *last, limit)
        return [StrayDeadline(row["saga"], row["instance_id"], row["name"]) for row in rows]

    async def streams_parked_by_sagas(self, topic: str) -> Sequence[ParkedInLane]:
        return [parked_in_lane(row) for row in await self._database.rows("parked_of_topic", topic)]
