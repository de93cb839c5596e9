"""Comparing a longer log needs no more memory: with the table, with the sagas' journals, and a journal."""

import gc
import tracemalloc
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from contracts.catalogue import stored_events
from contracts.envelope import rfc3339
from contracts.message import Event
from contracts.orders.events import OrderCancelled, OrderPlaced
from contracts.orders.lines import OrderLine
from contracts.topics import Topics
from contracts.users.events import UserDeleted
from contracts.users.examples import ADA_CREATED
from infra.sqlite.step_scratch import sqlite_scratch
from tests.lanes.recorded_rows import FIRST_SECOND, event_rows, inbound
from tests.verification.reading import in_no_hurry, sources_with
from workers.domain import contexts
from workers.lanes.recorded_rows import recorded_row
from workers.operations.verification.event_coverage import EventCoverage
from workers.operations.verification.findings import Verdict
from workers.operations.verification.lane_positions import LanePositions
from workers.operations.verification.log_lanes import compare_lane
from workers.operations.verification.saga_instances import Installation, InstancePage
from workers.operations.verification.sources import Sources
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord
from workers.ports.sagas import InstanceKey, StoredInstance
from workers.ports.verification.rows import (
    EventApplied,
    JournalEntry,
    LaneSequence,
    ListedSagaInstance,
    OutboxStep,
    SagaInstance,
    SagaLanePosition,
    StoredDeadline,
    StreamCommand,
)
from workers.ports.verification.table import ReadTransaction
from workers.saga.following import Followed, follow

CHUNK = 2_000
(FIRST,) = event_rows(ADA_CREATED)
(WELCOME,) = contexts()["users"].sagas
CLOSING = next(saga for saga in contexts()["orders"].sagas if saga.name == "account closing")
ORDERS = "orders.events"
KEY = InstanceKey("account closing", "ada")
LINE = OrderLine(sku="tea", quantity=1, unit_price=Decimal(1))


def order(number: int) -> OrderPlaced | OrderCancelled:
    """The user orders, and the order is cancelled. Under few ids: pydantic keeps some thousand texts."""
    order_id = f"order-{number // 2 % 10}"
    if number % 2:
        return OrderCancelled(order_id=order_id, user_id="ada")
    return OrderPlaced(order_id=order_id, user_id="ada", lines=(LINE,), currency="EUR", total=Decimal(1))


def before(number: int) -> bytes:
    """The state that the event of this number finds."""
    if number % 2 and number > 1:
        return b'{"has_begun": true, "is_deleted": true, "open_orders": ["order-%d"]}' % (number // 2 % 10)
    return b'{"has_begun": true, "is_deleted": true, "open_orders": []}'


def row(sequence: int) -> EventRow:
    """Each event is the first one of another user."""
    return FIRST._replace(
        sequence=sequence, stream_id=f"user-{sequence}", event_id=f"00000000-0000-5000-8000-{sequence:012d}"
    )


def _applied(sequence: int) -> EventApplied:
    """The journal entry of an event, in the journal of its instance."""
    return EventApplied("welcome", f"user-{sequence}", f"00000000-0000-5000-8000-{sequence:012d}", 1)


class LongLog:
    """A log with this number of events."""

    def __init__(self, length: int) -> None:
        self._length = length

    async def records(self, topic: str, partition: int, from_offset: int) -> AsyncIterator[list[InboundRecord]]:
        for start in range(from_offset, self._length, CHUNK):
            yield [inbound(row(sequence + 1), sequence) for sequence in range(start, min(start + CHUNK, self._length))]


class LongTable:
    """The table of the same events, each in the journal of another instance."""

    def __init__(self, length: int) -> None:
        self._length = length

    async def lane_sequences(self) -> list[LaneSequence]:
        return [LaneSequence("users.commands", 0, self._length)]

    async def recorded_ends(self, context: str) -> Mapping[int, int]:
        return {0: self._length} if context == "users" else {}

    async def outbox_ends(self, topic: str) -> Mapping[int, int]:
        return {}

    async def events_at(self, context: str, partition: int, sequences: Sequence[int]) -> list[EventRow]:
        return self._rows(sequences)

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> list[EventRow]:
        return self._rows(range(sequence + 1, min(sequence + limit, self._length) + 1))

    async def event_coverage(
        self, keys: Sequence[InstanceKey], context: str, partition: int, first: int, last: int
    ) -> list[EventApplied]:
        return [_applied(sequence) for sequence in range(first, last + 1)]

    async def commands_not_accepted(self, context: str, commands: Sequence[StreamCommand]) -> frozenset[StreamCommand]:
        return frozenset()

    def _rows(self, sequences: Iterable[int]) -> list[EventRow]:
        return [row(sequence) for sequence in sequences]


def sources(length: int) -> Sources:
    return sources_with(table=LongTable(length), topic_reader=LongLog(length))


class Peak:
    """The most memory that was in use at once, in bytes."""

    size = 0


@contextmanager
def measured() -> Iterator[Peak]:
    """A full collection first empties Python's free lists: what comes from there would not be counted."""
    peak = Peak()
    gc.collect()
    tracemalloc.start()
    try:
        yield peak
        _, peak.size = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


async def peak_of_the_log(length: int) -> int:
    verdict = Verdict()
    with measured() as peak:
        await compare_lane(sources(length), "users", 0, length, verdict, in_no_hurry)
    assert verdict.looked_at["events compared with the log"] == length
    assert verdict.passes
    return peak.size


async def peak_of_the_sagas(length: int) -> int:
    verdict = Verdict()
    positions = LanePositions({("users", 0): length}, {}, {}, {})
    comparison = EventCoverage(sources(length), [WELCOME], positions, datetime(2020, 1, 1, tzinfo=UTC), verdict)
    with measured() as peak:
        await comparison.compare(in_no_hurry)
    assert verdict.looked_at["events compared with the journals of the saga welcome"] == length
    assert verdict.passes
    return peak.size


class OneLongJournal:
    """A transaction on a database with one instance: the closing of an account whose user orders again and again."""

    def __init__(self, length: int) -> None:
        self._length = length
        self.steps = 0

    async def instances_after(self, saga: str, instance_id: str, limit: int) -> list[ListedSagaInstance]:
        assert instance_id == ""
        state = before(self._length + 1)
        stored = SagaInstance(self._length, "close", state, "correlation of ada", FIRST_SECOND)
        return [ListedSagaInstance("ada", stored)]

    async def saga_lane_positions(self, topic: str) -> list[SagaLanePosition]:
        return [SagaLanePosition(0, self._length, 0)]

    async def journals(self, saga: str, instance_ids: Sequence[str]) -> AsyncIterator[JournalEntry]:
        for number in range(1, self._length + 1):
            _, row, followed = self._followed(number)
            (entry,) = followed.journal
            yield JournalEntry(entry._replace(recorded_at=rfc3339(FIRST_SECOND)), FIRST_SECOND, row)

    async def steps_of(self, saga: str, instance_ids: Sequence[str]) -> AsyncIterator[OutboxStep]:
        for number in range(1, self._length + 1):
            event, _, followed = self._followed(number)
            for step in followed.steps:
                self.steps += 1
                row, handled_at = step._replace(position=number), rfc3339(FIRST_SECOND)
                topic = f"{event.context}.events"
                yield OutboxStep(topic, 0, row, "accepted", "accepted", handled_at, waits=False, unchanged=False)

    async def deadlines_of(self, saga: str, instance_ids: Sequence[str]) -> AsyncIterator[StoredDeadline]:
        """That of the answer to what the last order led to."""
        (deadline,) = self._followed(self._length)[2].deadlines
        yield StoredDeadline(ORDERS, 0, deadline)

    def _followed(self, number: int) -> tuple[Event, EventRow, Followed]:
        event: Event = UserDeleted(user_id="ada") if number == 1 else order(number)
        stored = StoredInstance(number - 1, before(number))
        event_id = f"00000000-0000-5000-8000-{number:012d}"
        row = event_rows(event)[0]._replace(sequence=number, event_id=event_id, recorded_at=FIRST_SECOND)
        followed = follow([CLOSING], [recorded_row(row, stored_events())], {KEY: stored} if number > 1 else {}, 0)
        return event, row, followed


async def peak_of_a_journal(length: int) -> int:
    verdict, journal = Verdict(), OneLongJournal(length)
    with sqlite_scratch() as scratch:
        installation = Installation(Topics(), stored_events(), scratch)
        page = InstancePage(cast(ReadTransaction, journal), CLOSING, installation, verdict)
        with measured() as peak:
            await page.compare("")
    assert verdict.passes, verdict.examples
    assert journal.steps == length // 2
    return peak.size


@pytest.mark.parametrize(
    ("peak", "events", "more_events"),
    [
        pytest.param(peak_of_the_log, 4_000, 20_000, id="log"),
        pytest.param(peak_of_the_sagas, 4_000, 20_000, id="sagas"),
        # Its tuples come in many sizes. Python's free lists, which hold up to 2,000 of each, must be full in both.
        pytest.param(peak_of_a_journal, 4_000, 10_000, id="journal"),
    ],
)
async def test_with_the_length_of(peak: Any, events: int, more_events: int) -> None:
    await peak(CHUNK)  # what is cached once and for all
    less, more = await peak(events), await peak(more_events)
    assert more < 1.3 * less, f"{less} bytes for {events} events, {more} for {more_events}"
