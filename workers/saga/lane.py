"""One lane of the saga worker: the sagas that follow a context, on one partition of its log.

Delivery: an event is applied once; its states, its steps, its deadlines and the offset behind it are one transaction,
refused when the lane has a new owner, and decided anew when another lane has moved one of its instances. The steps
are sent after the commit, and again by the next owner from the lane's mark on; as their command ids are derived, a
repeat is quiet. An event that a saga's code cannot take parks its stream for that saga. A deadline belongs to the lane
that set it, an answer that is no event to the lane that sent the step: the lane asks for both about twice a second.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog

from contracts.message import Event
from contracts.topics import Topics
from workers import telemetry
from workers.core.recorded import Recorded
from workers.core.saga import Saga
from workers.lanes.sequenced import SequencedEvents, Stretch, waiting_events
from workers.parking import tried_again, within_bounds
from workers.ports.clock import Clock
from workers.ports.lanes import Interruption, LaneKey, Mark
from workers.ports.log import InboundRecord, MessageSender
from workers.ports.parked import ParkedStream
from workers.ports.sagas import DeadlineRow, Following, InstanceConflict, SagaBatch, SagaStore
from workers.saga.following import Followed, Waiting, concerned, follow, handle
from workers.saga.internal_event_source import InternalEventSource
from workers.saga.internal_events import InternalEvent
from workers.saga.outbox import Outbox

# Tries of one batch that other lanes get ahead of; then it is cut in two, down to one event.
MAX_ATTEMPTS = 3
MAX_ATTEMPTS_ALONE = 50

log = structlog.get_logger(__name__)


class Contended(Exception):
    """Other lanes moved the instance of one event again and again. The lane starts over."""


class SagaPorts(NamedTuple):
    """What a saga lane speaks to, and what it knows of the installation."""

    store: SagaStore
    sender: MessageSender
    topics: Topics
    owner: str
    events: Mapping[str, type[Event]]
    clock: Clock = time.monotonic


class SagaLane:
    """`LaneWork` for one partition of a context's events. `sagas` are those that follow the context."""

    can_read_the_table = True
    last_timestamp = 0
    is_interrupted = False

    def __init__(self, context: str, sagas: Sequence[Saga[Any]], partition: int, ports: SagaPorts) -> None:
        self._context = context
        self._sagas = sagas
        self._ports = ports
        self._lane = LaneKey("saga", ports.topics.events(context), partition)
        self._input = SequencedEvents("saga", context, partition, ports.events, ports.store)
        self._outbox = Outbox(self._lane, ports.store, ports.sender, ports.topics)
        self._hearing = InternalEventSource(self._lane, ports.store, ports.clock)
        self.topic_id = ""
        self._epoch = 0
        self._offset = 0
        self._position = 0
        self._sequence = 0
        self._waiting: dict[tuple[str, str], ParkedStream] = {}

    async def acquire(self) -> int:
        grant = await self._ports.store.acquire(self._lane, self._ports.owner)
        self._epoch, self._position = grant.epoch, grant.sequence
        self._input.position = self._sequence = grant.input_sequence
        self._offset, self.topic_id = grant.consumed, grant.topic_id
        await self._ports.store.begin(self._lane, self._epoch, self._followings())
        parked = await self._ports.store.parked(self._lane)
        self._waiting = {(each.follower, each.stream_id): each for each in parked}
        await self._outbox.send_the_rest(grant)
        return grant.consumed

    async def rebase(self, offset: int, topic_id: str, interruption: Interruption | None) -> None:
        """Nothing is lost: what an event log lacks, the table has. So nobody has to acknowledge it."""
        await self._ports.store.rebase(self._lane, self._epoch, offset, topic_id)
        self._offset, self.topic_id = offset, topic_id

    async def examine(self) -> None:
        """Steps go to the partition of their key, whatever the topic has become: its own lanes say when it misfits."""

    def _followings(self) -> list[Following]:
        return [
            Following(saga.name, event.name)
            for saga in self._sagas
            for event in saga.reacts_to
            if event.context == self._context
        ]

    async def handle(self, records: Sequence[InboundRecord]) -> None:
        async for stretch in self._input.read(records):
            await self._follow(stretch)
        await self._mend()
        await self._hear()

    async def _follow(self, stretch: Stretch) -> None:
        """Apply a stretch of the log; when other lanes keep being faster, in halves, the offset with the last."""
        events, offset = stretch
        for _ in range(MAX_ATTEMPTS if len(events) > 1 else MAX_ATTEMPTS_ALONE):
            followed = await self._followed(self._sagas, events, self._waiting.keys())
            try:
                await self._commit(followed, offset, events[-1].sequence if events else self._sequence)
            except InstanceConflict:
                telemetry.INSTANCE_CONFLICTS.labels(self._lane.topic).inc()
            else:
                return
        if len(events) <= 1:
            raise Contended
        middle = len(events) // 2
        await self._follow(Stretch(events[:middle], self._offset))
        await self._follow(Stretch(events[middle:], offset))

    async def _followed(self, sagas: Sequence[Saga[Any]], events: Sequence[Recorded], waiting: Waiting) -> Followed:
        keys = concerned(sagas, events)
        stored = await self._ports.store.instances(keys) if keys else {}
        return follow(sagas, events, stored, self._position, waiting, self._lane.partition)

    async def _commit(
        self,
        followed: Followed,
        offset: int,
        sequence: int,
        unparked: Sequence[tuple[str, str]] = (),
        own: Sequence[InternalEvent] = (),
    ) -> None:
        steps, parked = followed.steps, followed.parked
        left = {place: waits for place, waits in self._waiting.items() if place not in unparked}
        within_bounds("/".join(saga.name for saga in self._sagas), left, parked)
        position = steps[-1].position if steps else self._position
        await self._ports.store.commit(
            SagaBatch(
                self._lane,
                self._epoch,
                offset,
                position,
                self._outbox.published,
                sequence,
                followed.instances,
                steps,
                parked,
                unparked,
                followed.journal,
                followed.deadlines,
                followed.cleared_deadlines,
                [each.source for each in own if isinstance(each.source, DeadlineRow)],
                [each.source.position for each in own if not isinstance(each.source, DeadlineRow)],
            )
        )
        self._offset, self._position, self._sequence = offset, position, sequence
        self._waiting = left | {(each.follower, each.stream_id): each for each in parked}
        for each in parked:
            telemetry.PARKED.labels(each.follower, self._lane.topic).inc()
            log.error("stream parked", **each._asdict(), advice="mend the code, then: annals parked retry")
        if steps:
            await self._outbox.send(steps)
        if followed.again:
            await self._outbox.send_again(followed.again)

    async def _mend(self) -> None:
        """Do what operators ask for, as long as anything is parked."""
        if not self._waiting:
            return
        for request in await self._ports.store.parked_requests(self._lane):
            place = (request.follower, request.stream_id)
            parked = self._waiting.get(place)
            if parked is None:
                continue
            events = await waiting_events(
                self._ports.store, self._context, parked, request, self._ports.events, self._sequence
            )
            saga = [each for each in self._sagas if each.name == request.follower]
            for _ in range(MAX_ATTEMPTS_ALONE):
                followed = await self._followed(saga, events, frozenset())
                again = tried_again(parked, followed.parked)
                try:
                    await self._commit(
                        followed._replace(parked=again), self._offset, self._sequence, [] if again else [place]
                    )
                except InstanceConflict:
                    continue
                log.info(
                    "parked stream", requested=request.action, stream_id=request.stream_id, waits_still=bool(again)
                )
                break

    async def _hear(self) -> None:
        """Let instances hear what is due for them. What moved meanwhile is still due, or not, at the next look."""
        own = await self._hearing.due([saga.name for saga in self._sagas])
        if not own:
            return
        stored = await self._ports.store.instances(sorted({each.key for each in own}))
        followed = handle(self._sagas, own, stored, self._position)
        self._hearing.postpone(followed.raised)
        heard = [each for each in own if each.key not in followed.raised]
        try:
            await self._commit(followed, self._offset, self._sequence, own=heard)
        except InstanceConflict:
            telemetry.INSTANCE_CONFLICTS.labels(self._lane.topic).inc()
            self._hearing.soon()

    async def idle(self) -> None:
        if unpublished := await self._input.unpublished():
            await self._follow(Stretch(unpublished, self._offset))
        await self._mend()
        await self._hear()
        for saga in self._sagas:
            waiting = sum(follower == saga.name for follower, _ in self._waiting)
            telemetry.WAITING.labels(saga.name, self._lane.topic, str(self._lane.partition)).set(waiting)

    async def release(self) -> None:
        await self._ports.store.release(self._lane, self._epoch, Mark(self._outbox.published, -1))

    def abandon(self) -> None:
        """Nothing is in flight between batches."""
