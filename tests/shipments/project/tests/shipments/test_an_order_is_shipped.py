"""A confirmed order is shipped by the saga, over two contexts of Annals and this one."""

from decimal import Decimal

from contracts.inventory.commands import ReceiveStock
from contracts.orders.commands import PlaceOrder
from contracts.orders.lines import OrderLine
from contracts.payments.commands import DepositFunds
from infra.testing.installation import Installation, installation
from shipments.context import context
from shipments.contracts.commands import CancelShipment, DeliverShipment, DispatchShipment


async def _confirmed_order(annals: Installation) -> None:
    lines = (OrderLine(sku="tea", quantity=2, unit_price=Decimal("4.95")),)
    for command in (
        DepositFunds(user_id="ada", amount=Decimal(100), currency="EUR"),
        ReceiveStock(sku="tea", quantity=5),
        PlaceOrder(order_id="o-1", user_id="ada", lines=lines, currency="EUR"),
    ):
        assert (await annals.send(command)).status == "accepted"


async def test_from_its_confirmation_to_its_delivery() -> None:
    async with installation(context) as annals:
        await _confirmed_order(annals)
        (card,) = annals.read_model("shipments").find("order", "o-1")
        assert card["status"] == "booked"
        await annals.let_pass(7 * 86_400)
        assert annals.saga("shipping", "o-1").status == "booked"
        await annals.send(DispatchShipment(shipment_id="o-1", tracking="T-1"))
        assert annals.read_model("orders")["o-1"]["status"] == "shipped"
        await annals.send(DeliverShipment(shipment_id="o-1"))
        assert annals.read_model("orders")["o-1"]["status"] == "delivered"
        assert annals.saga("shipping", "o-1").status == "completed"
        assert [step["type"] for step in annals.read_model("shipments")["o-1"]["timeline"]] == [
            *("ShipmentBooked", "ShipmentDispatched", "ShipmentDelivered")
        ]


async def test_until_it_is_called_off() -> None:
    async with installation(context) as annals:
        await _confirmed_order(annals)
        await annals.send(CancelShipment(shipment_id="o-1"))
        assert annals.saga("shipping", "o-1").status == "cancelled"
        assert annals.read_model("orders")["o-1"]["status"] == "confirmed"
