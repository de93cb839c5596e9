"""The saga store: instances and their outbox, changed in one transaction with the lane."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from workers.ports.event_store import EventTable, LaneStore
from workers.ports.lanes import LaneKey
from workers.ports.parked import ParkedStream, Wish


class InstanceKey(NamedTuple):
    saga: str
    instance_id: str


class InstanceRow(NamedTuple):
    """An instance after a batch. `state` is JSON."""

    saga: str
    instance_id: str
    status: str
    state: bytes
    correlation_id: str


class StepRow(NamedTuple):
    """A command that a saga sends. `position` counts within the lane, from 1; `data` is the command's JSON; `caused_at`
    is when the causing event was recorded, RFC 3339.
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


class SagaBatch(NamedTuple):
    """All that one transaction of a saga lane writes.

    `unparked` are (saga, stream id) that no longer wait; `parked` those that wait now, or wait with another event than
    before. Either ends the wishes about them.
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


class SagaStore(LaneStore, EventTable, Protocol):
    """What the saga loop needs. Every method raises Unavailable when the database does not answer in time."""

    async def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, bytes]:
        """The states (JSON) of those instances that exist."""
        ...

    async def commit(self, batch: SagaBatch) -> None:
        """Write the batch in one transaction whose first statement fences. Raises Fenced."""
        ...

    async def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        """At most `limit` steps of the lane with higher positions, in order."""
        ...

    async def parked(self, lane: LaneKey) -> Sequence[ParkedStream]:
        """The streams that wait in this lane."""
        ...

    async def wishes(self, lane: LaneKey) -> Sequence[Wish]:
        """What operators ask for, about streams that wait in this lane."""
        ...
