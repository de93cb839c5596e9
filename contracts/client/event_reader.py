"""Reads a context's event log: an endless async iterator over its events, each once.

Events of one stream come in order, those of different partitions interleaved. A record whose sequence has been passed
is dropped: a paused worker may have appended a duplicate. The reader is in no consumer group: the caller stores
`positions` in the transaction that stores what the events led to, and starts from there again. Lost connections are
made again.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from contextlib import aclosing
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from contracts.catalogue import stored_events
from contracts.client.connection import PLAINTEXT, FailureLog, Security, broker_options, reason_of, stop_quietly
from contracts.client.consumer import Consumer
from contracts.client.errors import KafkaUnavailable, UnknownEventType
from contracts.envelope import EventEnvelope, MalformedMessage, read_event
from contracts.message import Event
from contracts.stated_sequence import stated_sequence
from contracts.stored_events import NewerRelease
from contracts.topics import Topics

CONNECT_TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 1.0
CHECK_INTERVAL_SECONDS = 5.0
RETRY_SECONDS = 0.5
ADVICE = "only the event table has them: run `annals verify`"

log = logging.getLogger(__name__)


class ReadPosition(NamedTuple):
    """Where to go on in a partition: the last sequence that was read (0: none, begin at the offset), next offset."""

    sequence: int
    offset: int


class ReadEvent(NamedTuple):
    """An event as it was read. `data` is its JSON."""

    envelope: EventEnvelope
    data: bytes
    partition: int
    offset: int

    def event(self) -> Event:
        """The event as a model of its present version, the first if it has become several (`events`).

        Raises UnknownEventType, or MalformedMessage for data of another shape.
        """
        return self.events()[0]

    def events(self) -> tuple[Event, ...]:
        """The events that this one is today, in order: one, as a rule. They share its envelope and its sequence.

        Raises UnknownEventType, or MalformedMessage for data of another shape.
        """
        try:
            return stored_events().read(self.envelope.type, self.data)
        except NewerRelease as error:
            raise UnknownEventType(self.envelope.type) from error


class EventReader:
    """`async for read in EventReader(...)`: all events of a context from `positions` on, by default from the first.

    `partitions` chooses some of the partitions (None: all). The iteration raises KafkaUnavailable when Kafka cannot be
    reached within `connect_timeout_seconds` at the start; later it waits for as long as Kafka is away.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        *,
        context: str,
        topic_prefix: str = "",
        security: Security = PLAINTEXT,
        positions: Mapping[int, ReadPosition] | None = None,
        partitions: Collection[int] | None = None,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    ) -> None:
        self._topic = Topics(topic_prefix).events(context)
        self._options = broker_options(bootstrap_servers, security, connect_timeout_seconds)
        self._positions = dict(positions or {})
        self._wanted = None if partitions is None else frozenset(partitions)
        self._timeout_seconds = connect_timeout_seconds
        self._was_connected = False
        self._looked_back: dict[int, int] = {}

    @property
    def positions(self) -> dict[int, ReadPosition]:
        """By partition, where to go on after the event that the iteration gave last."""
        return dict(self._positions)

    async def __aiter__(self) -> AsyncIterator[ReadEvent]:
        end = asyncio.get_running_loop().time() + self._timeout_seconds
        failures = FailureLog(f"{self._topic} is not read", log)
        while True:
            try:
                async with aclosing(self._connected()) as events:
                    async for event in events:
                        yield event
            except (KafkaError, OSError, TimeoutError) as error:
                failures.failed(error)
                if not self._was_connected and asyncio.get_running_loop().time() >= end:
                    explanation = f"{self._topic} cannot be read: {reason_of(error)}"
                    raise KafkaUnavailable(explanation, waited_seconds=self._timeout_seconds) from error
            await asyncio.sleep(RETRY_SECONDS)

    async def _connected(self) -> AsyncGenerator[ReadEvent, None]:
        """The events of one connection, until it seems to be stuck."""
        consumer = Consumer(
            self._topic, **self._options, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await consumer.start()
                await self._seek_positions(consumer)
            self._was_connected = True
            async with aclosing(self._fetched(consumer)) as events:
                async for event in events:
                    yield event
        finally:
            await stop_quietly(consumer.stop)

    async def _seek_positions(self, consumer: Consumer) -> None:
        # Started on the topic, it has been assigned all partitions; now it gets those that are wanted, and positions.
        assigned = consumer.assignment()
        places = [place for place in assigned if self._wanted is None or place.partition in self._wanted]
        consumer.unsubscribe()
        consumer.assign(places)
        starts = await consumer.beginning_offsets(places)
        for place in places:
            position = self._positions.get(place.partition)
            consumer.seek(place, starts[place] if position is None else position.offset)

    async def _fetched(self, consumer: Consumer) -> AsyncGenerator[ReadEvent, None]:
        checked_at = time.monotonic()
        behind: dict[TopicPartition, int] = {}
        while True:
            fetched = await consumer.getmany(timeout_ms=int(POLL_SECONDS * 1000))
            for place, records in fetched.items():
                for record in records:
                    if await self._has_looked_back(consumer, place, record):
                        break
                    read = self._read(place.partition, record)
                    if read is not None:
                        yield read
            if time.monotonic() - checked_at > CHECK_INTERVAL_SECONDS:
                before, behind = behind, await self._behind(consumer)
                if before.items() & behind.items():
                    return
                checked_at = time.monotonic()

    async def _has_looked_back(self, consumer: Consumer, place: TopicPartition, record: Any) -> bool:
        """Where sequences are missing, once for each gap: read the partition again from its first record. The topic
        may have been deleted and created again, so that the offset of the position means nothing. What was read before
        is dropped.
        """
        sequence, offset = self._positions.get(place.partition, ReadPosition(0, 0))
        if offset and not sequence:
            return False  # the caller begins at this offset: earlier events are not asked for
        if stated_sequence(record.headers) <= sequence + 1 or self._looked_back.get(place.partition) == sequence:
            return False
        self._looked_back[place.partition] = sequence
        consumer.seek(place, (await consumer.beginning_offsets([place]))[place])
        return True

    def _read(self, partition: int, record: Any) -> ReadEvent | None:
        """The record as an event; None when it was read before or is no event of Annals."""
        before = self._positions.get(partition, ReadPosition(0, 0))
        try:
            envelope = read_event(record.headers, record.key)
        except MalformedMessage as error:
            reason = error if record.unreadable is None else record.unreadable.explanation
            log.warning("%s/%d offset %d was skipped: %s", record.topic, partition, record.offset, reason)
            return None
        if envelope.sequence <= before.sequence:
            self._positions[partition] = ReadPosition(before.sequence, record.offset + 1)
            return None
        if envelope.sequence > before.sequence + 1 and (before.sequence or not before.offset):
            missing = (before.sequence + 1, envelope.sequence - 1)
            log.error("%s/%d: the log lacks the events %d to %d; %s", record.topic, partition, *missing, ADVICE)
        self._positions[partition] = ReadPosition(envelope.sequence, record.offset + 1)
        return ReadEvent(envelope, record.value or b"", partition, record.offset)

    async def _behind(self, consumer: Consumer) -> dict[TopicPartition, int]:
        """The positions of the partitions that hold more records. A partition that is behind twice at the same
        position is stuck: after a broker's restart a consumer may stop reading its partitions without an error.
        """
        places = list(consumer.assignment())
        async with asyncio.timeout(self._timeout_seconds):
            ends = await consumer.end_offsets(places)
            positions = {place: await consumer.position(place) for place in places}
        return {place: position for place, position in positions.items() if position < ends[place]}
