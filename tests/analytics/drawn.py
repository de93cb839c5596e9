"""Drawn histories of orders in one lane, and series whose windows are forgotten in awkward ways."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from contracts.message import Event
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderDelivered, OrderPlaced, OrderShipped
from contracts.orders.examples import ADAS_ORDER_PLACED
from tests.analytics.lane_in_memory import NOON, rows_at
from workers.core.analytics import Addition, Measured, Series, Totals, WindowSize
from workers.core.recorded import Recorded
from workers.ports.event_store import EventRow

KINDS: Sequence[type[Event]] = (OrderPlaced, OrderConfirmed, OrderCancelled, OrderShipped, OrderDelivered)
SHORT_GAPS = (0.0, 0.001, 1.0, 59.0, 60.0, 1800.0, -0.5)
LONG_GAPS = (*SHORT_GAPS, 3600.0, 25 * 3600.0, 61 * 86_400.0)


class Drawn(NamedTuple):
    """An event of an order, so many seconds after the one before."""

    kind: type[Event]
    order: int
    gap_seconds: float


def order_event(kind: type[Event], number: int) -> Event:
    order_id = f"0198c0de-0de0-7000-8000-{number:012d}"
    if kind is OrderPlaced:
        return ADAS_ORDER_PLACED.model_copy(update={"order_id": order_id})
    return kind.model_validate({"order_id": order_id, "user_id": ADAS_ORDER_PLACED.user_id})


def rows_of(history: Sequence[Drawn], begin: datetime = NOON) -> list[EventRow]:
    timed, at = [], begin
    for kind, order, gap_seconds in history:
        at += timedelta(seconds=gap_seconds)
        timed.append((at, order_event(kind, order)))
    return rows_at(*timed)


def histories(gaps: Sequence[float], max_size: int = 40) -> st.SearchStrategy[list[Drawn]]:
    """Also such that no decider would allow: a lane must not depend on it."""
    drawn = st.builds(Drawn, st.sampled_from(KINDS), st.integers(0, 4), st.sampled_from(gaps))
    return st.lists(drawn, max_size=max_size)


def measure_twice(first_at: Any, recorded: Recorded, at_ms: int) -> Measured:
    """An event counts in the window of its stream's first event, under one of two names, and in its own."""
    begun_at = at_ms if first_at is None else first_at
    field = "even" if recorded.stream_version % 2 else "odd"
    additions = [Addition(begun_at, field), Addition(begun_at, field, 2), Addition(at_ms, "all")]
    return Measured(additions, None if recorded.stream_version % 5 == 0 else begun_at)


def has_more_even(totals: Totals) -> bool:
    """True and false by turns, as events come."""
    return totals.get("even", 0) > totals.get("odd", 0)


def raise_at_times(_: Any, recorded: Recorded, at_ms: int) -> Measured:
    if recorded.sequence % 3 == 0:
        raise ValueError("a bug of the series")
    return Measured([Addition(at_ms, "all")], recorded.sequence)


SIZES = (WindowSize(60, 7200), WindowSize(3600, 7200))
AWKWARD = (
    Series("raising", "orders", SIZES, frozenset(KINDS), raise_at_times),
    Series("awkward", "orders", SIZES, frozenset(KINDS), measure_twice, has_more_even),
)
