"""The saga store: instances and their outbox, changed in one transaction with the lane."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from workers.ports.event_store import EventRow, LaneStore
from workers.ports.lanes import LaneKey


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
    """All that one transaction of a saga lane writes."""

    lane: LaneKey
    epoch: int
    consumed: int
    position: int
    published: int
    input_sequence: int
    instances: Sequence[InstanceRow]
    steps: Sequence[StepRow]


class SagaStore(LaneStore, Protocol):
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

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]: ...
