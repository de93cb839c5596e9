"""One lane of the saga worker: the sagas that follow a context, on one partition of its log.

Delivery: an event is applied exactly once. The states, steps and deadlines that it leads to and the offset after it are
written in one transaction, which is fenced if the lane has a new owner; on a version conflict of an instance the batch
is decided again. Events must stand in the event table as the log has them; else the table's are applied in their places
(logged_events.py). The steps are sent after the commit, and again by the next owner from the lane's mark on; as their
command ids are derived, a repeat has no effect. An event on which the code of a saga fails parks its stream for that
saga. A deadline belongs to the lane that set it, the answer to a step to the lane that sent it
(internal_event_source.py).
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, NamedTuple

import structlog

from workers import telemetry
from workers.core.recorded import Recorded
from workers.core.saga import Saga
from workers.lanes.sequenced import SequencedEvents, Stretch
from workers.lanes.waiting_events import waiting_events
from workers.lanes.work import Contended
from workers.parking import tried_again, within_bounds
from workers.ports.event_store import Unstorable
from workers.ports.lanes import Interruption, LaneKey, Mark
from workers.ports.log import InboundRecord
from workers.ports.logged_events import EventsNotStored, LoggedEvent
from workers.ports.parked import ParkedStream
from workers.ports.sagas import DeadlineRow, InstanceConflict, SagaBatch
from workers.ports.waiting_lanes import LanePlace
from workers.saga.following import Followed, Waiting, concerned, follow, followings, handle
from workers.saga.internal_event_source import InternalEventSource
from workers.saga.internal_events import InternalEvent
from workers.saga.lane_instances import LaneInstances, Turn
from workers.saga.logged_events import logged_events, true_stretches
from workers.saga.outbox import Outbox
from workers.saga.saga_ports import SagaPorts

# Attempts at a batch with version conflicts. Then it is cut in half, down to a single event.
MAX_ATTEMPTS = 3
MAX_ATTEMPTS_ALONE = 50

log = structlog.get_logger(__name__)


class Rest(NamedTuple):
    """The lane, its place in the table, and the sequence of the last event that it has read."""

    lane: LaneKey
    place: LanePlace
    sequence: int


class SagaLane:
    """`LaneWork` for one partition of a context's events. `sagas` are those that follow the context."""

    can_read_the_table = True
    last_timestamp, is_interrupted = 0, False
    required_types: frozenset[str] = frozenset()

    def __init__(self, context: str, sagas: Sequence[Saga[Any]], partition: int, ports: SagaPorts) -> None:
        self._context = context
        self._sagas = sagas
        self._followed = frozenset(model for saga in sagas for model in saga.reacts_to)
        self._ports = ports
        self._lane = LaneKey("saga", ports.topics.events(context), partition)
        self._input = SequencedEvents("saga", context, partition, ports.events, ports.store)
        self._outbox = Outbox(self._lane, ports.store, ports.sender, ports.topics, ports.identities)
        self._instances = LaneInstances(self._lane.topic, ports.instances, ports.store, ports.clock)
        self.internal_events = InternalEventSource(self._lane, ports.store, ports.clock)
        self.topic_id = ""
        self._epoch = 0
        self._offset = 0
        self._position = 0
        self._sequence = 0
        self._waiting: dict[tuple[str, str], ParkedStream] = {}

    async def acquire(self) -> int:
        self._instances.forget()
        grant = await self._ports.store.acquire(self._lane, self._ports.owner)
        self._epoch, self._position = grant.epoch, grant.sequence
        self._input.position = self._sequence = grant.input_sequence
        self._offset, self.topic_id = grant.consumed, grant.topic_id
        await self._ports.store.begin(self._lane, self._epoch, followings(self._sagas, self._context))
        parked = await self._ports.store.parked(self._lane)
        self._waiting = {(stream.follower, stream.stream_id): stream for stream in parked}
        await self._outbox.send_the_rest(grant)
        return grant.consumed

    async def rebase(self, offset: int, topic_id: str, interruption: Interruption | None) -> None:
        """The interruption is not stored: what the log lacks, the table has, so no operator has to acknowledge it."""
        await self._ports.store.rebase(self._lane, self._epoch, offset, topic_id)
        self._offset, self.topic_id = offset, topic_id

    async def examine(self) -> None:
        """Nothing to check: steps are sent to the partition of their key, and the lanes there check their topic."""

    async def handle(self, records: Sequence[InboundRecord]) -> None:
        async for stretch in self._input.read(records):
            try:
                await self._follow(stretch)
            except (EventsNotStored, Unstorable):
                # What no column can hold stands in no table either.
                if not stretch.values:
                    raise
                place = (self._lane, self._sequence, self._offset)
                async for true_stretch in true_stretches(self._input, stretch, *place):
                    await self._follow(true_stretch)
        await self._handle_parked_requests()
        await self._handle_internal_events()

    async def _follow(self, stretch: Stretch) -> None:
        """Apply a stretch of the log. After too many version conflicts it is applied in halves; the offset moves with
        the last one.
        """
        events, offset, values = stretch
        sequence = events[-1].sequence if events else self._sequence
        for _ in range(MAX_ATTEMPTS if len(events) > 1 else MAX_ATTEMPTS_ALONE):
            with suppress(InstanceConflict):
                async with self._turn(self._sagas, events) as turn:
                    followed = await self._decide(turn, self._sagas, events, self._waiting.keys())
                    await self._commit(followed, offset, sequence, logged=logged_events(stretch, self._followed))
                await self._outbox.send_all(followed.steps, followed.again)
                return
        if len(events) <= 1:
            followed_event = f"event {sequence}" if events else f"the records before offset {offset}"
            raise Contended(
                f"other lanes changed the saga's instance {MAX_ATTEMPTS_ALONE} times while {followed_event} was applied"
            )
        middle = len(events) // 2
        await self._follow(Stretch(events[:middle], self._offset, values[:middle]))
        await self._follow(Stretch(events[middle:], offset, values[middle:]))

    def _turn(self, sagas: Sequence[Saga[Any]], events: Sequence[Recorded]) -> AbstractAsyncContextManager[Turn]:
        new_streams = {recorded.stream_id for recorded in events if recorded.stream_version == 1}
        return self._instances.turn(concerned(sagas, events), new_streams)

    async def _decide(
        self, turn: Turn, sagas: Sequence[Saga[Any]], events: Sequence[Recorded], waiting: Waiting = frozenset()
    ) -> Followed:
        place = (self._position, waiting, self._lane.partition, self._ports.draw_seed())
        return await turn.decide(lambda stored: follow(sagas, events, stored, *place))

    async def _commit(
        self,
        followed: Followed,
        offset: int,
        sequence: int,
        unparked: Sequence[tuple[str, str]] = (),
        handled: Sequence[InternalEvent] = (),
        logged: Sequence[LoggedEvent] = (),
    ) -> None:
        steps, parked = followed.steps, followed.parked
        still_waiting = {key: stream for key, stream in self._waiting.items() if key not in unparked}
        within_bounds("/".join(saga.name for saga in self._sagas), still_waiting, parked)
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
                [event.source for event in handled if isinstance(event.source, DeadlineRow)],
                [event.source.position for event in handled if not isinstance(event.source, DeadlineRow)],
                logged,
            )
        )
        self._instances.keep(followed.loaded)
        self._offset, self._position, self._sequence = offset, position, sequence
        self._waiting = still_waiting | {(stream.follower, stream.stream_id): stream for stream in parked}
        for stream in parked:
            telemetry.PARKED.labels(stream.follower, self._lane.topic).inc()
            log.error("stream parked", **stream._asdict(), advice="fix the code, then: annals parked retry")

    async def _handle_parked_requests(self) -> None:
        """Carry out the operators' requests about parked streams."""
        if not self._waiting:
            return
        for request in await self._ports.store.parked_requests(self._lane):
            key = (request.follower, request.stream_id)
            parked = self._waiting.get(key)
            if parked is None:
                continue
            events = await waiting_events(
                self._ports.store, self._context, parked, request, self._ports.events, self._sequence
            )
            sagas = [saga for saga in self._sagas if saga.name == request.follower]
            for _ in range(MAX_ATTEMPTS_ALONE):
                with suppress(InstanceConflict):
                    async with self._turn(sagas, events) as turn:
                        followed = await self._decide(turn, sagas, events)
                        still_parked = tried_again(parked, followed.parked)
                        unparked = [] if still_parked else [key]
                        retried = followed._replace(parked=still_parked)
                        await self._commit(retried, self._offset, self._sequence, unparked)
                    await self._outbox.send_all(followed.steps, followed.again)
                    log.info(
                        "parked stream",
                        requested=request.action,
                        stream_id=request.stream_id,
                        still_parked=bool(still_parked),
                    )
                    break

    async def _handle_internal_events(self) -> None:
        """Handle the due internal events. After a version conflict, what is still due is handled at the next look."""
        due = await self.internal_events.due([saga.name for saga in self._sagas])
        if not due:
            return
        try:
            async with self._instances.turn(sorted({event.key for event in due}), of_internal_events=True) as turn:
                followed = await turn.decide(lambda stored: handle(self._sagas, due, stored, self._position))
                self.internal_events.postpone(followed.failures)
                handled = [event for event in due if event.key not in followed.failures]
                await self._commit(followed, self._offset, self._sequence, handled=handled)
            await self._outbox.send_all(followed.steps, followed.again)
        except InstanceConflict:
            self.internal_events.look_soon()

    async def idle(self) -> None:
        if unpublished := await self._input.unpublished():
            await self._follow(Stretch(unpublished, self._offset))
        await self._handle_parked_requests()
        await self._handle_internal_events()
        for saga in self._sagas:
            waiting = sum(follower == saga.name for follower, _ in self._waiting)
            telemetry.WAITING.labels(saga.name, self._lane.topic, str(self._lane.partition)).set(waiting)

    @property
    def rest(self) -> Rest | None:
        """Where the lane rests; None if it has parked streams, for which operators may have requests."""
        if self._waiting:
            return None
        return Rest(self._lane, LanePlace(self._context, self._lane.partition), self._input.position)

    async def release(self) -> None:
        await self._ports.store.release(self._lane, self._epoch, Mark(self._outbox.published, -1))

    def abandon(self) -> None:
        """Nothing to do: between batches nothing is in flight."""
