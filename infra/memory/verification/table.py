"""The tables for a verification and a repair, in memory."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from infra.memory.table import Table
from infra.memory.verification import saga_queries, table_queries
from infra.memory.wire import Wire
from workers.ports.event_store import EventRow
from workers.ports.lanes import LaneKey
from workers.ports.sagas import InstanceKey, StepRow, StoredInstance
from workers.ports.verification import rows

P = ParamSpec("P")
T = TypeVar("T")


class MemoryReadTransaction:
    """`ReadTransaction` on the in-memory table: its first question copies the table, and all are answered from that."""

    def __init__(self, table: Table, wire: Wire) -> None:
        self._table = table
        self._wire = wire
        self._copy: Table | None = None

    async def events_of(self, context: str, stream_ids: Sequence[str]) -> AsyncIterator[EventRow]:
        for row in await self._ask(Table.streams_of, context, list(dict.fromkeys(stream_ids))):
            yield row

    async def claim_holders(self, context: str, claims: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        return await self._ask(table_queries.claim_holders, context, claims)

    async def stream_ids_after(self, context: str, stream_id: str, limit: int) -> Sequence[str]:
        return await self._ask(table_queries.stream_ids_after, context, stream_id, limit)

    async def claims_after(self, context: str, scope: str, key: str, limit: int) -> Sequence[rows.ClaimRow]:
        return await self._ask(table_queries.claims_after, context, scope, key, limit)

    async def credentials_after(self, context: str, stream_id: str, limit: int) -> Sequence[str]:
        return await self._ask(table_queries.credentials_after, context, stream_id, limit)

    async def saga_lane_positions(self, topic: str) -> Sequence[rows.SagaLanePosition]:
        return await self._ask(saga_queries.saga_lane_positions, topic)

    async def saga_beginnings(self, topic: str) -> Sequence[rows.SagaBeginning]:
        return await self._ask(saga_queries.saga_beginnings, topic)

    async def streams_parked_by_sagas(self, topic: str) -> Sequence[rows.ParkedInLane]:
        return await self._ask(saga_queries.streams_parked_by_sagas, topic)

    async def instances_after(self, saga: str, instance_id: str, limit: int) -> Sequence[rows.ListedSagaInstance]:
        return await self._ask(saga_queries.instances_after, saga, instance_id, limit)

    async def journals(self, saga: str, instance_ids: Sequence[str]) -> AsyncIterator[rows.JournalEntry]:
        for entry in await self._ask(saga_queries.journals, saga, instance_ids):
            yield entry

    async def steps_of(self, saga: str, instance_ids: Sequence[str]) -> AsyncIterator[rows.OutboxStep]:
        for step in await self._ask(saga_queries.steps_of, saga, instance_ids):
            yield step

    async def deadlines_of(self, saga: str, instance_ids: Sequence[str]) -> AsyncIterator[rows.StoredDeadline]:
        for deadline in await self._ask(saga_queries.deadlines_of, saga, instance_ids):
            yield deadline

    async def _ask(self, query: Callable[Concatenate[Table, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        def answer() -> T:
            if self._copy is None:
                self._copy = self._table.copied()
            return query(self._copy, *args, **kwargs)

        return await self._wire.call("Postgres", answer)


class MemoryVerifiedTable:
    """`VerifiedTable` on the in-memory table."""

    def __init__(self, table: Table, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    @asynccontextmanager
    async def read_transaction(self) -> AsyncIterator[MemoryReadTransaction]:
        yield MemoryReadTransaction(self._table, self._wire)

    async def lane_sequences(self) -> Sequence[rows.LaneSequence]:
        return await self._ask(table_queries.lane_sequences)

    async def recorded_ends(self, context: str) -> Mapping[int, int]:
        return await self._ask(table_queries.recorded_ends, context)

    async def outbox_ends(self, topic: str) -> Mapping[int, int]:
        return await self._ask(saga_queries.outbox_ends, topic)

    async def lane_offsets(self, topic: str) -> Sequence[rows.LaneOffset]:
        return await self._ask(table_queries.lane_offsets, topic)

    async def open_interruptions(self) -> Sequence[rows.OpenInterruption]:
        return await self._ask(table_queries.open_interruptions)

    async def events_at(self, context: str, partition: int, sequences: Sequence[int]) -> Sequence[EventRow]:
        return await self._ask(table_queries.events_at, context, partition, sequences)

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        return await self._ask(Table.events_after, context, partition, sequence, limit)

    async def stream_ids_after(self, context: str, stream_id: str, limit: int) -> Sequence[str]:
        return await self._ask(table_queries.stream_ids_after, context, stream_id, limit)

    async def streams_without_events(self, context: str, stream_ids: Sequence[str]) -> AbstractSet[str]:
        return await self._ask(table_queries.streams_without_events, context, stream_ids)

    async def snapshots_after(self, context: str, stream_id: str, limit: int) -> Sequence[rows.SnapshotOfStream]:
        return await self._ask(table_queries.snapshots_after, context, stream_id, limit)

    async def commands_without_outcome(
        self, context: str, commands: Sequence[rows.StreamCommand]
    ) -> AbstractSet[rows.StreamCommand]:
        return await self._ask(table_queries.commands_without_outcome, context, commands)

    async def commands_not_accepted(
        self, context: str, commands: Sequence[rows.StreamCommand]
    ) -> AbstractSet[rows.StreamCommand]:
        return await self._ask(table_queries.commands_not_accepted, context, commands)

    async def command_statuses(
        self, context: str, stream_id: str, command_ids: Sequence[str]
    ) -> Mapping[str, str | None]:
        return await self._ask(table_queries.command_statuses, context, stream_id, command_ids)

    async def later_attempts(self, command_id: str) -> Sequence[str]:
        return await self._ask(table_queries.later_attempts, command_id)

    async def journals_kept_since(self) -> datetime:
        return await self._wire.call("Postgres", lambda: self._table.journals_kept_since)

    async def stored_instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, StoredInstance]:
        return await self._ask(saga_queries.stored_instances, keys)

    async def unknown_instances(self, keys: Sequence[InstanceKey]) -> AbstractSet[InstanceKey]:
        return await self._ask(saga_queries.unknown_instances, keys)

    async def instances_older_than_journal(self, keys: Sequence[InstanceKey]) -> AbstractSet[InstanceKey]:
        return await self._ask(saga_queries.instances_older_than_journal, keys)

    async def event_coverage(
        self, keys: Sequence[InstanceKey], context: str, partition: int, first: int, last: int
    ) -> Sequence[rows.EventApplied]:
        return await self._ask(saga_queries.event_coverage, keys, context, partition, first, last)

    async def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        return await self._ask(Table.outbox_after, lane, position, limit)

    async def step_outcomes(self, topic: str, partition: int, positions: Sequence[int]) -> Sequence[rows.StepOutcome]:
        return await self._ask(saga_queries.step_outcomes, topic, partition, positions)

    async def deadlines_overdue(
        self, topic: str, partition: int, seconds: float, limit: int
    ) -> Sequence[rows.OverdueDeadline]:
        return await self._ask(saga_queries.deadlines_overdue, topic, partition, seconds, limit)

    async def answers_overdue(
        self, topic: str, partition: int, seconds: float, limit: int
    ) -> Sequence[rows.OverdueAnswer]:
        return await self._ask(saga_queries.answers_overdue, topic, partition, seconds, limit)

    async def stray_answers(self, after: rows.StrayAnswer | None, limit: int) -> Sequence[rows.StrayAnswer]:
        return await self._ask(saga_queries.stray_answers, after, limit)

    async def stray_deadlines(self, after: rows.StrayDeadline | None, limit: int) -> Sequence[rows.StrayDeadline]:
        return await self._ask(saga_queries.stray_deadlines, after, limit)

    async def streams_parked_by_sagas(self, topic: str) -> Sequence[rows.ParkedInLane]:
        return await self._ask(saga_queries.streams_parked_by_sagas, topic)

    async def _ask(self, query: Callable[Concatenate[Table, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._wire.call("Postgres", partial(query, self._table, *args, **kwargs))
