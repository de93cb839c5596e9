"""One lane of the saga worker: the sagas of a context on one partition of its log.

Delivery: an event is applied once; its states, its steps and the offset behind it are one transaction, refused when the
lane has a new owner. The steps are sent after the commit, and again by the next owner from the lane's mark on; as their
command ids are derived, a repeat is quiet. An event that a saga's code cannot take parks its stream for that saga.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog

from contracts.envelope import CommandEnvelope
from contracts.message import Event
from contracts.topics import Topics
from workers import telemetry
from workers.core.recorded import Recorded
from workers.core.saga import Saga
from workers.lanes.sequenced import SequencedEvents, Stretch, waiting_events
from workers.parking import tried_again, within_bounds
from workers.ports.lanes import LaneGrant, LaneKey, Mark
from workers.ports.log import Courier, InboundRecord, OutboundRecord
from workers.ports.parked import ParkedStream
from workers.ports.sagas import SagaBatch, SagaStore, StepRow
from workers.saga.following import Followed, Waiting, concerned, follow

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
        self._context = context
        self._sagas = sagas
        self._ports = ports
        self._lane = LaneKey("saga", ports.topics.events(context), partition)
        self._input = SequencedEvents("saga", context, partition, ports.events, ports.store)
        self._epoch = 0
        self._offset = 0
        self._position = 0
        self._published = 0
        self._waiting: dict[tuple[str, str], ParkedStream] = {}

    async def take(self) -> int:
        grant = await self._ports.store.take(self._lane, self._ports.owner)
        self._epoch, self._position = grant.epoch, grant.sequence
        self._input.position = grant.input_sequence
        self._offset = grant.consumed
        parked = await self._ports.store.parked(self._lane)
        self._waiting = {(each.follower, each.stream_id): each for each in parked}
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
        await self._mend()

    async def _follow(self, stretch: Stretch) -> None:
        followed = await self._followed(self._sagas, stretch.events, self._waiting.keys())
        await self._commit(followed, stretch.next_offset)

    async def _followed(self, sagas: Sequence[Saga[Any]], events: Sequence[Recorded], waiting: Waiting) -> Followed:
        keys = concerned(sagas, events)
        stored = await self._ports.store.instances(keys) if keys else {}
        return follow(sagas, events, stored, self._position, waiting)

    async def _commit(self, followed: Followed, offset: int, unparked: Sequence[tuple[str, str]] = ()) -> None:
        instances, steps, parked = followed
        left = {place: waits for place, waits in self._waiting.items() if place not in unparked}
        within_bounds("/".join(saga.name for saga in self._sagas), left, parked)
        position = steps[-1].position if steps else self._position
        await self._ports.store.commit(
            SagaBatch(
                self._lane,
                self._epoch,
                offset,
                position,
                self._published,
                self._input.position,
                instances,
                steps,
                parked,
                unparked,
            )
        )
        self._offset = offset
        self._position = position
        self._waiting = left | {(each.follower, each.stream_id): each for each in parked}
        for each in parked:
            telemetry.PARKED.labels(each.follower, self._lane.topic).inc()
            log.error("stream parked", **each._asdict(), advice="mend the code, then: annals parked retry")
        if steps:
            await self._send(steps)

    async def _mend(self) -> None:
        """Do what operators ask for, as long as anything is parked."""
        if not self._waiting:
            return
        for wish in await self._ports.store.wishes(self._lane):
            place = (wish.follower, wish.stream_id)
            parked = self._waiting.get(place)
            if parked is None:
                continue
            events = await waiting_events(
                self._ports.store, self._context, parked, wish, self._ports.events, self._input.position
            )
            saga = [each for each in self._sagas if each.name == wish.follower]
            followed = await self._followed(saga, events, frozenset())
            again = tried_again(parked, followed.parked)
            await self._commit(followed._replace(parked=again), self._offset, [] if again else [place])
            log.info("parked stream", asked=wish.action, stream_id=wish.stream_id, waits_still=bool(again))

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
        await self._mend()
        for saga in self._sagas:
            waiting = sum(follower == saga.name for follower, _ in self._waiting)
            telemetry.WAITING.labels(saga.name, self._lane.topic, str(self._lane.partition)).set(waiting)

    async def leave(self) -> None:
        await self._ports.store.leave(self._lane, self._epoch, Mark(self._published, -1))

    def drop(self) -> None:
        """Nothing is in flight between batches."""
