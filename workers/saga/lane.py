"""One lane of the saga worker: the sagas of a context on one partition of its log.

Delivery: an event is applied once; its states, its steps and the offset behind it are one transaction, refused when the
lane has a new owner. The steps are sent after the commit, and again by the next owner from the lane's mark on; as their
command ids are derived, a repeat is quiet.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog

from contracts.envelope import CommandEnvelope
from contracts.message import Event
from contracts.topics import Topics
from workers import telemetry
from workers.core.saga import Saga
from workers.lanes.sequenced import SequencedEvents, Stretch
from workers.ports.lanes import LaneGrant, LaneKey, Mark
from workers.ports.log import Courier, InboundRecord, OutboundRecord
from workers.ports.sagas import SagaBatch, SagaStore, StepRow
from workers.saga.following import concerned, follow

RESEND_BATCH_STEPS = 500

log = structlog.get_logger(__name__)


class SagaPorts(NamedTuple):
    """What a saga lane speaks to, and what it knows of the installation."""

    store: SagaStore
    courier: Courier
    topics: Topics
    owner: str
    events: Mapping[str, type[Event]]


class SagaLane:
    """`LaneWork` for one partition of a context's events."""

    def __init__(self, context: str, sagas: Sequence[Saga[Any]], partition: int, ports: SagaPorts) -> None:
        self._sagas = sagas
        self._ports = ports
        self._lane = LaneKey("saga", ports.topics.events(context), partition)
        self._input = SequencedEvents("saga", context, partition, ports.events, ports.store)
        self._epoch = 0
        self._position = 0
        self._published = 0

    async def take(self) -> int:
        grant = await self._ports.store.take(self._lane, self._ports.owner)
        self._epoch, self._position = grant.epoch, grant.sequence
        self._input.position = grant.input_sequence
        await self._resend(grant)
        return grant.consumed

    async def _resend(self, grant: LaneGrant) -> None:
        """Send what the last owner had decided and perhaps not sent."""
        self._published = grant.mark.sequence
        while self._published < self._position:
            steps = await self._ports.store.outbox_after(self._lane, self._published, RESEND_BATCH_STEPS)
            if not steps:
                break
            await self._send(steps)
            log.info("sent what an earlier owner had decided", lane=str(self._lane), steps=len(steps))

    async def handle(self, records: Sequence[InboundRecord]) -> None:
        async for stretch in self._input.read(records):
            await self._follow(stretch)

    async def _follow(self, stretch: Stretch) -> None:
        events = stretch.events
        keys = concerned(self._sagas, events)
        stored = await self._ports.store.instances(keys) if keys else {}
        instances, steps = follow(self._sagas, events, stored, self._position)
        position = steps[-1].position if steps else self._position
        await self._ports.store.commit(
            SagaBatch(
                self._lane,
                self._epoch,
                stretch.next_offset,
                position,
                self._published,
                self._input.position,
                instances,
                steps,
            )
        )
        self._position = position
        if steps:
            await self._send(steps)

    async def _send(self, steps: Sequence[StepRow]) -> None:
        await self._ports.courier.deliver([self._message(step) for step in steps])
        self._published = steps[-1].position
        for step in steps:
            telemetry.STEPS.labels(step.saga, step.step).inc()

    def _message(self, step: StepRow) -> tuple[str, None, OutboundRecord]:
        envelope = CommandEnvelope(
            id=step.command_id,
            type=step.command_type,
            source=f"/annals/sagas/{step.saga}",
            subject=step.stream_id,
            time=step.caused_at,
            correlation_id=step.correlation_id,
            causation_id=step.causation_id,
            traceparent=step.traceparent,
            actor=step.actor,
        )
        record = OutboundRecord(step.stream_id.encode(), step.data, envelope.to_headers())
        return self._ports.topics.commands(step.command_type.partition(".")[0]), None, record

    async def idle(self) -> None:
        """Nothing waits between batches."""

    async def leave(self) -> None:
        await self._ports.store.leave(self._lane, self._epoch, Mark(self._published, -1))

    def drop(self) -> None:
        """Nothing is in flight between batches."""
