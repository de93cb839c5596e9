"""One lane of the command worker.

Delivery: every command is handled exactly once in effect: its outcome, its events and the offset behind it are one
transaction, refused when the lane has a new owner. Order: the order of the partition. The log follows the table: what a
crashed owner had not published, the next one publishes before it starts.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import structlog

from contracts.message import Command, Event
from contracts.topics import Topics
from workers import telemetry
from workers.command.answering import dead_letter, replies
from workers.command.claims import Key, Unheld
from workers.command.deciding import BatchDecider, BatchDecision, BatchInput
from workers.command.directing import directed, redirected
from workers.command.loading import LaneStreams
from workers.command.outputs import LaneOutputs
from workers.command.publisher import Publisher
from workers.command.reading import DeadLetter, Request, read
from workers.command.repeats import count_repeats
from workers.command.snapshots import SNAPSHOT_INTERVAL_EVENTS, Snapshots
from workers.command.taking_over import publish_the_rest, publisher_after
from workers.core.decider import Decider
from workers.lanes.work import Restart
from workers.ports.clock import Clock
from workers.ports.event_store import Batch, BatchLookup, ClaimConflict, EventStore, Repeated, Unstorable
from workers.ports.lanes import Fenced, Interruption, LaneKey
from workers.ports.log import EventLog, InboundRecord, MessageSender, OutboundRecord

# Each attempt refuses at least one more claim or knows one more outcome, so one command alone needs three at most. A
# batch that is not settled after so many is handled command by command.
MAX_ATTEMPTS = 10

log = structlog.get_logger(__name__)


class Unsettled(Exception):
    """A batch in which each refused claim made another command claim anew, again and again."""


class CommandPorts(NamedTuple):
    """What a command lane speaks to, and what it knows of the installation."""

    store: EventStore
    log: EventLog
    sender: MessageSender
    topics: Topics
    partitions: int
    owner: str
    commands: Mapping[str, type[Command]]
    events: Mapping[str, type[Event]]
    clock: Clock = time.monotonic
    snapshot_interval_events: int = SNAPSHOT_INTERVAL_EVENTS


class CommandLane:
    """`LaneWork` for one partition of a context's commands."""

    can_read_the_table = False

    def __init__(self, context: str, decider: Decider[Any], partition: int, ports: CommandPorts) -> None:
        self._context = context
        self._decider = decider
        self._ports = ports
        self._input_topic = ports.topics.commands(context)
        self._events_topic = ports.topics.events(context)
        self._lane = LaneKey("command", self._input_topic, partition)
        self.topic_id = ""
        self.last_timestamp = 0
        self.is_interrupted = False
        self._outputs = LaneOutputs(self._lane, self._events_topic, ports.topics.replies, ports.partitions, ports.log)
        self._published_topic_id = ""
        self._epoch = 0
        self._sequence = 0
        self._snapshots = Snapshots(context, decider, ports.events, ports.snapshot_interval_events)
        self._streams = self._no_streams()
        self._publisher: Publisher | None = None
        self._committing_since = 0.0
        # Offsets of the batch in hand whose records were sent away: not again when it is decided again.
        self._sent_away: set[int] = set()

    async def acquire(self) -> int:
        ports = self._ports
        taken_at = ports.clock()
        grant = await ports.store.acquire(self._lane, ports.owner)
        self._epoch, self._sequence = grant.epoch, grant.sequence
        self.topic_id, self.last_timestamp = grant.topic_id, grant.last_timestamp
        self.is_interrupted = grant.interruptions > 0
        self._streams = self._no_streams()
        events = await self._outputs.events_topic()
        begin = await self._outputs.begin_of_tail(grant, events)
        tail = await ports.log.tail(self._events_topic, self._lane.partition, begin)
        if tail.sequence > grant.sequence and not await ports.store.holds(self._lane, self._epoch):
            # The log went on because somebody else did, while we were paused between the two questions.
            raise Fenced(self._lane, self._epoch)
        self._publisher = publisher_after(
            tail, self._lane, grant, self._events_topic, ports.log, ports.store, ports.clock
        )
        await publish_the_rest(self._publisher, self._context, self._lane, grant, ports.store, ports.events, taken_at)
        self._published_topic_id = events.id
        if events.id not in ("", grant.published_topic_id):
            await ports.store.publish_to(self._lane, self._epoch, events.id)
        return grant.consumed

    async def rebase(self, offset: int, topic_id: str, interruption: Interruption | None) -> None:
        await self._ports.store.rebase(self._lane, self._epoch, offset, topic_id, interruption)
        self.topic_id = topic_id
        self.is_interrupted = self.is_interrupted or interruption is not None

    async def examine(self) -> None:
        events = await self._outputs.events_topic()
        if events.id != self._published_topic_id:
            raise Restart(f"the topic {self._events_topic} was made anew")
        if self.is_interrupted:
            self.is_interrupted = await self._ports.store.interruptions(self._lane) > 0

    def _no_streams(self) -> LaneStreams:
        return LaneStreams(self._context, self._decider, self._ports.store, self._ports.events, self._snapshots)

    async def handle(self, records: Sequence[InboundRecord]) -> None:
        self._sent_away.clear()
        await self._handle(records, frozenset())

    async def _handle(self, records: Sequence[InboundRecord], unstorable: frozenset[str]) -> None:
        found = [read(record, self._ports.commands, self._context) for record in records]
        requests = [each for each in found if isinstance(each, Request)]
        letters = [each for each in found if isinstance(each, DeadLetter)]
        requests, misdirected = directed(requests, self._streams, self._lane.partition, self._ports.partitions)
        try:
            draft = await self._decide_and_commit(records, requests, letters, misdirected, unstorable)
        except (Unstorable, Unsettled) as error:
            if len(records) > 1:
                for record in records:
                    await self._handle([record], frozenset())
                return
            if unstorable or isinstance(error, Unsettled):
                raise
            log.warning("command refused: it cannot be stored", lane=str(self._lane), reason=error.explanation)
            await self._handle(records, frozenset(request.envelope.id for request in requests))
            return
        self._streams.keep(draft.streams)
        self._sequence = draft.sequence
        if draft.events:
            assert self._publisher is not None
            await self._publisher.put(self._committing_since, draft.events)
        topics, partitions = self._ports.topics, self._ports.partitions
        for partition, posted in replies(draft.answers, topics, partitions, draft.now).items():
            await self._ports.sender.send_nowait(topics.replies, partition, posted)
        self._count(draft)

    async def _decide_and_commit(
        self,
        records: Sequence[InboundRecord],
        requests: Sequence[Request],
        letters: Sequence[DeadLetter],
        misdirected: Sequence[Request],
        unstorable: frozenset[str],
    ) -> BatchDecision:
        """Decide, send away what is not ours, and commit; again with more knowledge when the commit taught us some."""
        refused: frozenset[Key] = frozenset()
        unheld: frozenset[Unheld] = frozenset()
        known = await self._streams.look_up(requests)
        for _ in range(MAX_ATTEMPTS):
            situation = self._situation(requests, known, unstorable)._replace(refused=refused, unheld=unheld)
            draft = self._snapshots.added_to(BatchDecider(self._decider, situation).decide(requests))
            away = [letter for letter in [*letters, *draft.failures] if letter.record.offset not in self._sent_away]
            elsewhere = [request for request in misdirected if request.record.offset not in self._sent_away]
            await self._send_away(away, elsewhere, known.now)
            self._sent_away.update(letter.record.offset for letter in away)
            self._sent_away.update(request.record.offset for request in elsewhere)
            try:
                await self._commit(records[-1], draft, known.now)
            except ClaimConflict as error:
                refused, unheld = refused | error.rejected, unheld | error.not_held
            except Repeated:
                known = await self._streams.look_up(requests)
            else:
                return draft
        raise Unsettled

    def _situation(self, requests: Sequence[Request], known: BatchLookup, unstorable: frozenset[str]) -> BatchInput:
        place, streams = (self._context, self._lane.partition, self._sequence), self._streams.of(requests)
        return BatchInput(*place, known.now, known.outcomes, streams, frozenset(), unstorable)

    async def _commit(self, last: InboundRecord, draft: BatchDecision, now: datetime) -> None:
        assert self._publisher is not None
        self._committing_since = self._ports.clock()
        await self._ports.store.commit(
            Batch(
                self._lane,
                self._epoch,
                self._context,
                now,
                last.offset + 1,
                draft.sequence,
                self._publisher.mark,
                draft.outcomes,
                draft.events,
                draft.claims_to_acquire,
                draft.claims_to_settle,
                draft.credentials,
                draft.snapshots,
                last.timestamp,
            )
        )

    async def _send_away(self, letters: Sequence[DeadLetter], misdirected: Sequence[Request], now: datetime) -> None:
        messages: list[tuple[str, int | None, OutboundRecord]] = [dead_letter(letter, now) for letter in letters]
        messages += [redirected(request, self._input_topic, self._ports.partitions) for request in misdirected]
        if messages:
            await self._ports.sender.send(messages)
        for letter in letters:
            telemetry.DEAD_LETTERS.labels(letter.record.topic, letter.reason).inc()
            log.warning("dead letter", reason=letter.reason, explanation=letter.explanation, **_place(letter.record))
        if misdirected:
            telemetry.REDIRECTED.labels(self._input_topic).inc(len(misdirected))

    def _count(self, draft: BatchDecision) -> None:
        telemetry.EVENTS.labels(self._context).inc(len(draft.events))
        count_repeats(self._context, draft.repeated, draft.reused)
        telemetry.SNAPSHOTS.labels(self._context).inc(len(draft.snapshots))
        for kind, count in draft.counts.items():
            telemetry.OUTCOMES.labels(self._context, *kind).inc(count)

    async def idle(self) -> None:
        if self._publisher is not None:
            self._publisher.check()

    async def release(self) -> None:
        if self._publisher is not None:
            await self._publisher.drained()
            await self._ports.store.release(self._lane, self._epoch, self._publisher.mark)

    def abandon(self) -> None:
        if self._publisher is not None:
            self._publisher.abandon()
            self._publisher = None


def _place(record: InboundRecord) -> dict[str, Any]:
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}
