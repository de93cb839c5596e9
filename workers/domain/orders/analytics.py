"""The analytics of orders: how many are placed, how many of them are confirmed and how soon, and how many are open.

An order belongs to the window in which it was placed, also what becomes of it later: so a share of confirmed orders is
never above one. Its later events need the time of its first one, which is what is remembered of an open order.
"""

from collections.abc import Sequence
from typing import Any

from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderDelivered, OrderPlaced
from workers.core.analytics import HOURS, MINUTES, Addition, Analytics, Measured, Metric, Series, Span, Totals
from workers.core.durations import bucket_of, quantile
from workers.core.projection import Document
from workers.core.recorded import Recorded

TOOK = "took:"
"""With what the fields begin that count confirmed orders by the bucket of the time since they were placed."""

AGES = {"under_1_minute": 60, "under_5_minutes": 300, "under_1_hour": 3600, "under_1_day": 86_400}
"""The ages by which open orders are counted, in seconds."""


def measure(placed_at: Any, recorded: Recorded, at_ms: int) -> Measured:
    """What the event of an order adds; of an open order it is remembered when it was placed."""
    if isinstance(recorded.event, OrderPlaced):
        return Measured([Addition(at_ms, "placed")], at_ms)
    if placed_at is None:
        return Measured()  # of an order that is not known any more
    match recorded.event:
        case OrderConfirmed():
            took = f"{TOOK}{bucket_of(at_ms - placed_at)}"
            return Measured([Addition(placed_at, "confirmed"), Addition(placed_at, took)], placed_at)
        case OrderCancelled():
            return Measured([Addition(placed_at, "cancelled")])
        case OrderDelivered():
            return Measured([Addition(placed_at, "delivered")])
        case _:
            return Measured(memory=placed_at)


def _open(totals: Totals) -> int:
    return totals.get("placed", 0) - totals.get("cancelled", 0) - totals.get("delivered", 0)


def _has_open_orders(totals: Totals) -> bool:
    return _open(totals) > 0


def _placed(totals: Totals) -> Document:
    return {"placed": totals.get("placed", 0)}


def _conversion(totals: Totals) -> Document:
    placed, confirmed = totals.get("placed", 0), totals.get("confirmed", 0)
    took = {int(field.removeprefix(TOOK)): count for field, count in totals.items() if field.startswith(TOOK)}
    return {
        "placed": placed,
        "confirmed": confirmed,
        "cancelled": totals.get("cancelled", 0),
        "conversion": round(confirmed / placed, 4) if placed else None,
        "p50_seconds": _seconds(quantile(took, 0.5)),
        "p99_seconds": _seconds(quantile(took, 0.99)),
    }


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _open_orders(totals: Totals) -> Document:
    return {"open": _open(totals)}


def _by_age(spans: Sequence[Span]) -> Document:
    counts = dict.fromkeys([*AGES, "older"], 0)
    for span in spans:
        label = next((name for name, seconds in AGES.items() if span.age_seconds < seconds), "older")
        counts[label] += _open(span.totals)
    return {"open": sum(counts.values()), "by_age": counts}


orders = Series(
    name="orders",
    context="orders",
    sizes=(MINUTES, HOURS),
    reacts_to=frozenset({OrderPlaced, OrderConfirmed, OrderCancelled, OrderDelivered}),
    measure=measure,
    is_unsettled=_has_open_orders,
)

analytics = Analytics(
    series=(orders,),
    metrics=(
        Metric("orders", "Orders placed", ("orders",), 60, _placed, plotted="placed"),
        Metric("conversion", "Orders confirmed of those placed", ("orders",), 3600, _conversion, plotted="conversion"),
        Metric("open_orders", "Open orders by age", ("orders",), 3600, _open_orders, _by_age, plotted="open"),
        Metric("declines", "Declines by reason", ("payment_declines", "stock_declines"), 3600, dict),
    ),
)
