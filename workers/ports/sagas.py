"""The saga store: instances, their journal, deadlines and outbox, changed in one transaction with the lane.

An instance may be touched by several lanes: those of all the streams that it follows. Its version tells them apart: who
decided on an older one is refused, reads again and decides anew.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from workers.ports.event_store import EventTable, LaneStore
from workers.ports.lanes import LaneKey
from workers.ports.parked import ParkedStream, ParkedStreamRequest


class InstanceKey(NamedTuple):
    saga: str
    instance_id: str


class StoredInstance(NamedTuple):
    """An instance as it stands: `version` counts what it has taken; `state` is JSON."""

    version: int
    state: bytes


class InstanceRow(NamedTuple):
    """An instance after a batch, `version` its new one, of which the batch has added the last `taken`."""

    saga: str
    instance_id: str
    status: str
    state: bytes
    correlation_id: str
    version: int = 1
    taken: int = 1


class JournalRow(NamedTuple):
    """What an instance took as its `version`-th: an event of the log, found by `context`, `partition` and `sequence`,
    or, with a sequence of 0, one of its own, whose JSON is `data`. `status` is the one after it, `recorded_at` RFC 3339
    text.
    """

    saga: str
    instance_id: str
    version: int
    type: str
    context: str
    partition: int
    sequence: int
    event_id: str
    recorded_at: str
    status: str
    data: bytes | None


class StepRow(NamedTuple):
    """A command that a saga sends. `position` counts within the lane, from 1; `data` is the command's JSON; `caused_at`
    is when the causing event was recorded, RFC 3339. `handles_rejection`: the instance is to be told of an answer that
    is no event, a rejection or that nothing was changed.
    """

    position: int
    saga: str
    instance_id: str
    step: str
    command_id: str
    command_type: str
    stream_id: str
    data: bytes
    correlation_id: str
    causation_id: str
    actor: str | None
    traceparent: str | None
    caused_at: str
    handles_rejection: bool = False


class DeadlineRow(NamedTuple):
    """A deadline that waits: `due_at` (RFC 3339) by the database's clock; `event_id` is what it was set by."""

    saga: str
    instance_id: str
    name: str
    due_at: str
    event_id: str
    correlation_id: str
    actor: str | None
    traceparent: str | None


class StepRejection(NamedTuple):
    """A step, by its position in the lane, whose command was not accepted at `handled_at` (RFC 3339), and the code.
    `causation_id`: the event that the step followed from.
    """

    position: int
    saga: str
    instance_id: str
    step: str
    stream_id: str
    command_id: str
    code: str
    handled_at: str
    correlation_id: str
    actor: str | None
    traceparent: str | None
    causation_id: str = ""


class Unchanged(NamedTuple):
    """A step, by its position in the lane, whose command was accepted at `handled_at` (RFC 3339), changing nothing."""

    position: int
    saga: str
    instance_id: str
    step: str
    stream_id: str
    command_id: str
    handled_at: str
    correlation_id: str
    actor: str | None
    traceparent: str | None


class Due(NamedTuple):
    """What a lane's instances are to hear besides the log, at `now` (RFC 3339) by the database's clock."""

    now: str
    deadlines: Sequence[DeadlineRow]
    rejections: Sequence[StepRejection]
    unchanged: Sequence[Unchanged] = ()


class Following(NamedTuple):
    """A saga, and the name of a type of event that it reacts to, as in `EventRow.type`."""

    saga: str
    event_type: str


class SagaBatch(NamedTuple):
    """All that one transaction of a saga lane writes.

    `passed` are the deadlines that were due and are heard now, `heard` the positions of the steps whose
    rejections, or acceptances without a change, are; `deadlines` are
    set, `cleared` go. `unparked` are (saga, stream id) that no longer wait; `parked` those that wait now, or wait with
    another event than before. Either ends the requests about them.
    """

    lane: LaneKey
    epoch: int
    consumed: int
    position: int
    published: int
    input_sequence: int
    instances: Sequence[InstanceRow]
    steps: Sequence[StepRow]
    parked: Sequence[ParkedStream] = ()
    unparked: Sequence[tuple[str, str]] = ()
    journal: Sequence[JournalRow] = ()
    deadlines: Sequence[DeadlineRow] = ()
    cleared: Sequence[tuple[str, str, str]] = ()
    passed: Sequence[DeadlineRow] = ()
    heard: Sequence[int] = ()


class InstancesMoved(Exception):
    """An instance of the batch, or a deadline, was changed by another lane since it was read; nothing was written.
    Read again and decide anew.
    """


class SagaStore(LaneStore, EventTable, Protocol):
    """What the saga loop needs. Every method raises Unavailable when the database does not answer in time."""

    async def begin(self, lane: LaneKey, epoch: int, followings: Sequence[Following]) -> None:
        """Note, for those that are new to the lane, that they begin behind what it has taken so far: a lane that is new
        itself has taken nothing. Quiet when the lane is in another epoch.
        """
        ...

    async def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, StoredInstance]:
        """Those instances that exist."""
        ...

    async def commit(self, batch: SagaBatch) -> None:
        """Write the batch in one transaction whose first statement fences. Raises Fenced or InstancesMoved."""
        ...

    async def due(self, lane: LaneKey, sagas: Sequence[str], limit: int) -> Due:
        """Of these sagas at most `limit` of the lane's deadlines that have passed, the oldest first, and of its steps'
        rejections and acceptances without a change.
        """
        ...

    async def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        """At most `limit` steps of the lane with higher positions, in order."""
        ...

    async def parked(self, lane: LaneKey) -> Sequence[ParkedStream]:
        """The streams that wait in this lane."""
        ...

    async def parked_requests(self, lane: LaneKey) -> Sequence[ParkedStreamRequest]:
        """What operators ask for, about streams that wait in this lane."""
        ...
