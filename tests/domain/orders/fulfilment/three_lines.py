"""Ada's order over three lines, and all that may be said and asked about it."""

from decimal import Decimal
from typing import Any

from contracts.inventory.commands import ReleaseStock, ReserveStock, ShipStock
from contracts.inventory.events import StockDeclined, StockReleased, StockReserved, StockShipped
from contracts.orders.commands import CancelOrder, ConfirmOrder
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderPlaced, OrderShipped
from contracts.orders.lines import OrderLine
from contracts.payments.commands import CaptureFunds, ReleaseFunds, ReserveFunds
from contracts.payments.events import FundsCaptured, FundsDeclined, FundsReleased, FundsReserved
from workers.core.saga import StepRejected, StepUnchanged
from workers.testing.processes import passed

ORDER, ADA, DEADLINE = "order-1", "ada", "confirmation"
PIECES = {"tea": 2, "pot": 1, "cup": 3}
LINES = tuple(OrderLine(sku=sku, quantity=pieces, unit_price=Decimal("10.00")) for sku, pieces in PIECES.items())
TOTAL = Decimal("60.00")

PLACED = OrderPlaced(order_id=ORDER, user_id=ADA, lines=LINES, currency="EUR", total=TOTAL)
CONFIRMED = OrderConfirmed(order_id=ORDER, user_id=ADA)
CANCELLED_BY_ADA = OrderCancelled(order_id=ORDER, user_id=ADA, reason="changed my mind")
SHIPPED = OrderShipped(order_id=ORDER, user_id=ADA)
OVERDUE = passed(ORDER, DEADLINE)

FUNDS: dict[str, Any] = {"user_id": ADA, "order_id": ORDER, "amount": TOTAL, "currency": "EUR"}
FUNDS_RESERVED = FundsReserved(**FUNDS)
FUNDS_DECLINED = FundsDeclined(**FUNDS, reason="InsufficientFunds")
FUNDS_RELEASED = FundsReleased(**FUNDS)
FUNDS_CAPTURED = FundsCaptured(**FUNDS)

RESERVE_FUNDS = ReserveFunds(**FUNDS)
RELEASE_FUNDS = ReleaseFunds(user_id=ADA, order_id=ORDER)
CAPTURE_FUNDS = CaptureFunds(user_id=ADA, order_id=ORDER)
CONFIRM = ConfirmOrder(order_id=ORDER)


def reserved(sku: str) -> StockReserved:
    return StockReserved(sku=sku, order_id=ORDER, quantity=PIECES[sku])


def declined(sku: str) -> StockDeclined:
    return StockDeclined(sku=sku, order_id=ORDER, quantity=PIECES[sku], reason="InsufficientStock")


def released(sku: str) -> StockReleased:
    return StockReleased(sku=sku, order_id=ORDER, quantity=PIECES[sku])


def shipped(sku: str) -> StockShipped:
    return StockShipped(sku=sku, order_id=ORDER, quantity=PIECES[sku])


def reserve(sku: str) -> ReserveStock:
    return ReserveStock(sku=sku, order_id=ORDER, quantity=PIECES[sku])


def release(sku: str) -> ReleaseStock:
    return ReleaseStock(sku=sku, order_id=ORDER)


def ship(sku: str) -> ShipStock:
    return ShipStock(sku=sku, order_id=ORDER)


def cancel(reason: str) -> CancelOrder:
    return CancelOrder(order_id=ORDER, reason=reason)


def cancelled(reason: str) -> OrderCancelled:
    return OrderCancelled(order_id=ORDER, user_id=ADA, reason=reason)


PAID = (PLACED, FUNDS_RESERVED)
ALL_RESERVED = (*PAID, *map(reserved, PIECES))
FINAL = (*ALL_RESERVED, CONFIRMED)
COMPLETED = (*FINAL, FUNDS_CAPTURED)


def no(step: str, code: str, to: str = ADA) -> StepRejected:
    """The rejection of a step."""
    return StepRejected(instance_id=ORDER, step=step, to=to, code=code)


def unchanged(step: str, to: str = ADA) -> StepUnchanged:
    """A step was accepted and changed nothing."""
    return StepUnchanged(instance_id=ORDER, step=step, to=to)
