"""Reads a context's event log: an endless async iterator over its events, each once.

Events of one stream come in order, those of different partitions interleaved. A record whose sequence has been passed
is dropped: a paused worker may have appended a duplicate. A sequence that is missing is looked for and waited for
(ordered_log.py); no gap is passed over unless the caller says so. The reader is in no consumer group: the caller stores
`positions` in the transaction that stores what the events led to, and starts from there again; `EventConsumer` does
that for a service. Lost connections are made again.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from contextlib import aclosing

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from contracts.client.connection import PLAINTEXT, FailureLog, Security, broker_options, reason_of, stop_quietly
from contracts.client.consumer import Consumer
from contracts.client.errors import KafkaUnavailable
from contracts.client.event_order import ReadPosition
from contracts.client.ordered_log import GAP_WAIT_SECONDS, Gaps, OnGap, OrderedLog, raise_gap
from contracts.client.read_event import ReadEvent
from contracts.topics import Topics

__all__ = ["EventReader", "ReadEvent", "ReadPosition"]

CONNECT_TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 1.0
CHECK_INTERVAL_SECONDS = 5.0
RETRY_SECONDS = 0.5

log = logging.getLogger(__name__)


class EventReader:
    """`async for read in EventReader(...)`: all events of a context from `positions` on, by default from the first.

    `partitions` chooses some of the partitions (None: all). The iteration raises KafkaUnavailable when Kafka cannot be
    reached within `connect_timeout_seconds` at the start; later it waits for as long as Kafka is away.

    Events that the log lacks are looked for; when none of them has come within `gap_wait_seconds`, `on_gap` says what
    to do: `raise_gap` ends the iteration by EventsMissing, `wait_for_gap` waits for a repair, `pass_gap` goes on
    without them (with `gap_wait_seconds=0` at once). A function of your own may ask, tell and decide.
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
        on_gap: OnGap = raise_gap,
        gap_wait_seconds: float = GAP_WAIT_SECONDS,
    ) -> None:
        self._topic = Topics(topic_prefix).events(context)
        self._options = broker_options(bootstrap_servers, security, connect_timeout_seconds)
        self._positions = dict(positions or {})
        self._wanted = None if partitions is None else frozenset(partitions)
        self._timeout_seconds = connect_timeout_seconds
        self._gaps = Gaps(on_gap, gap_wait_seconds)
        self._was_connected = False

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
            ordered = OrderedLog(consumer, self._gaps)
            async with asyncio.timeout(self._timeout_seconds):
                await consumer.start()
                await self._begin(consumer, ordered)
            self._was_connected = True
            async with aclosing(self._fetched(consumer, ordered)) as events:
                async for event in events:
                    yield event
        finally:
            await stop_quietly(consumer.stop)

    async def _begin(self, consumer: Consumer, ordered: OrderedLog) -> None:
        # Started on the topic, it has been assigned all partitions; now it gets those that are wanted, and positions.
        assigned = consumer.assignment()
        places = [place for place in assigned if self._wanted is None or place.partition in self._wanted]
        consumer.unsubscribe()
        consumer.assign(places)
        await ordered.begin({place: self._positions.get(place.partition) for place in places})

    async def _fetched(self, consumer: Consumer, ordered: OrderedLog) -> AsyncGenerator[ReadEvent, None]:
        checked_at = time.monotonic()
        behind: dict[TopicPartition, int] = {}
        while True:
            for place, events in await ordered.poll(POLL_SECONDS):
                for event, position in events:
                    self._positions[place.partition] = position
                    yield event
                self._positions[place.partition] = ordered.position(place)
            if time.monotonic() - checked_at > CHECK_INTERVAL_SECONDS:
                before, behind = behind, await records_behind(consumer, self._timeout_seconds)
                if before.items() & behind.items():
                    return
                checked_at = time.monotonic()


async def records_behind(consumer: Consumer, timeout_seconds: float) -> dict[TopicPartition, int]:
    """The positions of the partitions that hold more records. A partition that is behind twice at the same position is
    stuck: after a broker's restart a consumer may stop reading its partitions without an error.
    """
    places = list(consumer.assignment())
    async with asyncio.timeout(timeout_seconds):
        ends = await consumer.end_offsets(places)
        # What was revoked meanwhile has no position.
        positions = {place: await consumer.position(place) for place in places if place in consumer.assignment()}
    return {place: position for place, position in positions.items() if position < ends[place]}
