"""A lane of windows: repeats count once, what the log lacks it has from the table, and what it publishes."""

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.analytics import PublishedWindow
from contracts.inventory.events import StockReserved
from contracts.orders.events import OrderCancelled, OrderPlaced
from contracts.payments.events import FundsCaptured
from tests.analytics.drawn import AWKWARD, SHORT_GAPS, Drawn, histories, rows_of
from tests.analytics.lane_in_memory import CHANGELOG, NOON, ORDERS, WINDOWS, LaneInMemory, ms, recorded, rows_at
from tests.lanes.recorded_rows import inbound
from workers.analytics.fold import folded
from workers.analytics.lane import AnalyticsLane
from workers.analytics.published import PublishedWindows
from workers.core.analytics import Series, Totals, WindowKey
from workers.domain import contexts
from workers.ports.event_store import EventRow
from workers.ports.log import PublishFailed

ONE_MINUTE, HOUR = timedelta(minutes=1), 3600
START = ms(NOON) // 1000


def windows_of(rows: Sequence[EventRow], series: Sequence[Series] = ORDERS) -> dict[WindowKey, Totals]:
    fold = folded(series, recorded(rows))
    return {key: fold.totals(key) for key in fold.windows}


async def lane_of(lane: LaneInMemory) -> AnalyticsLane:
    process = lane.process()
    await process.acquire(0)
    return process


@settings(max_examples=50)
@given(histories(SHORT_GAPS, max_size=20), st.data())
async def test_of_a_log_with_repeats_and_gaps_is_as_of_one_without(history: list[Drawn], data: st.DataObject) -> None:
    rows = rows_of(history)
    log = data.draw(st.lists(st.sampled_from(rows), max_size=30)) if rows else []
    process = await lane_of(LaneInMemory(rows))
    for offset, row in enumerate(log):
        await process.handle([inbound(row, offset)])
    seen = max((row.sequence for row in log), default=0)
    assert process.windows == windows_of(rows[:seen])
    await process.catch_up()
    assert (process.windows, process.position) == (windows_of(rows), len(rows))


async def test_a_record_that_is_not_signed_is_believed_only_as_far_as_the_table_has_it() -> None:
    rows = rows_of([Drawn(OrderPlaced, 0, 0), Drawn(OrderPlaced, 1, 1)])
    forged = inbound(rows_of([Drawn(OrderPlaced, number, 1) for number in range(3)])[2], 2)._replace(is_signed=False)
    process = await lane_of(LaneInMemory(rows))
    await process.handle([inbound(rows[0], 0), inbound(rows[1], 1)._replace(is_signed=False), forged])
    assert process.windows == windows_of(rows)


class TestItsWindowsInTheTopic:
    async def test_are_closed_once_a_minute_after_their_end(self) -> None:
        lane = LaneInMemory(rows_of([Drawn(OrderPlaced, 0, 30)]))
        process = await lane_of(lane)
        await process.catch_up()
        for seconds in (0, 59, 119, 120, 121, 300, 3599, 3660, 3700):
            await process.publish(ms(NOON + timedelta(seconds=seconds)))
        records = lane.broker.read(WINDOWS, 0, 0, 100)
        windows = [PublishedWindow.model_validate_json(record.value or b"") for record in records if is_window(record)]
        assert [(window.size_seconds, window.closed) for window in windows] == [
            (60, False),
            (3600, False),
            (60, True),
            (3600, True),
        ]
        assert all(window.sums == {"placed": 1} and window.sequence == 1 for window in windows)

    async def test_are_published_again_after_they_are_closed_when_an_order_of_theirs_goes_on(self) -> None:
        rows = rows_of([Drawn(OrderPlaced, 0, 0), Drawn(OrderPlaced, 1, 2 * HOUR), Drawn(OrderCancelled, 0, 1)])
        lane = LaneInMemory(rows)
        process = await lane_of(lane)
        for row in rows:
            await process.handle([inbound(row, row.sequence)])
            await process.publish(None)
        window = next(window for window in lane.published().windows.values() if window.start == NOON)
        assert (window.closed, window.sums, window.sequence) == (True, {"placed": 1, "cancelled": 1}, 3)

    async def test_of_a_lane_in_which_nothing_is_new_are_left_alone(self) -> None:
        lane = LaneInMemory(rows_of([Drawn(OrderPlaced, 0, 0)]))
        process = await lane_of(lane)
        await process.catch_up()
        await process.publish(None)
        ends = [lane.broker.end(topic, 0) for topic in (CHANGELOG, WINDOWS)]
        await process.publish(None)
        await process.publish(ms(NOON + ONE_MINUTE))
        assert [lane.broker.end(topic, 0) for topic in (CHANGELOG, WINDOWS)] == ends

    async def test_of_a_lane_without_events_are_closed_as_far_as_the_time_is(self) -> None:
        process = await lane_of(LaneInMemory([]))
        await process.publish(ms(NOON))
        assert process.closed_until_ms == ms(NOON - ONE_MINUTE)

    async def test_are_only_the_largest_sums_if_there_are_too_many(self) -> None:
        events = [
            (NOON, StockReserved(sku=f"sku-{number:04}", order_id="order", quantity=1 + number // 2))
            for number in range(1003)
        ]
        lane = LaneInMemory(rows_at(*events), contexts()["inventory"].analytics.series)
        process = await lane_of(lane)
        await process.catch_up()
        await process.publish(None)
        (window,) = lane.published().windows.values()
        assert window.hidden_fields == 3
        assert set(window.sums) == {f"sku-{number:04}" for number in range(1003)} - {"sku-0000", "sku-0001", "sku-0003"}

    async def test_have_sums_of_any_size(self) -> None:
        """Sixty-four bits would not do for cents."""
        amount = Decimal("99999999999999999999.99")
        events = [
            (NOON, FundsCaptured(user_id="ada", order_id="order", amount=amount, currency="EUR")) for _ in range(1000)
        ]
        lane = LaneInMemory(rows_at(*events), contexts()["payments"].analytics.series)
        process = await lane_of(lane)
        await process.catch_up()
        await process.publish(None)
        expected = {WindowKey("revenue", HOUR, START): {"EUR": 9_999_999_999_999_999_999_999_000}}
        assert (await lane_of(lane)).windows == process.windows == lane.shown() == expected

    async def test_are_removed_when_they_are_kept_no_longer(self) -> None:
        rows = rows_of([Drawn(OrderPlaced, 0, 0), Drawn(OrderPlaced, 1, 25 * HOUR)])
        lane = LaneInMemory(rows)
        process = await lane_of(lane)
        for row in rows:
            await process.handle([inbound(row, row.sequence)])
            await process.publish(None)
        assert lane.shown() == process.windows == windows_of(rows)
        assert WindowKey("orders", 60, START) not in lane.shown()

    async def test_that_were_never_published_are_not_removed_either(self) -> None:
        """While a long log is read, windows come and go."""
        lane = LaneInMemory(rows_of([Drawn(OrderPlaced, 0, 0), Drawn(OrderPlaced, 1, 25 * HOUR)]))
        process = await lane_of(lane)
        await process.catch_up()
        await process.publish(None)
        assert [record.value for record in lane.broker.read(WINDOWS, 0, 0, 100) if record.value is None] == []


def is_window(record: Any) -> bool:
    return record.value is not None and not record.key.endswith(b"/position")


class TestBegunAnew:
    """By other code, or because an operator has removed its position."""

    ROWS = rows_of([Drawn(OrderPlaced, 0, 0), Drawn(OrderPlaced, 1, 25 * HOUR), Drawn(OrderCancelled, 1, 1)])

    async def worked(self, series: Sequence[Series] = ORDERS) -> LaneInMemory:
        lane = LaneInMemory(self.ROWS, series)
        process = await lane_of(lane)
        await process.handle(lane.records()[:2])
        await process.publish(None)
        return lane

    async def test_a_lane_has_the_windows_of_its_own_code_alone(self) -> None:
        lane = await self.worked(AWKWARD)
        lane.series = ORDERS
        process = await lane_of(lane)
        assert (process.position, process.windows) == (0, {})
        await process.publish(None)
        assert lane.shown() == {}
        await process.handle(lane.records())
        await process.publish(None)
        assert lane.shown() == process.windows == windows_of(self.ROWS)
        assert {window.build for window in lane.published().windows.values()} == {2}
        stored = lane.process()._table.entries("orders/")
        assert not [key for key in stored if "awkward" in key or "raising" in key]

    async def test_a_lane_without_position_builds_all_windows_from_the_table(self) -> None:
        lane = await self.worked()
        await lane.process()._table.write([("orders/sum/orders/3600/0/placed", b"[1,2,9]"), ("orders/position", None)])
        process = await lane_of(lane)
        await process.catch_up()
        await process.publish(None)
        assert lane.shown() == process.windows == windows_of(self.ROWS)
        assert (await lane_of(lane)).windows == process.windows

    @pytest.mark.parametrize("records_until_crash", range(0, 40, 3))
    async def test_a_crash_meanwhile_leaves_nothing_of_the_build_before(self, records_until_crash: int) -> None:
        lane = await self.worked(AWKWARD)
        lane.series = ORDERS
        crashing = lane.process(records_until_crash)
        try:
            await crashing.acquire(0)
            await crashing.handle(lane.records())
            await crashing.publish(None)
        except PublishFailed:
            pass
        process = await lane_of(lane)
        await process.catch_up()
        await process.publish(None)
        assert lane.shown() == process.windows == windows_of(self.ROWS)
        stored = lane.process()._table.entries("orders/")
        assert {json.loads(value)[0] for value in stored.values()} == {process._build}


def first_window(lane: LaneInMemory) -> bytes:
    return next(record.value for record in lane.broker.read(WINDOWS, 0, 0, 100) if is_window(record) and record.value)


class TestAReaderOfTheTopic:
    async def test_passes_over_what_annals_has_not_written(self) -> None:
        lane = await TestBegunAnew().worked()
        published, before = lane.published(), lane.shown()
        for key, value in [(None, b"x"), (b"a", b"x"), (b"orders/position", b"{}"), (b"", None), (b"\xff", b"{}")]:
            published.apply(0, key, value)
        assert published.panes() == before

    async def test_adds_the_lanes_and_leaves_out_what_an_earlier_build_has_left(self) -> None:
        lane = await TestBegunAnew().worked()
        published = PublishedWindows()
        for partition in (0, 1):
            for record in lane.broker.read(WINDOWS, 0, 0, 100):
                published.apply(partition, record.key, record.value)
        assert published.panes() == {
            key: {field: 2 * amount for field, amount in sums.items()} for key, sums in lane.shown().items()
        }
        old = PublishedWindow.model_validate_json(first_window(lane)).model_copy(update={"build": 0})
        published.apply(0, b"orders/orders/60/old", old.model_dump_json().encode())
        assert len(list(published.current())) == len(published.windows) - 1
