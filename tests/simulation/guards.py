"""The guards that keep the promises, and how each is turned off: another function in its place, here and never by a
switch in the code that runs in production.
"""

import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from uuid import UUID

from infra.memory import read_model_server, read_models
from infra.memory.lane_rows import LaneRow, LaneRows
from infra.memory.log_partition import LogPartition
from infra.memory.read_models import MemoryReadModelWriter
from infra.memory.saga_rows import SagaRows
from infra.memory.table import Table
from workers.command import deciding, taking_over
from workers.command import lane as command_lane
from workers.command.lane import CommandLane
from workers.command.new_streams import NewStreams
from workers.command.publisher import AWAY_SECONDS, Publisher
from workers.command.records import event_record
from workers.lanes.beginning import LaneInput
from workers.lanes.sequenced import SequencedEvents, Stretch
from workers.ports.event_store import Batch, BatchLookup, EventRow
from workers.ports.lanes import Fenced, LaneGrant, LaneKey, Mark
from workers.ports.log import InboundRecord, PublishFailed, Tail
from workers.ports.outcomes import CommandKey, OutcomeRow
from workers.ports.read_models import ReadModelBatch
from workers.ports.sagas import InstanceKey, InstanceRow, JournalRow
from workers.projection.lane import ProjectionLane
from workers.projection.restoring import Restoring
from workers.projection.section_lane import SectionLane
from workers.projection.section_restoring import SectionRestoring
from workers.saga import instances
from workers.saga.outbox import Outbox


class Patch(NamedTuple):
    """What is put in the place of what."""

    owner: Any
    name: str
    replacement: Any


@contextmanager
def without(guard: str | None) -> Iterator[None]:
    """Meanwhile the guard is off; None: all are on. Raises KeyError when there is none of this name."""
    replaced = () if guard is None else GUARDS[guard]
    before = [vars(attribute.owner)[attribute.name] for attribute in replaced]
    for attribute in replaced:
        setattr(attribute.owner, attribute.name, attribute.replacement)
    try:
        yield
    finally:
        for attribute, original in zip(replaced, before, strict=True):
            setattr(attribute.owner, attribute.name, original)


def _fence_but(role: str) -> Callable[..., LaneRow]:
    def fence(self: LaneRows, lane: LaneKey, epoch: int) -> LaneRow:
        if lane.role != role and not self.holds(lane, epoch):
            raise Fenced(lane, epoch)
        return self.lanes[lane]

    return fence


_look_up = Table.look_up
_commit = Table.commit
_acquire = CommandLane.acquire
_read = SequencedEvents.read
_publisher_after = taking_over.publisher_after


def _no_outcomes_stored(self: Table, *asked: Any) -> BatchLookup:
    return _look_up(self, *asked)._replace(outcomes={})


def _any_outcomes(self: Table, batch: Batch) -> dict[CommandKey, OutcomeRow]:
    return {CommandKey(batch.context, row.stream_id, row.command_id): row for row in batch.outcomes}


def _commit_without_claims_checked(self: Table, batch: Batch) -> None:
    _commit(self, batch._replace(claims_to_acquire=(), claims_to_settle=()))
    self.unique_claims.update(
        ((batch.context, claim.scope, claim.key), claim.stream_id) for claim in batch.claims_to_acquire
    )
    for scope, key, holder, _ in batch.claims_to_settle:
        self.unique_claims.pop((batch.context, scope, key), None)
        if holder is not None:
            self.unique_claims[batch.context, scope, key] = holder


def _read_everything_by(role: str) -> Callable[..., AsyncIterator[Stretch]]:
    async def read(self: SequencedEvents, records: Sequence[InboundRecord]) -> AsyncIterator[Stretch]:
        if self._role != role:
            async for stretch in _read(self, records):
                yield stretch
            return
        for record in records:
            recorded = self._recorded(record)
            async for filled in self._fill(recorded.sequence - 1, record, 1):
                yield Stretch(filled, record.offset)
            self.position = max(self.position, recorded.sequence)
            yield Stretch([recorded], record.offset + 1)

    return read


async def _fill_nothing(self: SequencedEvents, until: int, record: InboundRecord, at_once: int) -> AsyncIterator[Any]:
    self.position = until
    for none_at_all in list[Any]():
        yield none_at_all


async def _publish_wherever_it_goes_on(self: Publisher, held_at: float, rows: Sequence[EventRow]) -> None:
    """Though the log has lost its end: a publisher that notices publishes what is missing, and leaves no hole."""
    records = [event_record(row) for row in rows]
    if self._clock() - held_at > AWAY_SECONDS and not await self._store.holds(self._lane, self._epoch):
        raise Fenced(self._lane, self._epoch)
    self.mark = Mark(rows[-1].sequence, await self._log.append(self._topic, self._lane.partition, records))


async def _nothing_unpublished(_: SequencedEvents) -> list[Any]:
    """The second way to what the log does not bring."""
    return []


async def _commit_unguarded(self: MemoryReadModelWriter, batch: ReadModelBatch) -> None:
    changes = read_models._changes(batch)
    changes.values[read_model_server.checkpoint(batch.generation, batch.topic, batch.partition)] = batch.checkpoint
    server = self._server
    await self._wire.call("Redis", lambda: server.execute({}, changes))


def _commit_unwatched(self: MemoryReadModelWriter, _: Mapping[Any, int], changes: Any) -> None:
    self._server.execute({}, changes)


def _trust_the_mark(tail: Tail, lane: LaneKey, grant: LaneGrant, *rest: Any) -> Publisher:
    return _publisher_after(tail._replace(sequence=grant.mark.sequence, offset=grant.mark.offset), lane, grant, *rest)


async def _publish_nothing(publisher: Publisher, context: str, lane: LaneKey, grant: LaneGrant, *_: Any) -> None:
    publisher.mark = Mark(grant.sequence, publisher.mark.offset)


async def _publish_without_asking(self: Publisher, _: float, rows: Sequence[EventRow]) -> None:
    offset = await self._log.append(self._topic, self._lane.partition, [event_record(row) for row in rows])
    self.mark = Mark(rows[-1].sequence, offset)


_publish = Publisher.publish


async def _publish_and_go_on(self: Publisher, committed_at: float, rows: Sequence[EventRow]) -> None:
    with suppress(PublishFailed):
        await _publish(self, committed_at, rows)


async def _acquire_with_old_states(self: CommandLane) -> int:
    before = self._streams
    offset = await _acquire(self)
    self._streams = before
    return offset


async def _send_nothing_again(self: Outbox, grant: LaneGrant) -> None:
    self.published = grant.sequence


async def _check_nothing(_: ProjectionLane | SectionLane | Restoring | SectionRestoring) -> None:
    """Whatever has become of the store."""


async def _nothing_lost(*_: Any) -> bool:
    """Whatever a batch does not find."""
    return False


def _any_version(self: SagaRows, rows: Sequence[InstanceRow]) -> dict[InstanceKey, InstanceRow]:
    instances = {InstanceKey(row.saga, row.instance_id): row for row in rows}
    before = {key: self.sagas.get(key, row) for key, row in instances.items()}
    return {key: row._replace(correlation_id=before[key].correlation_id) for key, row in instances.items()}


def _any_entries(_: SagaRows, rows: Sequence[JournalRow]) -> dict[InstanceKey, list[JournalRow]]:
    entries: dict[InstanceKey, list[JournalRow]] = {}
    for row in rows:
        entries.setdefault(InstanceKey(row.saga, row.instance_id), []).append(row)
    return entries


def _new_unseen(self: LaneInput, records: Sequence[InboundRecord]) -> Sequence[InboundRecord]:
    """Whatever is in its place, and whatever process has written it."""
    last, self._last = self._last, None
    return records[1:] if last is not None and records[0].offset == last[0] else records


def _any_id(*_: Any) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


GUARDS: Mapping[str, Sequence[Patch]] = {
    "the epoch of a command lane": [Patch(LaneRows, "fence", _fence_but("command"))],
    "the epoch of a saga lane": [Patch(LaneRows, "fence", _fence_but("saga"))],
    "stored outcomes": [Patch(Table, "look_up", _no_outcomes_stored), Patch(Table, "_new_outcomes", _any_outcomes)],
    "the look-up of outcomes": [Patch(Table, "look_up", _no_outcomes_stored)],
    "the primary key of outcomes": [Patch(Table, "_new_outcomes", _any_outcomes)],
    "the first event of a new stream": [Patch(NewStreams, "are_begun_by", lambda *_: True)],
    "unique_claims": [Patch(Table, "commit", _commit_without_claims_checked)],
    "the projection's sequence": [Patch(SequencedEvents, "read", _read_everything_by("projection"))],
    "the saga's sequence": [Patch(SequencedEvents, "read", _read_everything_by("saga"))],
    "holes filled from the table": [
        Patch(SequencedEvents, "_fill", _fill_nothing),
        Patch(SequencedEvents, "unpublished", _nothing_unpublished),
        Patch(Publisher, "publish", _publish_wherever_it_goes_on),
    ],
    "the checkpoint's guard": [Patch(MemoryReadModelWriter, "commit", _commit_unguarded)],
    "the checkpoint's WATCH": [Patch(MemoryReadModelWriter, "_commit", _commit_unwatched)],
    "an idle look at the checkpoint": [Patch(ProjectionLane, "idle", _check_nothing)],
    "a look at what the store has lost": [Patch(Restoring, "check", _check_nothing)],
    "an idle look at a section's checkpoint": [Patch(SectionLane, "idle", _check_nothing)],
    "a look at what a section has lost": [Patch(SectionRestoring, "check", _check_nothing)],
    "a lost document is folded before it is changed": [Patch(Restoring, "restore", _nothing_lost)],
    "the tail of the log": [Patch(command_lane, "publisher_after", _trust_the_mark)],
    "publishing what was left": [Patch(command_lane, "publish_the_rest", _publish_nothing)],
    "the question of who was away": [Patch(Publisher, "publish", _publish_without_asking)],
    "a failed append stops the lane": [Patch(Publisher, "publish", _publish_and_go_on)],
    "an idempotent producer": [Patch(LogPartition, "_written_before", lambda *_: None)],
    "the last record that a lane has handled": [Patch(LaneInput, "new", _new_unseen)],
    "states forgotten with the lane": [Patch(CommandLane, "acquire", _acquire_with_old_states)],
    "the saga's outbox": [Patch(Outbox, "send_the_rest", _send_nothing_again)],
    "the version of an instance": [
        Patch(SagaRows, "_new_instances", _any_version),
        Patch(SagaRows, "_new_journal", _any_entries),
    ],
    "derived event ids": [Patch(deciding, "derived_event_id", _any_id)],
    "derived command ids": [Patch(instances, "derived_command_id", _any_id)],
}
