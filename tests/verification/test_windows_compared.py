"""The windows in the topic against a fold of the table: whatever is wrong with one has a name."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.analytics import PublishedPosition, PublishedWindow, position_key, window_key
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderPlaced
from contracts.topics import Topics
from infra.memory.verification.topics import MemoryTopicReader
from infra.memory.wire import ImmediateWire
from tests.analytics.drawn import LONG_GAPS, Drawn, histories, rows_of
from tests.analytics.lane_in_memory import NOON, WINDOWS, LaneInMemory, ms
from tests.lanes.recorded_rows import RowsInMemory
from tests.simulation.captured_logs import quiet_logs
from tests.verification.reading import in_no_hurry, sources_with
from workers.domain import contexts
from workers.operations.verification.advice import advice_on
from workers.operations.verification.findings import Verdict
from workers.operations.verification.windows import compare_windows
from workers.ports.event_store import EventRow
from workers.ports.log import OutboundRecord
from workers.ports.verification.rows import LaneSequence

HOUR = 3600
START = ms(NOON) // 1000
HISTORY = [
    Drawn(OrderPlaced, 0, 0),
    Drawn(OrderConfirmed, 0, 5),
    Drawn(OrderPlaced, 1, 90),
    Drawn(OrderPlaced, 2, 2 * HOUR),
    Drawn(OrderCancelled, 1, 1),
]
ROWS = rows_of(HISTORY)


class VerifiedRows(RowsInMemory):
    """The part of `VerifiedTable` that is asked for windows."""

    async def lane_sequences(self) -> Sequence[LaneSequence]:
        return [LaneSequence("orders.commands", 0, self.rows[-1].sequence if self.rows else 0)]

    async def recorded_ends(self, context: str) -> Mapping[int, int]:
        return {0: self.rows[-1].sequence} if self.rows and context == "orders" else {}


def compared(lane: LaneInMemory, rows: Sequence[EventRow] | None = None, prefix: str = "") -> Verdict:
    verdict = Verdict()
    sources = sources_with(
        topics=Topics(prefix),
        table=VerifiedRows(lane.rows if rows is None else rows),
        topic_reader=MemoryTopicReader(lane.broker, ImmediateWire()),
    )
    with quiet_logs():
        asyncio.run(compare_windows(sources, list(contexts().values()), verdict, in_no_hurry))
    return verdict


def worked(rows: Sequence[EventRow] = ROWS) -> LaneInMemory:
    lane = LaneInMemory(rows)
    with quiet_logs():
        lane.work(100, 1)
    return lane


def records_of(lane: LaneInMemory) -> dict[bytes, bytes | None]:
    return {record.key or b"": record.value for record in lane.broker.read(WINDOWS, 0, 0, 1000)}


def forge(lane: LaneInMemory, key: bytes, value: bytes | None) -> None:
    lane.broker.append(WINDOWS, 0, [OutboundRecord(key, value, ())])


KEY = window_key("orders", "orders", HOUR, START).encode()
LATER_KEY = window_key("orders", "orders", HOUR, START + 2 * HOUR).encode()


def change(lane: LaneInMemory, key: bytes = KEY, at: bytes | None = None, **fields: Any) -> None:
    """Another program writes a window, or the position, with other fields."""
    model = PublishedPosition if key.endswith(b"/position") else PublishedWindow
    published: Any = model.model_validate_json(records_of(lane)[key] or b"")
    forge(lane, at or key, published.model_copy(update=fields).model_dump_json().encode())


def test_that_are_the_fold_pass() -> None:
    verdict = compared(worked())
    assert verdict.passes, verdict.examples
    assert verdict.looked_at == {"events compared with the windows": 5, "windows compared with the events": 5}


@settings(max_examples=50)
@given(histories(LONG_GAPS), st.integers(1, 10), st.integers(1, 3), st.integers(0, 100))
def test_that_a_worker_has_published_pass_however_far_it_has_come(
    history: list[Drawn], batch: int, publish_each: int, crash: int
) -> None:
    """Its last records may be missing in the topic until it is back, so what was in time is compared then."""
    lane = LaneInMemory(rows_of(history))
    with quiet_logs():
        lane.work(batch, publish_each, crash)
    assert {*compared(lane).counts} <= {"analytics behind", "window missing", "window left over"}
    with quiet_logs():
        lane.work(batch, publish_each)
    assert compared(lane).passes


def test_that_go_further_than_the_position_are_compared_at_their_own_sequence() -> None:
    lane = worked()
    change(lane, position_key("orders").encode(), sequence=3)
    verdict = compared(lane)
    assert verdict.counts == {"analytics behind": 1}
    change(lane, LATER_KEY, sums={"placed": 2})
    assert compared(lane).counts == {"analytics behind": 1, "window differs": 1}


def test_are_not_looked_for_where_nobody_has_published_any() -> None:
    assert compared(LaneInMemory(ROWS)).looked_at == {}
    assert compared(worked(), prefix="elsewhere.").looked_at == {}


def test_of_a_worker_that_is_behind_are_named_as_that() -> None:
    lane = worked(ROWS[:3])
    verdict = compared(lane, ROWS)
    assert verdict.counts == {"analytics behind": 1}
    assert verdict.examples[0].explanation == "stands at 3 of 5; is an analytics worker running?"


TAMPERED: dict[str, tuple[Callable[[LaneInMemory], None], str, str]] = {
    "a sum": (lambda lane: change(lane, sums={"placed": 2, "confirmed": 1}), "window differs", "took:"),
    "a sum more": (
        lambda lane: change(lane, LATER_KEY, sums={"placed": 1, "\x1b[2J" * 20: 10**60}),
        "window differs",
        "'\\x1b[2J",
    ),
    "hidden fields": (lambda lane: change(lane, hidden_fields=1), "window differs", "it hides 1 fields"),
    "an old record": (
        lambda lane: change(lane, sequence=2, sums={"placed": 1, "confirmed": 1, "took:172": 1}),
        "window differs",
        "its last event is 5, and it says 2",
    ),
    "closed": (lambda lane: change(lane, LATER_KEY, closed=True), "window differs", "it is closed, and"),
    "another partition": (lambda lane: change(lane, partition=7), "window differs", "of partition 7"),
    "removed": (lambda lane: forge(lane, KEY, None), "window missing", "it has events up to 5"),
    "of an event that is not there": (lambda lane: change(lane, sequence=99), "window left over", "no event 99"),
    "of no event": (lambda lane: change(lane, sequence=0), "window left over", "no event 0"),
    "a position that is not reached": (
        lambda lane: change(lane, position_key("orders").encode(), sequence=99),
        "window differs",
        "published up to 99, the table ends at 5",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_that_were_tampered_with_are_named(name: str) -> None:
    tamper, kind, explanation = TAMPERED[name]
    lane = worked()
    tamper(lane)
    verdict = compared(lane)
    assert kind in verdict.counts
    assert explanation in " ".join(finding.explanation for finding in verdict.examples)
    assert all(text.isprintable() for finding in verdict.examples for text in finding)
    assert advice_on(verdict.counts)
    assert not verdict.targets, "a repair leaves windows alone"


def at(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        (window_key("orders", "orders", HOUR, int(at(2001).timestamp())).encode(), {"start": at(2001)}),
        (KEY + b"x", {}),
        (b"orders/orders/7/x", {"size_seconds": 7}),
        (b"orders/\x1b/3600/x", {"series": "\x1b"}),
        (b"elsewhere/orders/3600/x", {"context": "elsewhere"}),
    ],
    ids=["at another time", "under another key", "of another size", "of no series", "in another context"],
)
def test_that_somebody_has_added_are_left_over(key: bytes, fields: dict[str, Any]) -> None:
    lane = worked()
    change(lane, at=key, **fields)
    verdict = compared(lane)
    assert verdict.counts == {"window left over": 1}
    assert all(text.isprintable() for finding in verdict.examples for text in finding)


def test_of_an_earlier_build_are_passed_over_as_readers_do() -> None:
    lane = worked()
    change(lane, at=b"orders/orders/3600/x", build=0)
    assert compared(lane).passes


def test_of_contexts_that_this_installation_does_not_have_are_left_alone() -> None:
    lane = worked()
    change(lane, at=b"newer/things/3600/x", context="newer", series="things")
    assert compared(lane).passes


def test_that_other_code_has_folded_are_named_with_it() -> None:
    lane = worked()
    change(lane, position_key("orders").encode(), code="other")
    assert compared(lane).passes
    change(lane, sums={})
    assert compared(lane).examples[0].explanation.endswith("; the lane was folded by other code than this")


def test_whose_event_was_changed_in_the_table_differ() -> None:
    lane = worked()
    later = [ROWS[0], *(row._replace(recorded_at=row.recorded_at.replace(year=2027)) for row in ROWS[1:])]
    assert compared(lane, later).counts.keys() >= {"window differs"}


def test_when_records_are_read_while_they_are_written_they_are_read_again() -> None:
    """The removal of a window is written before the position behind which it is gone."""
    lane = worked()
    before = records_of(lane)[KEY]
    forge(lane, KEY, None)
    reader = MemoryTopicReader(lane.broker, ImmediateWire())

    class WorkerGoesOn(MemoryTopicReader):
        looks = 0

        async def committed_ends(self, topic: str, partitions: int) -> Sequence[int]:
            return await reader.committed_ends(topic, partitions)

        def records(self, *arguments: Any, **options: Any) -> Any:
            self.looks += 1
            if self.looks == 2:
                forge(lane, KEY, before)
            return reader.records(*arguments, **options)

    verdict = Verdict()
    sources = sources_with(table=VerifiedRows(ROWS), topic_reader=WorkerGoesOn(lane.broker, ImmediateWire()))
    asyncio.run(compare_windows(sources, [contexts()["orders"]], verdict, in_no_hurry))
    assert verdict.passes
