"""The saga store: instances, their journal, deadlines and outbox, changed in one transaction with the lane.

Several lanes may change one instance: those of all the streams that it follows. The version of the instance serializes
them: on a version conflict the batch is decided again.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from workers.ports.event_store import EventTable
from workers.ports.lanes import LaneKey, LaneStore
from workers.ports.logged_events import LoggedEvent
from workers.ports.outcomes import CommandKey
from workers.ports.parked import ParkedStream, ParkedStreamRequest


class InstanceKey(NamedTuple):
    """The name of a saga, and the id of one of its instances."""

    saga: str
    instance_id: str


class StoredInstance(NamedTuple):
    """An instance as it is stored. `version` counts the events that it has applied; `state` is JSON.

    `seed` is a secret UUID from which the ids of the steps that it still decides are derived, so that nobody can
    compute them beforehand. None: they are derived from public things alone. So they are in an instance from before
    there were seeds, and in one with which a worker of that release has gone on.
    """

    version: int
    state: bytes
    seed: str | None = None


class InstanceRow(NamedTuple):
    """An instance after a batch. `version` is the new one; the batch has applied the last `applied` of its events. The
    `seed` is stored when the instance begins, and never changes.
    """

    saga: str
    instance_id: str
    status: str
    state: bytes
    correlation_id: str
    version: int = 1
    applied: int = 1
    seed: str | None = None


class JournalRow(NamedTuple):
    """The event that an instance has applied as its `version`-th. It is an event of the log, identified by `context`,
    `partition` and `sequence`, or, with a sequence of 0, an internal event, whose JSON is `data`. `status` is the
    status after it; `recorded_at` is RFC 3339.
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
    """A command that a saga sends. `position` counts within the lane, from 1; `data` is the JSON of the command;
    `caused_at` (RFC 3339) is when the causing event was recorded. `handles_rejection`: the instance handles an answer
    that is no event of the log, which is a rejection, or an acceptance without a change.
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

    @property
    def command_key(self) -> CommandKey:
        """What the step's command is known by."""
        return CommandKey(self.command_type.partition(".")[0], self.stream_id, self.command_id)


class DeadlineRow(NamedTuple):
    """A deadline that has not passed yet or is not handled yet. `due_at` (RFC 3339) is by the database's clock;
    `event_id` is the event that set it.
    """

    saga: str
    instance_id: str
    name: str
    due_at: str
    event_id: str
    correlation_id: str
    actor: str | None
    traceparent: str | None


class StepRejection(NamedTuple):
    """A step, by its position in the lane, whose command was rejected or has failed at `handled_at` (RFC 3339), with
    the code of the error. `causation_id` is the event that led to the step.
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


class UnchangedStep(NamedTuple):
    """A step, by its position in the lane, whose command was accepted at `handled_at` (RFC 3339) without a change."""

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


class DueInternalEvents(NamedTuple):
    """The rows that the internal events of a lane's instances are made of, as of `now` (RFC 3339, the database's
    clock).
    """

    now: str
    deadlines: Sequence[DeadlineRow]
    rejections: Sequence[StepRejection]
    unchanged: Sequence[UnchangedStep] = ()


class Following(NamedTuple):
    """A saga, and the bare name of an event type that it reacts to, as in `EventRow.type`."""

    saga: str
    event_type: str


class SagaBatch(NamedTuple):
    """All that one transaction of a saga lane writes.

    `deadlines` are set, `cleared_deadlines` (saga, instance id, name) are removed. Of the internal events that the
    batch has handled, `passed_deadlines` are the deadlines, and `answered_steps` the positions of the steps that were
    rejected or accepted without a change. `parked` are streams that are parked now, or whose first waiting event has
    changed; `unparked` are (saga, stream id) that are no longer parked. Both remove the operators' requests about these
    streams. `logged` are the events that the batch has passed, as the log has them: each must stand in the event table.
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
    cleared_deadlines: Sequence[tuple[str, str, str]] = ()
    passed_deadlines: Sequence[DeadlineRow] = ()
    answered_steps: Sequence[int] = ()
    logged: Sequence[LoggedEvent] = ()


class InstanceConflict(Exception):
    """Another lane has changed an instance or a deadline of the batch since it was read; nothing was written. Read
    again and decide again.
    """


class SagaStore(LaneStore, EventTable, Protocol):
    """What the saga loop needs. Every method raises Unavailable when the database does not answer in time."""

    async def begin(self, lane: LaneKey, epoch: int, followings: Sequence[Following]) -> None:
        """Record where each following that is new to the lane begins: after the last sequence that the lane has
        applied, which is 0 for a new lane. Does nothing if the lane is in another epoch.
        """
        ...

    async def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, StoredInstance]:
        """The instances that exist."""
        ...

    async def commit(self, batch: SagaBatch) -> None:
        """Write the batch in one transaction whose first statement fences. Raises Fenced, EventsNotStored, LaneSetBack
        or InstanceConflict, and Unstorable for what no column can hold.
        """
        ...

    async def due(self, lane: LaneKey, sagas: Sequence[str], limit: int) -> DueInternalEvents:
        """For these sagas, at most `limit` of the lane's deadlines that have passed, and at most as many of its steps
        that were rejected, and of those that were accepted without a change; the oldest first.
        """
        ...

    async def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        """At most `limit` steps of the lane with higher positions, in order."""
        ...

    async def parked(self, lane: LaneKey) -> Sequence[ParkedStream]:
        """The parked streams of this lane."""
        ...

    async def parked_requests(self, lane: LaneKey) -> Sequence[ParkedStreamRequest]:
        """The operators' requests about parked streams of this lane."""
        ...
