"""The tables as a verification reads them: by keys and in pages, so that no answer grows with the length of the log.

A text that the database cannot hold (empty, with control characters such as U+0000 or U+001F, or with the replacement
character U+FFFD) may be asked about: the answer is that it is not there. Texts have one fixed order, the database's
own; it need not be the order of Python's texts. A next page goes on behind the last text of the page before.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from workers.ports.event_store import EventRow
from workers.ports.lanes import LaneKey
from workers.ports.sagas import InstanceKey, StepRow, StoredInstance
from workers.ports.verification.rows import (
    ClaimRow,
    EventApplied,
    JournalEntry,
    LaneOffset,
    LaneSequence,
    ListedSagaInstance,
    OpenInterruption,
    OutboxStep,
    OverdueAnswer,
    OverdueDeadline,
    ParkedInLane,
    SagaBeginning,
    SagaLanePosition,
    SnapshotOfStream,
    StepOutcome,
    StoredDeadline,
    StrayAnswer,
    StrayDeadline,
    StreamCommand,
)


class StreamReader(Protocol):
    """Reads whole streams and the holders of unique claims, within one transaction."""

    def events_of(self, context: str, stream_ids: Sequence[str]) -> AsyncIterator[EventRow]:
        """All events of these streams of a context, each stream's together and by stream version; the streams come in
        any order. Events are fetched as they are asked for, so that the streams may be longer than memory.
        """
        ...

    async def claim_holders(self, context: str, claims: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """The streams that hold these unique claims (scope, key) of a context; those that nobody holds are left out."""
        ...


class ReadTransaction(StreamReader, Protocol):
    """All that it reads is as of one moment: its first question. It must be short: the database ends a transaction that
    asks nothing for some seconds. One question at a time.
    """

    async def stream_ids_after(self, context: str, stream_id: str, limit: int) -> Sequence[str]:
        """At most `limit` streams of a context whose ids are greater, in the order of their ids."""
        ...

    async def claims_after(self, context: str, scope: str, key: str, limit: int) -> Sequence[ClaimRow]:
        """At most `limit` unique claims of a context with a greater (scope, key), in that order."""
        ...

    async def credentials_after(self, context: str, stream_id: str, limit: int) -> Sequence[str]:
        """At most `limit` ids, greater and in order, of the streams of a context that have a credential."""
        ...

    async def saga_lane_positions(self, topic: str) -> Sequence[SagaLanePosition]:
        """The lanes of sagas that read this topic of events, by partition; one that was never acquired is left out."""
        ...

    async def saga_beginnings(self, topic: str) -> Sequence[SagaBeginning]:
        """From where on the sagas follow the events of this topic, in any order."""
        ...

    async def streams_parked_by_sagas(self, topic: str) -> Sequence[ParkedInLane]:
        """The streams of this topic of events that sagas have parked, those with the oldest first waiting event first,
        then by partition, saga and stream id.
        """
        ...

    async def instances_after(self, saga: str, instance_id: str, limit: int) -> Sequence[ListedSagaInstance]:
        """At most `limit` instances of a saga with greater ids, in the order of their ids: those that are stored and
        those that have a journal.
        """
        ...

    def journals(self, saga: str, instance_ids: Sequence[str]) -> AsyncIterator[JournalEntry]:
        """The journals of these instances of a saga, in the order of instance id and version; fetched as asked for."""
        ...

    def steps_of(self, saga: str, instance_ids: Sequence[str]) -> AsyncIterator[OutboxStep]:
        """The steps of these instances of a saga, in the order of instance id, topic, partition and position; fetched
        as asked for.
        """
        ...

    def deadlines_of(self, saga: str, instance_ids: Sequence[str]) -> AsyncIterator[StoredDeadline]:
        """The deadlines that wait for these instances of a saga, in the order of instance id and name."""
        ...


class VerifiedTable(Protocol):
    """The tables. Each answer is as of one moment; what must agree between answers is read in `read_transaction`."""

    def read_transaction(self) -> AbstractAsyncContextManager[ReadTransaction]:
        """Several questions, answered as of one moment. Changes nothing."""
        ...

    async def lane_sequences(self) -> Sequence[LaneSequence]:
        """All lanes of commands, of every topic, by topic and partition."""
        ...

    async def recorded_ends(self, context: str) -> Mapping[int, int]:
        """The highest sequence of the events of each lane of a context, by partition; a lane without events is left
        out.
        """
        ...

    async def outbox_ends(self, topic: str) -> Mapping[int, int]:
        """The highest position in the outbox of each lane of sagas that reads this topic of events, by partition; a
        lane without steps is left out.
        """
        ...

    async def lane_offsets(self, topic: str) -> Sequence[LaneOffset]:
        """The lanes that read this topic of commands, in any order."""
        ...

    async def open_interruptions(self) -> Sequence[OpenInterruption]:
        """The interruptions of all lanes that nobody has acknowledged, in the order in which they were noticed."""
        ...

    async def events_at(self, context: str, partition: int, sequences: Sequence[int]) -> Sequence[EventRow]:
        """Those events of a lane that have these sequences, in any order."""
        ...

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        """At most `limit` events of a lane with higher sequences, in order."""
        ...

    async def stream_ids_after(self, context: str, stream_id: str, limit: int) -> Sequence[str]:
        """At most `limit` streams of a context whose ids are greater, in the order of their ids."""
        ...

    async def streams_without_events(self, context: str, stream_ids: Sequence[str]) -> AbstractSet[str]:
        """Those of these stream ids under which the context has no event."""
        ...

    async def snapshots_after(self, context: str, stream_id: str, limit: int) -> Sequence[SnapshotOfStream]:
        """At most `limit` snapshots of a context's streams with greater ids, in the order of the ids."""
        ...

    async def commands_without_outcome(
        self, context: str, commands: Sequence[StreamCommand]
    ) -> AbstractSet[StreamCommand]:
        """Those of these commands of a context that were never handled."""
        ...

    async def commands_not_accepted(
        self, context: str, commands: Sequence[StreamCommand]
    ) -> AbstractSet[StreamCommand]:
        """Those of these commands of a context that have no outcome with the status `accepted`."""
        ...

    async def command_statuses(
        self, context: str, stream_id: str, command_ids: Sequence[str]
    ) -> Mapping[str, str | None]:
        """The statuses of the outcomes of these commands (UUIDs) of a stream, None for those without an outcome."""
        ...

    async def later_attempts(self, command_id: str) -> Sequence[str]:
        """The ids under which the command of a dead letter was sent again, oldest first; `command_id` may be the first
        one or one of the attempts.
        """
        ...

    async def journals_kept_since(self) -> datetime:
        """When sagas began to keep journals in this database: earlier events may be in none."""
        ...

    async def stored_instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, StoredInstance]:
        """Those of these instances that are stored."""
        ...

    async def unknown_instances(self, keys: Sequence[InstanceKey]) -> AbstractSet[InstanceKey]:
        """Those of these instances that are not stored and have no journal."""
        ...

    async def instances_older_than_journal(self, keys: Sequence[InstanceKey]) -> AbstractSet[InstanceKey]:
        """Those of these instances that are stored, and began before the first entry of their journal was written or
        have version 0 and no such entry: what they applied before there were journals is in none.
        """
        ...

    async def event_coverage(
        self, keys: Sequence[InstanceKey], context: str, partition: int, first: int, last: int
    ) -> Sequence[EventApplied]:
        """Which of a lane's events with the sequences `first` to `last` stand in the journals of these instances, in
        any order. Events that stand in none are left out.
        """
        ...

    async def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        """At most `limit` steps of a lane of sagas with higher positions, in order."""
        ...

    async def step_outcomes(self, topic: str, partition: int, positions: Sequence[int]) -> Sequence[StepOutcome]:
        """The outcomes of the steps at these positions of a lane's outbox, in any order; a position without a step is
        left out.
        """
        ...

    async def deadlines_overdue(
        self, topic: str, partition: int, seconds: float, limit: int
    ) -> Sequence[OverdueDeadline]:
        """At most `limit` deadlines of a lane that were due longer ago than `seconds` by the database's clock, the
        oldest first.
        """
        ...

    async def answers_overdue(self, topic: str, partition: int, seconds: float, limit: int) -> Sequence[OverdueAnswer]:
        """At most `limit` answers to a lane's steps that have waited for their instances longer than `seconds` by the
        database's clock, in the order of the steps' positions.
        """
        ...

    async def stray_answers(self, after: StrayAnswer | None, limit: int) -> Sequence[StrayAnswer]:
        """At most `limit` answers to steps that are not there, in the order of topic, partition and position; those
        behind `after`, the last one of the page before.
        """
        ...

    async def stray_deadlines(self, after: StrayDeadline | None, limit: int) -> Sequence[StrayDeadline]:
        """At most `limit` deadlines of instances that are not there, in the order of saga, instance id and name; those
        behind `after`, the last one of the page before.
        """
        ...

    async def streams_parked_by_sagas(self, topic: str) -> Sequence[ParkedInLane]:
        """As `ReadTransaction.streams_parked_by_sagas`."""
        ...
