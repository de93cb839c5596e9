"""The stock of a tea shop: what came in, and what became of the goods of Ada's orders. The orders stand beside it, in
contracts/orders/examples.py.
"""

from contracts.inventory.commands import ReceiveStock, ReleaseStock, ReserveStock, ShipStock
from contracts.inventory.events import StockDeclined, StockReceived, StockReleased, StockReserved, StockShipped
from contracts.orders.examples import ORDER_ID, TEA, TEAPOT, UNLUCKY_ORDER_ID

RECEIVE_TEA = ReceiveStock(sku=TEA, quantity=200)
RESERVE_TEA_FOR_ADAS_ORDER = ReserveStock(sku=TEA, order_id=ORDER_ID, quantity=2)
SHIP_TEA_OF_ADAS_ORDER = ShipStock(sku=TEA, order_id=ORDER_ID)
RESERVE_TEA_FOR_ADAS_UNLUCKY_ORDER = ReserveStock(sku=TEA, order_id=UNLUCKY_ORDER_ID, quantity=1)
RELEASE_TEA_OF_ADAS_UNLUCKY_ORDER = ReleaseStock(sku=TEA, order_id=UNLUCKY_ORDER_ID)

RECEIVE_TEAPOTS = ReceiveStock(sku=TEAPOT, quantity=2)
RESERVE_A_TEAPOT_FOR_ADAS_ORDER = ReserveStock(sku=TEAPOT, order_id=ORDER_ID, quantity=1)
RESERVE_TEAPOTS_FOR_ADAS_UNLUCKY_ORDER = ReserveStock(sku=TEAPOT, order_id=UNLUCKY_ORDER_ID, quantity=2)

TEA_RECEIVED = StockReceived(sku=TEA, quantity=200)
TEA_RESERVED_FOR_ADAS_ORDER = StockReserved(sku=TEA, order_id=ORDER_ID, quantity=2)
TEA_OF_ADAS_ORDER_SHIPPED = StockShipped(sku=TEA, order_id=ORDER_ID, quantity=2)
TEA_RESERVED_FOR_ADAS_UNLUCKY_ORDER = StockReserved(sku=TEA, order_id=UNLUCKY_ORDER_ID, quantity=1)
TEA_OF_ADAS_UNLUCKY_ORDER_RELEASED = StockReleased(sku=TEA, order_id=UNLUCKY_ORDER_ID, quantity=1)

TEAPOTS_RECEIVED = StockReceived(sku=TEAPOT, quantity=2)
A_TEAPOT_RESERVED_FOR_ADAS_ORDER = StockReserved(sku=TEAPOT, order_id=ORDER_ID, quantity=1)
TEAPOTS_DECLINED_FOR_ADAS_UNLUCKY_ORDER = StockDeclined(
    sku=TEAPOT, order_id=UNLUCKY_ORDER_ID, quantity=2, reason="InsufficientStock"
)
