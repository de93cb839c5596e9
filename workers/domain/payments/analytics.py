"""The analytics of payments: revenue by currency, to the cent, and how often money was not set aside, by the reason."""

from decimal import Decimal
from typing import Any

from contracts.money import CENT, EXACT, written
from contracts.payments.events import FundsCaptured, FundsDeclined
from workers.core.analytics import HOURS, MINUTES, Addition, Analytics, Measured, Metric, Series, Totals
from workers.core.projection import Document
from workers.core.recorded import Recorded


def measure_revenue(_: Any, recorded: Recorded, at_ms: int) -> Measured:
    """The amount in cents, by currency."""
    event = recorded.event
    assert isinstance(event, FundsCaptured)
    return Measured([Addition(at_ms, event.currency, int(EXACT.divide(event.amount, CENT)))])


def measure_declines(_: Any, recorded: Recorded, at_ms: int) -> Measured:
    """One, by the reason."""
    event = recorded.event
    assert isinstance(event, FundsDeclined)
    return Measured([Addition(at_ms, event.reason)])


def _revenue(totals: Totals) -> Document:
    return {currency: written(EXACT.multiply(Decimal(cents), CENT)) for currency, cents in sorted(totals.items())}


revenue = Series("revenue", "payments", (HOURS,), frozenset({FundsCaptured}), measure_revenue)
declines = Series("payment_declines", "payments", (MINUTES, HOURS), frozenset({FundsDeclined}), measure_declines)

analytics = Analytics(
    series=(revenue, declines), metrics=(Metric("revenue", "Revenue by currency", ("revenue",), 3600, _revenue),)
)
