"""The analytics of inventory: which SKUs are asked for most, and how often there was too little, by the reason.

All events of a SKU are in one lane, so the largest sums of the lanes are the largest of all.
"""

from typing import Any

from contracts.inventory.events import StockDeclined, StockReserved
from workers.core.analytics import HOURS, MINUTES, Addition, Analytics, Measured, Metric, Series, Totals
from workers.core.projection import Document
from workers.core.recorded import Recorded

SHOWN_SKUS = 20


def measure_demand(_: Any, recorded: Recorded, at_ms: int) -> Measured:
    """The pieces that were set aside for an order, by SKU."""
    event = recorded.event
    assert isinstance(event, StockReserved)
    return Measured([Addition(at_ms, recorded.stream_id, event.quantity)])


def measure_declines(_: Any, recorded: Recorded, at_ms: int) -> Measured:
    """One, by the reason."""
    event = recorded.event
    assert isinstance(event, StockDeclined)
    return Measured([Addition(at_ms, event.reason)])


def _top(totals: Totals) -> Document:
    most = sorted(totals.items(), key=lambda sku: (-sku[1], sku[0]))[:SHOWN_SKUS]
    return {"skus": [{"sku": sku, "quantity": quantity} for sku, quantity in most]}


demand = Series("demand", "inventory", (HOURS,), frozenset({StockReserved}), measure_demand)
declines = Series("stock_declines", "inventory", (MINUTES, HOURS), frozenset({StockDeclined}), measure_declines)

analytics = Analytics(
    series=(demand, declines), metrics=(Metric("top_skus", "SKUs asked for most", ("demand",), 3600, _top),)
)
