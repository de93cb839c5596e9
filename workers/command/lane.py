"""One lane of the command worker: the order of the steps from fetched records to committed, published and answered
ones.

Delivery: the effect of every command is exactly once. Its outcome, its events and the offset after it are written in
one transaction, which is fenced if the lane has a new owner. Order: that of the partition. The log follows the table:
what a crashed owner has not published, the next owner publishes before it starts. Replies and dead letters are at least
once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from workers.command.batch_decision import BatchDecision, BatchInput
from workers.command.batch_reading import read_batch
from workers.command.claims import Key, NotHeld
from workers.command.command_ports import CommandPorts
from workers.command.counters import LaneCounters
from workers.command.deciding import BatchDecider
from workers.command.deprecated import DeprecatedCommands
from workers.command.directing import directed
from workers.command.lane_types import LaneTypes
from workers.command.loading import UNKNOWN_OUTCOMES, LaneStreams
from workers.command.outputs import LaneOutputs
from workers.command.publisher import Publisher
from workers.command.reading import DeadLetter, Request
from workers.command.sending import LaneMessages
from workers.command.snapshots import Snapshots
from workers.command.taking_over import publish_the_rest, publisher_after
from workers.core.context import Context
from workers.lanes.work import Restart
from workers.ports.event_store import Batch, BatchLookup, ClaimConflict, Repeated, StreamExists, Unstorable
from workers.ports.lanes import Fenced, Interruption, LaneKey
from workers.ports.log import InboundRecord, TopicState

# Each attempt learns of one more rejected claim, outcome or stream, so a single command needs at most five. A batch
# that cannot be committed after so many attempts is handled command by command.
MAX_ATTEMPTS = 10

log = structlog.get_logger(__name__)


class Unsettled(Exception):
    """The batch could not be committed: each attempt led to another rejected claim."""


class CommandLane:
    """`LaneWork` for one partition of a context's commands."""

    can_read_the_table = False

    def __init__(self, context: Context, partition: int, ports: CommandPorts) -> None:
        name, decider = context.name, context.decider
        self._context = name
        self._decider = decider
        self._access = None if ports.identities is None else context.access
        self._ports = ports
        self._input_topic = ports.topics.commands(name)
        self._events_topic = ports.topics.events(name)
        self._lane = LaneKey("command", self._input_topic, partition)
        self.topic_id = ""
        self.last_timestamp = 0
        self.is_interrupted = False
        self._outputs = LaneOutputs(self._lane, self._events_topic, ports.topics.replies, ports.partitions, ports.log)
        self._messages = LaneMessages(ports.sender, ports.topics, self._input_topic, ports.partitions)
        self._counters = LaneCounters(name)
        self._deprecated = DeprecatedCommands(ports.commands)
        self._published_topic_id = ""
        self._types = LaneTypes(name, self._lane, ports.store, ports.events)
        self._epoch = 0
        self._sequence = 0
        self._snapshots = Snapshots(name, decider, ports.events, ports.snapshot_interval_events)
        self._streams = self._no_streams()
        self._publisher: Publisher | None = None
        self._committing_since = 0.0

    @property
    def required_types(self) -> frozenset[str]:
        return self._types.required

    async def acquire(self) -> int:
        ports = self._ports
        acquired_at = ports.clock()
        grant = await ports.store.acquire(self._lane, ports.owner)
        self._epoch, self._sequence = grant.epoch, grant.sequence
        self.topic_id, self.last_timestamp = grant.topic_id, grant.last_timestamp
        self.is_interrupted = grant.interruptions > 0
        self._types.begin(grant.event_types)
        self._streams = self._no_streams()
        events = await self._outputs.events_topic()
        begin = await self._outputs.begin_of_tail(grant, events)
        tail = await ports.log.tail(self._events_topic, self._lane.partition, begin)
        if tail.sequence > grant.sequence and not await ports.store.holds(self._lane, self._epoch):
            # This process was paused after acquiring the lane, and another owner has published meanwhile.
            raise Fenced(self._lane, self._epoch)
        self._publisher = publisher_after(
            tail, self._lane, grant, self._events_topic, ports.log, ports.store, ports.clock
        )
        await publish_the_rest(
            self._publisher, self._context, self._lane, grant, ports.store, ports.events, acquired_at
        )
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
            raise Restart(f"the topic {self._events_topic} was recreated")
        if self.is_interrupted:
            self.is_interrupted = await self._ports.store.interruptions(self._lane) > 0

    def _no_streams(self) -> LaneStreams:
        return LaneStreams(self._context, self._decider, self._ports.store, self._ports.events, self._snapshots)

    async def handle(self, records: Sequence[InboundRecord]) -> None:
        self._messages.begin_batch()
        await self._handle(records, frozenset())

    async def _handle(self, records: Sequence[InboundRecord], unstorable: frozenset[str]) -> None:
        requests, letters = await read_batch(records, self._context, self._ports)
        requests, misdirected = directed(requests, self._streams, self._lane.partition, self._ports.partitions)
        try:
            decision = await self._decide_and_commit(records, requests, letters, misdirected, unstorable)
        except (Unstorable, Unsettled) as error:
            if len(records) > 1:
                for record in records:
                    await self._handle([record], frozenset())
                return
            if unstorable or isinstance(error, Unsettled):
                raise
            log.warning("command rejected: it cannot be stored", lane=str(self._lane), reason=error.explanation)
            await self._handle(records, frozenset(request.envelope.id for request in requests))
            return
        self._streams.keep(decision.streams)
        self._sequence = decision.sequence
        if decision.events:
            assert self._publisher is not None
            await self._publisher.put(self._committing_since, decision.events)
        await self._messages.reply(decision.answers, decision.now)
        self._counters.count(decision)
        if self._deprecated:
            self._deprecated.count(requests)

    async def _decide_and_commit(
        self,
        records: Sequence[InboundRecord],
        requests: Sequence[Request],
        letters: Sequence[DeadLetter],
        misdirected: Sequence[Request],
        unstorable: frozenset[str],
    ) -> BatchDecision:
        """Decide, send dead letters and misdirected commands, and commit; on a conflict the batch is decided again."""
        rejected: frozenset[Key] = frozenset()
        not_held: frozenset[NotHeld] = frozenset()
        lookup = await self._streams.look_up(requests)
        for _ in range(MAX_ATTEMPTS):
            batch_input = self._input(requests, lookup, rejected, not_held, unstorable)
            decision = self._snapshots.added_to(BatchDecider(self._decider, batch_input, self._access).decide(requests))
            if lookup.outcomes is UNKNOWN_OUTCOMES and self._streams.leaves_doubt(decision):
                lookup = await self._streams.look_up(requests, expect_repeats=bool(decision.failures), guess=False)
                continue
            await self._messages.send_elsewhere([*letters, *decision.failures], misdirected, lookup.now)
            try:
                await self._commit(records[-1], decision, lookup.now)
            except ClaimConflict as error:
                rejected, not_held = rejected | error.rejected, not_held | error.not_held
            except Repeated:
                lookup = await self._streams.look_up(requests, expect_repeats=True)
            except StreamExists:
                if not self._streams.are_guessed:
                    raise
                lookup = await self._streams.look_up(requests, guess=False)
            else:
                return decision
        raise Unsettled

    def _input(
        self,
        requests: Sequence[Request],
        lookup: BatchLookup,
        rejected: frozenset[Key],
        not_held: frozenset[NotHeld],
        unstorable: frozenset[str],
    ) -> BatchInput:
        return BatchInput(
            self._context,
            self._lane.partition,
            self._sequence,
            lookup.now,
            lookup.outcomes,
            self._streams.of(requests),
            rejected,
            unstorable,
            not_held,
        )

    async def _commit(self, last: InboundRecord, decision: BatchDecision, now: datetime) -> None:
        assert self._publisher is not None
        await self._types.note(self._epoch, decision.events)
        self._committing_since = self._ports.clock()
        await self._ports.store.commit(
            Batch(
                self._lane,
                self._epoch,
                self._context,
                now,
                last.offset + 1,
                decision.sequence,
                self._publisher.mark,
                decision.outcomes,
                decision.events,
                decision.claims_to_acquire,
                decision.claims_to_settle,
                decision.credentials,
                decision.snapshots,
                last.timestamp,
            )
        )

    async def idle(self) -> None:
        if self._publisher is not None:
            self._publisher.check()

    def is_at_rest(self, states: Mapping[str, TopicState]) -> bool:
        """Whether neither `idle` nor `examine` would find anything, if the topics are in these states."""
        is_quiet = self._publisher is not None and self._publisher.is_running and not self.is_interrupted
        return is_quiet and self._outputs.are_unchanged(states, self._published_topic_id)

    async def release(self) -> None:
        if self._publisher is not None:
            await self._publisher.drained()
            await self._ports.store.release(self._lane, self._epoch, self._publisher.mark)

    def abandon(self) -> None:
        if self._publisher is not None:
            self._publisher.abandon()
            self._publisher = None
