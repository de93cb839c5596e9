"""Five times as long a log takes no more memory to compare: with the table, with the sagas' journals, and a journal."""

import tracemalloc
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from contracts.catalogue import catalogue
from contracts.message import Event
from contracts.orders.events import OrderCancelled, OrderPlaced
from contracts.orders.lines import OrderLine
from contracts.topics import Topics
from contracts.users.events import UserDeleted
from contracts.users.examples import ADA_CREATED
from infra.kafka.log_reader import LogReader
from infra.postgres.lists import SEPARATOR
from infra.postgres.pool import Database
from infra.postgres.session import Session
from infra.redis.documents import StoredDocuments
from infra.verify.instances import Installation, Page
from infra.verify.lanes import compare_lane
from infra.verify.moment import Moment
from infra.verify.scratch import scratch
from infra.verify.sources import Sources
from infra.verify.taken import Completeness
from tests.lanes.recorded_rows import FIRST_SECOND, event_rows, inbound
from workers.domain import contexts
from workers.lanes.sequenced import recorded_row
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord
from workers.ports.sagas import InstanceKey, StoredInstance
from workers.saga.following import Followed, follow
from workers.verification.findings import Verdict

SHORT, LONG = 4_000, 20_000
CHUNK = 2_000
(FIRST,) = event_rows(ADA_CREATED)
(WELCOME,) = contexts()["users"].sagas
CLOSING = next(each for each in contexts()["orders"].sagas if each.name == "account closing")
ORDERS = "orders.events"
KEY = InstanceKey("account closing", "ada")
ORIGIN = {"correlation_id": "correlation of ada", "started_at": FIRST_SECOND}
LINE = OrderLine(sku="tea", quantity=1, unit_price=Decimal(1))


class Row(dict[str, Any]):
    """A row as the driver gives it: its values by name, by place, and one after the other."""

    def __getitem__(self, place: Any) -> Any:
        return super().__getitem__(place) if isinstance(place, str) else list(self.values())[place]

    def __iter__(self) -> Any:
        return iter(self.values())


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


def _taken(sequence: int) -> dict[str, Any]:
    """What the journal says of an event."""
    return {
        "saga": "welcome",
        "instance_id": f"user-{sequence}",
        "event_id": f"00000000-0000-5000-8000-{sequence:012d}",
        "times": 1,
    }


def row(sequence: int) -> EventRow:
    """Each event is the first one of another user."""
    return FIRST._replace(
        sequence=sequence, stream_id=f"user-{sequence}", event_id=f"00000000-0000-5000-8000-{sequence:012d}"
    )


class LongLog:
    """A log of so many events."""

    def __init__(self, length: int) -> None:
        self._length = length

    async def records(self, topic: str, partition: int, from_offset: int) -> AsyncIterator[list[InboundRecord]]:
        for start in range(from_offset, self._length, CHUNK):
            yield [inbound(row(sequence + 1), sequence) for sequence in range(start, min(start + CHUNK, self._length))]


class LongTable:
    """The table of the same events."""

    def __init__(self, length: int) -> None:
        self._length = length

    async def rows(self, name: str, *arguments: Any) -> list[Any]:
        match name, arguments:
            case "lane_sequences", ():
                return [{"topic": "users.commands", "partition": 0, "sequence": self._length}]
            case "events_at", (_, _, sequences):
                return list(self._rows(int(each) for each in sequences.split(SEPARATOR)))
            case "events_after", (_, _, after, limit):
                return list(self._rows(range(after + 1, min(after + limit, self._length) + 1)))
            case "taken", (_, _, _, _, first, last):
                return [_taken(sequence) for sequence in range(first, last + 1)]
            case "not_accepted", _:
                return []
        raise AssertionError(name)

    def _rows(self, sequences: Any) -> Iterator[list[Any]]:
        """As the driver gives them: `data` is text."""
        for sequence in sequences:
            values: list[Any] = list(row(sequence))
            values[8] = values[8].decode()
            yield values


async def unhurried(count: int) -> None:
    """The pace of somebody who does not look."""


def sources(length: int) -> Sources:
    table, log = cast(Database, LongTable(length)), cast(LogReader, LongLog(length))
    return Sources(table, log, cast(StoredDocuments, None), Topics(), 1)


async def peak_of_the_log(length: int) -> int:
    verdict = Verdict()
    tracemalloc.start()
    await compare_lane(sources(length), "users", 0, length, verdict, unhurried)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert verdict.looked_at["events compared with the log"] == length
    assert verdict.content
    return peak


async def peak_of_the_sagas(length: int) -> int:
    verdict = Verdict()
    at = Moment({("users", 0): length}, {}, {}, {})
    comparison = Completeness(sources(length), [WELCOME], at, datetime(2020, 1, 1, tzinfo=UTC), verdict)
    tracemalloc.start()
    await comparison.compare(unhurried)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert verdict.looked_at["events compared with the journals of the saga welcome"] == length
    assert verdict.content
    return peak


class OneLongJournal:
    """A session on a database with one instance: the closing of an account whose user orders again and again."""

    def __init__(self, length: int) -> None:
        self._length = length
        self.steps = 0

    async def rows(self, name: str, *arguments: Any) -> list[Any]:
        match name:
            case "instances_after" if arguments[1] == "":
                state = before(self._length + 1).decode()
                return [Row(instance_id="ada", version=self._length, status="close", state=state, **ORIGIN)]
            case "saga_lanes":
                return [Row(partition=0, input_sequence=self._length)]
        raise AssertionError(name)

    async def stream(self, name: str, *_: Any) -> AsyncIterator[Any]:
        if name == "deadlines_of":
            yield self._deadline()
            return
        for number in range(1, self._length + 1):
            row, _, step = self._taken(number)
            match name:
                case "journals":
                    yield row
                case "steps_of" if step is not None:
                    self.steps += 1
                    yield step

    def _deadline(self) -> Row:
        """That of the answer to what the last order led to."""
        (deadline,) = self._followed(self._length)[2].deadlines
        return Row(
            **deadline._asdict() | {"due_at": datetime.fromisoformat(deadline.due_at)}, topic=ORDERS, partition=0
        )

    def _taken(self, number: int) -> tuple[Any, ...]:
        """The journal's entry with its event, and the step that follows from it."""
        event, row, followed = self._followed(number)
        (entry,) = followed.journal
        values = [*entry._replace(recorded_at=FIRST_SECOND), FIRST_SECOND, *row]  # type: ignore[arg-type]  # as the driver
        values[1 + 11 + 8] = row.data.decode()
        step = None
        for each in followed.steps:
            given = each._replace(position=number)._asdict() | {"data": each.data.decode(), "caused_at": FIRST_SECOND}
            outcome = {"status": "accepted", "code": "accepted", "handled_at": FIRST_SECOND, "unchanged": False}
            step = Row(**given, topic=f"{event.context}.events", partition=0, waits=False, **outcome)
        return values, entry, step

    def _followed(self, number: int) -> tuple[Event, EventRow, Followed]:
        event: Event = UserDeleted(user_id="ada") if number == 1 else order(number)
        stored = StoredInstance(number - 1, before(number))
        event_id = f"00000000-0000-5000-8000-{number:012d}"
        row = event_rows(event)[0]._replace(sequence=number, event_id=event_id, recorded_at=FIRST_SECOND)
        followed = follow([CLOSING], [recorded_row(row, catalogue().events)], {KEY: stored} if number > 1 else {}, 0)
        return event, row, followed


async def peak_of_a_journal(length: int) -> int:
    length //= 4  # each entry is folded twice here
    verdict, session = Verdict(), OneLongJournal(length)
    with scratch() as kept:
        page = Page(cast(Session, session), CLOSING, Installation(Topics(), catalogue().events, kept), verdict)
        tracemalloc.start()
        await page.compare("")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert verdict.content, verdict.examples
    assert session.steps == length // 2
    return peak


@pytest.mark.parametrize(
    "peak", [peak_of_the_log, peak_of_the_sagas, peak_of_a_journal], ids=["log", "sagas", "journal"]
)
async def test_with_the_length_of(peak: Any) -> None:
    await peak(CHUNK)  # what is cached once and for all
    short, long = await peak(SHORT), await peak(LONG)
    assert long < 1.3 * short, f"{short} bytes for {SHORT} events, {long} for {LONG}"
