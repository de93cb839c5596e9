"""What other contexts add to the user card: the orders that were placed, and the money that was captured.

A user's orders are streams of their own, on many lanes; each lane counts its own. Money is exact, as text.
"""

from decimal import Decimal

from contracts.money import EXACT, written
from contracts.orders.events import OrderPlaced
from contracts.payments.events import FundsCaptured
from workers.core.projection import Document, Section
from workers.core.recorded import Recorded

NOTHING_SPENT = "0.00"


def user_of(event: OrderPlaced | FundsCaptured) -> str:
    """The user on whose card the event shows."""
    return event.user_id


def placed(orders: Document | None, recorded: Recorded) -> Document:
    """One order more. Of two lanes' clocks none is right: the latest date is the greatest, whatever came last."""
    count, last = (0, "") if orders is None else (orders["count"], orders["last_date"])
    return {"count": count + 1, "last_date": max(last, recorded.recorded_at)}


def captured(payments: Document | None, recorded: Recorded) -> Document:
    """Money was spent."""
    assert isinstance(recorded.event, FundsCaptured)
    spent = NOTHING_SPENT if payments is None else payments["spent"]
    return {"spent": written(EXACT.add(Decimal(spent), recorded.event.amount))}


ORDERS = Section("orders", "orders", frozenset({OrderPlaced}), user_of, placed)
PAYMENTS = Section("payments", "payments", frozenset({FundsCaptured}), user_of, captured)
