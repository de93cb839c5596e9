"""Reads a context's events for a service that keeps its position in its own database, in the transaction of its work.

`load(partition)` gives the position that is stored; `handle(batch)` stores what the events led to and moves the
position in one transaction: the row of the partition becomes `batch.after`, if its sequence still is that of
`batch.before` (contracts/README.md has it as SQL). If it is not, the handler raises PositionMoved and stores nothing.

This row is the fence: in a group a partition may have two owners for a while (a handler slower than
`max_handling_seconds`, a paused process, a network in trouble), and only one of them moves the row. So each event takes
effect once, in the order of its partition, wherever a process is killed.
Kafka's offsets are committed for monitors of lag alone and never read.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from contracts.client.connection import PLAINTEXT, FailureLog, Security, broker_options, reason_of, stop_quietly
from contracts.client.consumer import Consumer
from contracts.client.errors import KafkaUnavailable, PositionMoved
from contracts.client.event_order import ReadPosition, Ready
from contracts.client.event_reader import records_behind
from contracts.client.ordered_log import GAP_WAIT_SECONDS, Gaps, OnGap, OrderedLog, raise_gap
from contracts.client.read_event import ReadEvent
from contracts.topics import Topics

CONNECT_TIMEOUT_SECONDS = 10.0
MAX_HANDLING_SECONDS = 300.0
MAX_BATCH_EVENTS = 500
POLL_SECONDS = 1.0
CHECK_INTERVAL_SECONDS = 5.0
RETRY_SECONDS = 0.5

log = logging.getLogger(__name__)


class EventBatch(NamedTuple):
    """Some events of one partition, in order; at least one. `before` is the position that was stored."""

    partition: int
    events: tuple[ReadEvent, ...]
    before: ReadPosition
    after: ReadPosition

    def gaps(self) -> Iterator[tuple[int, int]]:
        """The first and last sequence of each gap that `on_gap` has let the reader go over within this batch."""
        sequence = self.before.sequence
        for event in self.events:
            if event.envelope.sequence > sequence + 1 and (sequence or not self.before.offset):
                yield sequence + 1, event.envelope.sequence - 1
            sequence = event.envelope.sequence


Load = Callable[[int], Awaitable[ReadPosition | None]]
"""The stored position of a partition; None: from its first event."""

Handle = Callable[[EventBatch], Awaitable[None]]


class _Settings(NamedTuple):
    load: Load
    group: str | None
    timeout_seconds: float
    max_batch_events: int


class _CallerFailed(Exception):
    """Carries an error of the caller's, its only argument, past those of Kafka."""


class EventConsumer:
    """Reads in a consumer group (`group`: named as the operators have granted, as in `shop-cards`), or in none, and
    then all partitions or those in `partitions`.

    A handler that takes longer than `max_handling_seconds` loses its partitions to others of the group. `on_gap` and
    `gap_wait_seconds`: as those of an `EventReader`.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        *,
        context: str,
        load: Load,
        group: str | None = None,
        partitions: Collection[int] | None = None,
        topic_prefix: str = "",
        security: Security = PLAINTEXT,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        max_handling_seconds: float = MAX_HANDLING_SECONDS,
        max_batch_events: int = MAX_BATCH_EVENTS,
        on_gap: OnGap = raise_gap,
        gap_wait_seconds: float = GAP_WAIT_SECONDS,
    ) -> None:
        if group is not None and partitions is not None:
            raise ValueError("in a group Kafka chooses the partitions: give either `group` or `partitions`")
        self._topic = Topics(topic_prefix).events(context)
        self._options = broker_options(bootstrap_servers, security, connect_timeout_seconds)
        self._options |= {"max_poll_interval_ms": int(max_handling_seconds * 1000)}
        self._settings = _Settings(load, group, connect_timeout_seconds, max_batch_events)
        self._wanted = None if partitions is None else frozenset(partitions)
        self._gaps = Gaps(on_gap, gap_wait_seconds)
        self._was_connected = False

    async def run(self, handle: Handle) -> None:
        """Hand over all events, one batch after the other, until cancelled.

        Raises KafkaUnavailable when Kafka cannot be reached at the start (later it waits), EventsMissing, and what
        `load`, `on_gap` and `handle` raise, but for PositionMoved: then the stored position is loaded again. Run it
        again after an error: it goes on from what is stored.
        """
        timeout_seconds = self._settings.timeout_seconds
        end = asyncio.get_running_loop().time() + timeout_seconds
        failures = FailureLog(f"{self._topic} is not read", log)
        while True:
            try:
                await self._connected(handle)
            except _CallerFailed as failure:
                raise failure.args[0] from None
            except (KafkaError, OSError, TimeoutError) as error:
                failures.failed(error)
                if not self._was_connected and asyncio.get_running_loop().time() >= end:
                    explanation = f"{self._topic} cannot be read: {reason_of(error)}"
                    raise KafkaUnavailable(explanation, waited_seconds=timeout_seconds) from error
            await asyncio.sleep(RETRY_SECONDS)

    async def _connected(self, handle: Handle) -> None:
        """One connection, until it seems to be stuck."""
        group = self._settings.group
        topics = () if group else (self._topic,)
        consumer = Consumer(
            *topics, **self._options, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        ordered = OrderedLog(consumer, self._gaps)
        connection = _Connection(self._settings, consumer, ordered, handle)
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                await consumer.start()
            if group:
                consumer.subscribe([self._topic], listener=_Assignment(consumer, ordered))
            else:
                self._assign(consumer)
            await connection.read()
        finally:
            self._was_connected |= connection.has_polled
            await stop_quietly(consumer.stop)

    def _assign(self, consumer: Consumer) -> None:
        # Started on the topic, it has been assigned all partitions.
        places = [place for place in consumer.assignment() if self._wanted is None or place.partition in self._wanted]
        if not places:
            raise UnknownTopicOrPartitionError(self._topic)
        consumer.unsubscribe()
        consumer.assign(places)
        consumer.pause(*places)


class _Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """What is assigned rests until its position is loaded. Nothing is waited for here: the group would wait too."""

    def __init__(self, consumer: Consumer, ordered: OrderedLog) -> None:
        self._consumer = consumer
        self._ordered = ordered

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        self._ordered.drop(revoked)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._ordered.drop(assigned)
        self._consumer.pause(*assigned)


class _Connection:
    """What is read through one consumer."""

    def __init__(self, settings: _Settings, consumer: Consumer, ordered: OrderedLog, handle: Handle) -> None:
        self._settings = settings
        self._consumer = consumer
        self._ordered = ordered
        self._handle = handle
        self._stored: dict[TopicPartition, ReadPosition] = {}
        self.has_polled = False

    async def read(self) -> None:
        """Until the consumer seems to be stuck."""
        checked_at, behind = time.monotonic(), dict[TopicPartition, int]()
        while True:
            await self._begin_assigned()
            for place, ready in await self._ordered.poll(POLL_SECONDS):
                await self._hand_over(place, ready)
            self.has_polled = True
            if time.monotonic() - checked_at > CHECK_INTERVAL_SECONDS:
                await self._commit_group_offsets()
                before, behind = behind, await records_behind(self._consumer, self._settings.timeout_seconds)
                if before.items() & behind.items():
                    return
                checked_at = time.monotonic()

    async def _begin_assigned(self) -> None:
        places = [place for place in self._consumer.assignment() if self._ordered.order(place) is None]
        if not places:
            return
        loaded = {place: await self._of_the_caller(self._settings.load(place.partition)) for place in places}
        async with asyncio.timeout(self._settings.timeout_seconds):
            await self._ordered.begin(loaded)
        self._stored |= {place: position or ReadPosition(0, 0) for place, position in loaded.items()}
        self._consumer.resume(*self._consumer.assignment() & set(places))

    async def _hand_over(self, place: TopicPartition, ready: Sequence[Ready[ReadEvent]]) -> None:
        order, size = self._ordered.order(place), self._settings.max_batch_events
        for start in range(0, len(ready), size):
            if order is None or self._ordered.order(place) is not order:
                return  # revoked meanwhile, or its position is loaded again
            items = ready[start : start + size]
            batch = EventBatch(
                place.partition, tuple(item for item, _ in items), self._stored[place], items[-1].position
            )
            try:
                await self._of_the_caller(self._handle(batch))
            except PositionMoved as error:
                log.warning("%s/%d: %s; it is loaded again", *place, error)
                self._ordered.drop([place])
                self._consumer.pause(*self._consumer.assignment() & {place})
                await asyncio.sleep(RETRY_SECONDS)
                return
            self._stored[place] = batch.after

    async def _of_the_caller(self, result: Awaitable[Any]) -> Any:
        try:
            return await result
        except PositionMoved:
            raise
        except Exception as error:
            raise _CallerFailed(error) from error

    async def _commit_group_offsets(self) -> None:
        """For monitors of lag. What fails is not tried again: after a rebalance it could move others' offsets back."""
        read = [place for place in self._consumer.assignment() if self._ordered.order(place) is not None]
        if self._settings.group and read:
            offsets = {place: self._ordered.position(place).offset for place in read}
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(self._settings.timeout_seconds):
                    await self._consumer.commit(offsets)
