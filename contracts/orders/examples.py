"""Three orders of Ada's: one that goes well, one too big for her account, and one for more teapots than there are.

The money and the goods of the same orders: contracts/payments/examples.py and contracts/inventory/examples.py.
"""

from decimal import Decimal

from contracts.orders.commands import CancelOrder, ConfirmOrder, DeliverOrder, PlaceOrder, ShipOrder
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderDelivered, OrderPlaced, OrderShipped
from contracts.orders.lines import OrderLine
from contracts.users.examples import USER_ID

ORDER_ID = "0198c0de-0de0-7000-8000-000000000001"
BIG_ORDER_ID = "0198c0de-0de0-7000-8000-000000000002"
UNLUCKY_ORDER_ID = "0198c0de-0de0-7000-8000-000000000003"
TEA = "tea-earl-grey"
TEAPOT = "teapot"


def _tea(quantity: int) -> OrderLine:
    return OrderLine(sku=TEA, quantity=quantity, unit_price=Decimal("4.95"))


def _teapots(quantity: int) -> OrderLine:
    return OrderLine(sku=TEAPOT, quantity=quantity, unit_price=Decimal("24.50"))


PLACE_ADAS_ORDER = PlaceOrder(order_id=ORDER_ID, user_id=USER_ID, lines=(_tea(2), _teapots(1)), currency="EUR")
CONFIRM_ADAS_ORDER = ConfirmOrder(order_id=ORDER_ID)
SHIP_ADAS_ORDER = ShipOrder(order_id=ORDER_ID, tracking="PARCEL-0001")
DELIVER_ADAS_ORDER = DeliverOrder(order_id=ORDER_ID)
PLACE_ADAS_BIG_ORDER = PlaceOrder(order_id=BIG_ORDER_ID, user_id=USER_ID, lines=(_teapots(3),), currency="EUR")
CANCEL_ADAS_BIG_ORDER = CancelOrder(order_id=BIG_ORDER_ID, reason="InsufficientFunds")
PLACE_ADAS_UNLUCKY_ORDER = PlaceOrder(
    order_id=UNLUCKY_ORDER_ID,
    user_id=USER_ID,
    lines=(_tea(1), _teapots(2)),
    currency="EUR",
    confirm_within_seconds=60,
)
CANCEL_ADAS_UNLUCKY_ORDER = CancelOrder(order_id=UNLUCKY_ORDER_ID, reason="InsufficientStock")

ADAS_ORDER_PLACED = OrderPlaced(
    order_id=ORDER_ID, user_id=USER_ID, lines=(_tea(2), _teapots(1)), currency="EUR", total=Decimal("34.40")
)
ADAS_ORDER_CONFIRMED = OrderConfirmed(order_id=ORDER_ID, user_id=USER_ID)
ADAS_ORDER_SHIPPED = OrderShipped(order_id=ORDER_ID, user_id=USER_ID, tracking="PARCEL-0001")
ADAS_ORDER_DELIVERED = OrderDelivered(order_id=ORDER_ID, user_id=USER_ID)
ADAS_BIG_ORDER_PLACED = OrderPlaced(
    order_id=BIG_ORDER_ID, user_id=USER_ID, lines=(_teapots(3),), currency="EUR", total=Decimal("73.50")
)
ADAS_BIG_ORDER_CANCELLED = OrderCancelled(order_id=BIG_ORDER_ID, user_id=USER_ID, reason="InsufficientFunds")
ADAS_UNLUCKY_ORDER_PLACED = OrderPlaced(
    order_id=UNLUCKY_ORDER_ID,
    user_id=USER_ID,
    lines=(_tea(1), _teapots(2)),
    currency="EUR",
    total=Decimal("53.95"),
    confirm_within_seconds=60,
)
ADAS_UNLUCKY_ORDER_CANCELLED = OrderCancelled(order_id=UNLUCKY_ORDER_ID, user_id=USER_ID, reason="InsufficientStock")
