"""Reads partitions of an event log through a consumer, each in the order of its sequences.

Where a sequence is missing, later events are held back (event_order.py) while reading goes on to the end of the log,
where a repair appends it, then once from the first record on, then again at the end. When none of the missing events
has come for `wait_seconds`, the caller's `OnGap` decides.

Without the installation's keys a reader cannot tell a forged record from a true one: whoever may write to the topic can
take the place of the next event, or show a gap that is none.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from contracts.client.consumer import Consumer
from contracts.client.errors import EventsMissing
from contracts.client.event_order import MAX_HELD_EVENTS, PartitionOrder, ReadPosition, Ready
from contracts.client.read_event import ReadEvent
from contracts.envelope import MalformedMessage, read_event

GAP_CHECK_SECONDS = 1.0
GAP_WAIT_SECONDS = 30.0
RECORD_BYTES = 1_000
"""What a record takes beside its value, about."""

log = logging.getLogger(__name__)


class GapStep(Enum):
    """What a reader does next about events that are missing."""

    WAIT = "wait for them as long again"
    GO_ON = "go on behind them"


OnGap = Callable[[EventsMissing], GapStep]
"""Asked when events have been missing for a while; may raise, as `raise_gap` does, which ends the reading."""


def raise_gap(missing: EventsMissing) -> GapStep:
    """Ends the reading by EventsMissing."""
    raise missing


def wait_for_gap(missing: EventsMissing) -> GapStep:
    """Waits until a repair has appended what is missing."""
    log.warning("%s; waiting for them", missing)
    return GapStep.WAIT


def pass_gap(missing: EventsMissing) -> GapStep:
    """Goes on without them, for good: a repair that appends them later does not reach this reader."""
    log.error("%s", missing)
    return GapStep.GO_ON


class Gaps(NamedTuple):
    """How a reader treats gaps. `wait_seconds` 0: it asks at once, and does not look for what is missing."""

    on_gap: OnGap = raise_gap
    wait_seconds: float = GAP_WAIT_SECONDS


class _Gap(NamedTuple):
    sequence: int
    since: float


class OrderedLog:
    """The partitions of one topic that a consumer is assigned, or some of them: those that were begun."""

    def __init__(self, consumer: Consumer, gaps: Gaps) -> None:
        self._consumer = consumer
        self._gaps = gaps
        self._orders: dict[TopicPartition, PartitionOrder[ReadEvent]] = {}
        self._open: dict[TopicPartition, _Gap] = {}
        self._checked_at = 0.0

    def order(self, place: TopicPartition) -> PartitionOrder[ReadEvent] | None:
        """That of a partition since it was begun last; None: it is not read."""
        return self._orders.get(place)

    def position(self, place: TopicPartition) -> ReadPosition:
        """Where to go on in a partition that was begun."""
        return self._orders[place].position

    async def begin(self, positions: Mapping[TopicPartition, ReadPosition | None]) -> None:
        """Read these partitions from these positions on (None: from the first record)."""
        starts = await self._consumer.beginning_offsets(positions)
        ends = await self._consumer.end_offsets(positions)
        for place, position in positions.items():
            if place not in self._consumer.assignment():
                continue  # revoked meanwhile
            offset = starts[place] if position is None else max(position.offset, starts[place])
            if offset > ends[place]:
                log.warning(
                    "%s/%d ends at offset %d, before the position %s: records were lost, or the topic was made anew. "
                    "It is read from its first record on, and what follows that sequence is given",
                    *place,
                    ends[place],
                    position,
                )
                offset = starts[place]
            self._orders[place] = PartitionOrder(position or ReadPosition(0, 0), offset, most_held=MAX_HELD_EVENTS)
            self._open.pop(place, None)
            self._consumer.seek(place, offset)

    def drop(self, places: Collection[TopicPartition]) -> None:
        """These partitions are no longer read."""
        for place in places:
            self._orders.pop(place, None)
            self._open.pop(place, None)

    async def poll(self, timeout_seconds: float) -> list[tuple[TopicPartition, list[Ready[ReadEvent]]]]:
        """What is ready, by partition, after at most this time. Raises what `OnGap` raises, KafkaError and OSError."""
        fetched = await self._consumer.getmany(timeout_ms=int(timeout_seconds * 1000))
        ready = [(place, list(self._in_order(place, records))) for place, records in fetched.items()]
        if time.monotonic() - self._checked_at >= min(GAP_CHECK_SECONDS, timeout_seconds):
            self._checked_at = time.monotonic()
            ready += await self._after_gaps()
        return ready

    def _in_order(self, place: TopicPartition, records: Collection[Any]) -> Iterator[Ready[ReadEvent]]:
        order = self._orders.get(place)
        if order is None:
            return
        for record in records:
            try:
                envelope = read_event(record.headers, record.key)
            except MalformedMessage as error:
                reason = error if record.unreadable is None else record.unreadable.explanation
                log.warning("%s/%d offset %d was skipped: %s", *place, record.offset, reason)
                order.skip(record.offset)
                continue
            value = record.value or b""
            read = ReadEvent(envelope, value, place.partition, record.offset)
            yield from order.read(envelope.sequence, record.offset, len(value) + RECORD_BYTES, read)
            if order.missing is not None and not self._gaps.wait_seconds and place not in self._open:
                yield from self._decided(place, order)
            if (offset := order.rewind()) is not None:
                self._consumer.seek(place, offset)
                return

    async def _after_gaps(self) -> list[tuple[TopicPartition, list[Ready[ReadEvent]]]]:
        """What is ready as gaps are passed over; and look for what is missing."""
        unsettled = {place: order for place, order in self._orders.items() if not order.is_settled}
        for place in self._open.keys() - unsettled.keys():
            log.warning("%s/%d: the missing events have come", *place)
            del self._open[place]
        if not unsettled:
            return []
        starts = await self._consumer.beginning_offsets(list(unsettled))
        ends = await self._consumer.end_offsets(list(unsettled))
        ready = []
        for place, order in unsettled.items():
            if order is not self._orders.get(place) or await self._consumer.position(place) < ends[place]:
                continue
            if (offset := order.rewind(at_end=True)) is not None:
                self._consumer.seek(place, offset)
            elif order.missing is not None and order.look_back():
                self._note(place, order)
                self._consumer.seek(place, starts[place])
            elif order.missing is not None and self._note(place, order) >= self._gaps.wait_seconds:
                ready.append((place, self._decided(place, order)))
        return ready

    def _note(self, place: TopicPartition, order: PartitionOrder[ReadEvent]) -> float:
        """For how many seconds these very events have been missing."""
        gap, now = self._open.get(place), time.monotonic()
        if gap is None or gap.sequence != order.sequence:
            if gap is None:
                log.warning("%s/%d: the events %d to %d are missing; looking for them", *place, *(order.missing or ()))
            gap = self._open[place] = _Gap(order.sequence, now)
        return now - gap.since

    def _decided(self, place: TopicPartition, order: PartitionOrder[ReadEvent]) -> list[Ready[ReadEvent]]:
        first, last = order.missing or (0, 0)
        step = self._gaps.on_gap(EventsMissing(place.topic, place.partition, first, last))
        if step is GapStep.WAIT:
            self._open[place] = _Gap(order.sequence, time.monotonic())
            return []
        self._open.pop(place, None)
        return order.pass_over()
