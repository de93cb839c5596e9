"""The windows of a lane: the sums of its events by the time at which they were recorded, and nothing else."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.inventory.events import StockDeclined, StockReserved
from contracts.message import Event
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderDelivered, OrderPlaced
from contracts.payments.events import FundsCaptured, FundsDeclined
from tests.analytics.drawn import AWKWARD, SHORT_GAPS, Drawn, histories, order_event, rows_of
from tests.analytics.lane_in_memory import NOON, ORDERS, ms, recorded, rows_at
from workers.analytics.fold import LaneFold, closing, folded
from workers.core.analytics import WindowKey
from workers.core.durations import bucket_of
from workers.domain import contexts

PAYMENTS, INVENTORY = (contexts()[name].analytics.series for name in ("payments", "inventory"))
HOUR, MINUTE = 3600, 60
SKUS = ("tea", "teapot:large", "7.tea-pot_X")
Window = tuple[str, int, int, str]
"""Series, size, start, field."""


def sums_of(fold: LaneFold) -> dict[Window, int]:
    return {(*key, field): amount for key in fold.windows for field, amount in fold.totals(key).items()}


def start_of(at: datetime, size: int) -> int:
    """The start of a window, by the calendar rather than by a division: hours and minutes of UTC."""
    return int(at.replace(minute=0 if size == HOUR else at.minute, second=0, microsecond=0).timestamp())


def naive_orders(history: Sequence[Drawn]) -> Counter[Window]:
    """Each order is told as a whole: when it was placed last, and what became of it then."""
    sums: Counter[Window] = Counter()
    at, timed = NOON, []
    for event in history:
        at += timedelta(seconds=event.gap_seconds)
        timed.append((event, at))
    for order in range(5):
        placed_at: datetime | None = None
        for kind, when in [(event.kind, at) for event, at in timed if event.order == order]:
            fields: list[str] = []
            if kind is OrderPlaced:
                placed_at, fields = when, ["placed"]
            elif placed_at is not None and kind is OrderConfirmed:
                took_ms = round((when - placed_at).total_seconds() * 1000)
                fields = ["confirmed", f"took:{bucket_of(took_ms)}"]
            elif placed_at is not None and kind in (OrderCancelled, OrderDelivered):
                fields = ["cancelled" if kind is OrderCancelled else "delivered"]
            for size in (MINUTE, HOUR):
                if placed_at is not None:
                    sums.update(("orders", size, start_of(placed_at, size), field) for field in fields)
            if kind in (OrderCancelled, OrderDelivered):
                placed_at = None
    return sums


@given(histories(SHORT_GAPS))
def test_of_orders_are_counted_where_the_order_was_placed(history: list[Drawn]) -> None:
    assert sums_of(folded(ORDERS, recorded(rows_of(history)))) == naive_orders(history)


def captured(account: str, amount: Decimal, currency: str) -> FundsCaptured:
    return FundsCaptured(user_id=account, order_id="order", amount=amount, currency=currency)


def declined(account: str, reason: str) -> FundsDeclined:
    return FundsDeclined(user_id=account, order_id="order", amount=Decimal(1), currency="EUR", reason=reason)


AMOUNTS = st.one_of(
    st.decimals(Decimal("0.01"), Decimal("99.99"), places=2),
    st.decimals(Decimal("99999999999999999990.00"), Decimal("99999999999999999999.99"), places=2),
)
OFFSETS = st.integers(0, 20 * HOUR * 1000)
PAYMENT_EVENTS = st.one_of(
    st.builds(captured, st.just("ada"), AMOUNTS, st.sampled_from(["EUR", "USD"])),
    st.builds(declined, st.just("ada"), st.sampled_from(["InsufficientFunds", "CurrencyMismatch"])),
)
INVENTORY_EVENTS = st.one_of(
    st.builds(StockReserved, sku=st.sampled_from(SKUS), order_id=st.just("order"), quantity=st.integers(1, 900)),
    st.builds(
        StockDeclined,
        sku=st.sampled_from(SKUS),
        order_id=st.just("order"),
        quantity=st.just(1),
        reason=st.just("InsufficientStock"),
    ),
)


def timed(drawn: Sequence[tuple[int, Event]]) -> list[tuple[datetime, Event]]:
    return [(NOON + timedelta(milliseconds=offset), event) for offset, event in sorted(drawn, key=lambda pair: pair[0])]


@given(st.lists(st.tuples(OFFSETS, PAYMENT_EVENTS), max_size=30))
def test_of_payments_are_exact_to_the_cent(drawn: list[tuple[int, Event]]) -> None:
    events = timed(drawn)
    sums: Counter[Window] = Counter()
    for at, event in events:
        if isinstance(event, FundsCaptured):
            sums["revenue", HOUR, start_of(at, HOUR), event.currency] += int(f"{event.amount:.2f}".replace(".", ""))
        elif isinstance(event, FundsDeclined):
            for size in (MINUTE, HOUR):
                sums["payment_declines", size, start_of(at, size), event.reason] += 1
    fold = folded(PAYMENTS, recorded(rows_at(*events)))
    assert sums_of(fold) == sums
    revenue = next(metric for metric in contexts()["payments"].analytics.metrics if metric.name == "revenue")
    for key in fold.windows:
        if key.series == "revenue":
            shown = revenue.show(fold.totals(key))
            expected: dict[str, Decimal] = {}
            for at, event in events:
                if isinstance(event, FundsCaptured) and start_of(at, HOUR) == key.start:
                    expected[event.currency] = expected.get(event.currency, Decimal(0)) + event.amount
            assert {currency: Decimal(text) for currency, text in shown.items()} == expected


@given(st.lists(st.tuples(OFFSETS, INVENTORY_EVENTS), max_size=30))
def test_of_stock_are_by_sku_and_by_reason(drawn: list[tuple[int, Event]]) -> None:
    sums: Counter[Window] = Counter()
    for at, event in timed(drawn):
        if isinstance(event, StockReserved):
            sums["demand", HOUR, start_of(at, HOUR), event.sku] += event.quantity
        elif isinstance(event, StockDeclined):
            for size in (MINUTE, HOUR):
                sums["stock_declines", size, start_of(at, size), event.reason] += 1
    assert sums_of(folded(INVENTORY, recorded(rows_at(*timed(drawn))))) == sums


def windows_of_one(at: datetime) -> set[WindowKey]:
    return set(folded(ORDERS, recorded(rows_at((at, order_event(OrderPlaced, 0))))).windows)


@pytest.mark.parametrize(
    ("at", "hour", "minute"),
    [
        ("2026-03-01T13:00:00Z", "2026-03-01T13:00Z", "2026-03-01T13:00Z"),
        ("2026-03-01T12:59:59.999Z", "2026-03-01T12:00Z", "2026-03-01T12:59Z"),
        ("2026-03-01T12:59:59.999999Z", "2026-03-01T12:00Z", "2026-03-01T12:59Z"),
        ("2026-02-28T23:59:59.999Z", "2026-02-28T23:00Z", "2026-02-28T23:59Z"),
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00Z", "2026-03-01T00:00Z"),
        ("2026-12-31T23:59:59.999Z", "2026-12-31T23:00Z", "2026-12-31T23:59Z"),
        # The clocks of Berlin go from 2:00 to 3:00, those of New York from 2:00 to 1:00.
        ("2026-03-29T00:59:59.999Z", "2026-03-29T00:00Z", "2026-03-29T00:59Z"),
        ("2026-03-29T01:00:00Z", "2026-03-29T01:00Z", "2026-03-29T01:00Z"),
        ("2026-11-01T05:59:59.999Z", "2026-11-01T05:00Z", "2026-11-01T05:59Z"),
        ("2026-11-01T06:00:00Z", "2026-11-01T06:00Z", "2026-11-01T06:00Z"),
    ],
)
@pytest.mark.parametrize("offset_hours", [0, 2, -5])
def test_begin_with_the_hour_and_the_minute_in_utc(at: str, hour: str, minute: str, offset_hours: int) -> None:
    """An event exactly at the end of a window is in the next one."""
    local = datetime.fromisoformat(at).astimezone(tz=UTC)
    row = rows_at((local, order_event(OrderPlaced, 0)))[0]
    event = recorded([row])[0]
    elsewhere = local.astimezone(tz=datetime.fromisoformat(f"2026-01-01T00:00{offset_hours:+03d}:00").tzinfo)
    fold = folded(ORDERS, [event._replace(recorded_at=elsewhere.isoformat())])
    assert set(fold.windows) == {
        WindowKey("orders", HOUR, int(datetime.fromisoformat(hour).timestamp())),
        WindowKey("orders", MINUTE, int(datetime.fromisoformat(minute).timestamp())),
    }


def test_are_kept_as_long_as_their_series_says_and_forgotten_at_the_first_event_of_an_hour() -> None:
    minutes = 24 * HOUR  # kept after their end
    before_the_end = NOON + timedelta(seconds=MINUTE + minutes - 0.001)
    at_the_end = NOON + timedelta(seconds=HOUR + minutes)
    first = (NOON, order_event(OrderPlaced, 0))
    kept = folded(ORDERS, recorded(rows_at(first, (before_the_end, order_event(OrderPlaced, 1)))))
    gone = folded(ORDERS, recorded(rows_at(first, (at_the_end, order_event(OrderPlaced, 1)))))
    window = WindowKey("orders", MINUTE, ms(NOON) // 1000)
    assert window in kept.windows
    assert window not in gone.windows
    assert list(gone.take_changes().forgotten) == [window]


def history_with_an_open_order(*later: Drawn) -> LaneFold:
    return folded(ORDERS, recorded(rows_of([Drawn(OrderPlaced, 0, 0), Drawn(OrderPlaced, 1, 61 * 86_400), *later])))


def test_are_kept_beyond_their_time_while_an_order_of_theirs_is_open() -> None:
    window = WindowKey("orders", HOUR, ms(NOON) // 1000)
    assert window in history_with_an_open_order().windows
    delivered = history_with_an_open_order(Drawn(OrderDelivered, 0, 1))
    assert delivered.totals(window) == {"placed": 1, "delivered": 1}
    assert window not in history_with_an_open_order(Drawn(OrderDelivered, 0, 1), Drawn(OrderPlaced, 2, HOUR)).windows


def test_of_large_size_only_are_kept_beyond_their_time() -> None:
    assert WindowKey("orders", MINUTE, ms(NOON) // 1000) not in history_with_an_open_order().windows


def test_that_are_past_are_not_begun_by_an_event_with_an_old_time() -> None:
    fold = folded(ORDERS, recorded(rows_of([Drawn(OrderPlaced, 0, 0), Drawn(OrderPlaced, 1, -25 * HOUR)])))
    assert fold.totals(WindowKey("orders", HOUR, ms(NOON) // 1000 - 25 * HOUR)) == {"placed": 1}
    assert WindowKey("orders", MINUTE, ms(NOON) // 1000 - 25 * HOUR) not in fold.windows
    assert fold.time_ms == ms(NOON)


def test_of_a_series_whose_code_raises_lack_the_event_and_those_of_other_series_have_it() -> None:
    rows = rows_of([Drawn(OrderPlaced, number, 1) for number in range(6)])
    fold = LaneFold([*AWKWARD, *ORDERS])
    errors = [fold.apply(event) for event in recorded(rows)]
    assert [[str(error) for error in raised] for raised in errors] == [[], [], ["a bug of the series"]] * 2
    start = ms(NOON) // 1000
    assert fold.totals(WindowKey("raising", HOUR, start)) == {"all": 4}
    assert fold.totals(WindowKey("awkward", HOUR, start)) == {"even": 18, "all": 6}
    assert fold.totals(WindowKey("orders", HOUR, start)) == {"placed": 6}
    assert fold.position == 6


def test_an_event_without_a_time_is_passed_over() -> None:
    first, second, third = recorded(rows_of([Drawn(OrderPlaced, number, 1) for number in range(3)]))
    fold = folded(ORDERS, [first, second._replace(recorded_at="yesterday"), third])
    assert (fold.position, fold.time_ms) == (3, ms(NOON) + 3000)
    assert fold.totals(WindowKey("orders", HOUR, ms(NOON) // 1000)) == {"placed": 2}


def test_close_at_their_end_and_not_before() -> None:
    fold = folded(ORDERS, recorded(rows_of([Drawn(OrderPlaced, 0, 30)])))
    end = ms(NOON) + 60_000
    assert list(closing(fold, 0, end - 1)) == []
    assert list(closing(fold, 0, end)) == [WindowKey("orders", MINUTE, ms(NOON) // 1000)]
    assert list(closing(fold, end, end + 3_539_999)) == []
    assert list(closing(fold, end, end + 3_540_000)) == [WindowKey("orders", HOUR, ms(NOON) // 1000)]
