"""A lane that crashes after any record that it writes, and is continued by another process, ends with the windows of a
lane that never crashed: in its table, and in the topic.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderDelivered, OrderPlaced
from tests.analytics.drawn import AWKWARD, LONG_GAPS, Drawn, histories, rows_of
from tests.analytics.lane_in_memory import CHANGELOG, ORDERS, WINDOWS, LaneInMemory, recorded
from workers.analytics import entries
from workers.analytics.fold import EXPIRY_STEP_MS, LaneFold, Sum, folded
from workers.core.analytics import Series, WindowKey

SERIES = (*ORDERS, *AWKWARD)
DAY = 86_400.0
LIVES = [
    Drawn(OrderPlaced, 0, 0),
    Drawn(OrderPlaced, 1, 1),
    Drawn(OrderConfirmed, 0, 1),
    Drawn(OrderCancelled, 1, 60),
    Drawn(OrderPlaced, 2, 90 * 60),
    Drawn(OrderConfirmed, 2, 1),
    Drawn(OrderPlaced, 3, 25 * 3600),
    Drawn(OrderPlaced, 4, 61 * DAY),
    Drawn(OrderDelivered, 2, 1),
    Drawn(OrderDelivered, 0, 1),
    Drawn(OrderCancelled, 4, 3600),
    Drawn(OrderDelivered, 3, 3600),
    Drawn(OrderPlaced, 5, 61 * DAY),
]
"""Windows come to be, are kept for open orders beyond their time, and are forgotten."""
DELIVERED_LATE = LIVES[:10]
"""They end where no order is open any more of a window that was kept beyond its time for open orders."""


def state_of(fold: LaneFold) -> Any:
    return fold.windows, fold.memories, fold.position, fold.time_ms


def assert_as_if_nothing_had_happened(lane: LaneInMemory, expected: LaneFold, series: Sequence[Series]) -> None:
    process = lane.work(100, 1)
    assert process.windows == {key: expected.totals(key) for key in expected.windows}
    assert lane.shown() == process.windows, "in the topic"
    restored = LaneFold(series)
    stored = lane.process()._table.entries("orders/")
    assert entries.restore(restored, "orders", stored, entries.position_in("orders", stored)) == []
    assert state_of(restored) == state_of(expected)


@settings(max_examples=60)
@given(
    histories(LONG_GAPS),
    st.sampled_from([ORDERS, SERIES]),
    st.integers(1, 12),
    st.integers(1, 3),
    st.lists(st.integers(0, 120), min_size=1, max_size=3),
)
@example(LIVES, SERIES, 100, 1, [70])
def test_changes_nothing_wherever_it_is(
    history: list[Drawn], series: tuple[Series, ...], batch: int, publish_each: int, crashes: list[int]
) -> None:
    rows = rows_of(history)
    lane = LaneInMemory(rows, series)
    for records_until_crash in crashes:
        lane.work(batch, publish_each, records_until_crash)
    assert_as_if_nothing_had_happened(lane, folded(series, recorded(rows)), series)


def wrong_crashes(batch: int = 100, history: Sequence[Drawn] = LIVES) -> Iterator[int]:
    """After which records a crash leads to other windows."""
    rows, series = rows_of(history), SERIES
    expected = folded(series, recorded(rows))
    whole = LaneInMemory(rows, series)
    whole.work(batch, 1)
    for crash in range(whole.broker.end(CHANGELOG, 0) + whole.broker.end(WINDOWS, 0)):
        lane = LaneInMemory(rows, series)
        try:
            lane.work(batch, 1, crash)
            assert_as_if_nothing_had_happened(lane, expected, series)
        except AssertionError:
            yield crash


@pytest.mark.parametrize("batch", [3, 7])
@pytest.mark.parametrize("history", [LIVES, DELIVERED_LATE], ids=["to the end", "delivered late"])
def test_changes_nothing_after_any_record_of_the_lives_of_some_orders(batch: int, history: list[Drawn]) -> None:
    assert list(wrong_crashes(batch, history)) == []


class TestEachGuardIsNeeded:
    """Without it, a crash at some record leads to other windows."""

    def test_what_a_sum_has_seen_is_dropped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def add(self: LaneFold, window: WindowKey, field: str, amount: int, sequence: int) -> None:
            fields = self.windows.setdefault(window, {})
            total = fields.get(field, (0, 0))[1]
            fields[field] = self._changes.sums[window, field] = Sum(sequence, total + amount)

        monkeypatch.setattr(LaneFold, "_add", add)
        assert any(wrong_crashes())

    def test_the_position_comes_after_the_sums(self, monkeypatch: pytest.MonkeyPatch) -> None:
        written = entries.written
        monkeypatch.setattr(entries, "written", lambda *arguments: reversed(list(written(*arguments))))
        assert any(wrong_crashes())

    def test_the_memories_come_after_the_sums(self, monkeypatch: pytest.MonkeyPatch) -> None:
        written = entries.written

        def memories_first(*arguments: Any) -> list[entries.Entry]:
            return sorted(written(*arguments), key=lambda entry: "/memory/" not in entry[0])

        monkeypatch.setattr(entries, "written", memories_first)
        assert any(wrong_crashes())

    def test_a_batch_ends_where_windows_are_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        is_never = property(lambda _: False, lambda *_: None)
        monkeypatch.setattr(LaneFold, "is_at_step", is_never, raising=False)
        monkeypatch.setattr(LaneFold, "_advance", advance_by_local_step)
        assert any(wrong_crashes(7, DELIVERED_LATE))

    def test_a_window_is_forgotten_as_a_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        written = entries.written
        unmarked = lambda *arguments: [entry for entry in written(*arguments) if "/forgotten/" not in entry[0]]  # noqa: E731
        monkeypatch.setattr(entries, "written", unmarked)
        assert any(wrong_crashes())

    def test_a_window_is_removed_from_the_topic_before_it_is_from_the_table(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("workers.analytics.lane.AnalyticsLane._write", write_and_remove_at_once)
        assert any(wrong_crashes())


def advance_by_local_step(self: LaneFold, sequence: int, at_ms: int) -> None:
    """As `_advance`, but nobody is told."""
    self.position = sequence
    before, self.time_ms = self.time_ms, max(self.time_ms, at_ms)
    if self.time_ms // EXPIRY_STEP_MS > before // EXPIRY_STEP_MS:
        self._forget_past()


async def write_and_remove_at_once(self: Any) -> None:
    changes = self._fold.take_changes()
    position = entries.Position(self._build, self._fold.position, self._fold.time_ms, self._code, "")
    written = list(entries.written(self.context, self._build, changes, position))
    for window, fields in changes.forgotten.items():
        self._removed.add(window)
        written += [(key, None) for key in entries.keys_of(self.context, window, fields)]
    await self._table.write(written)
    self._touched |= {window for window, _ in changes.sums}
    self._touched -= changes.forgotten.keys()
