"""A shipment goes from its booking to the customer, or is called off before."""

from decimal import Decimal

from infra.testing.installation import installation
from shipments.context import context
from shipments.contracts.commands import BookShipment
from shipments.contracts.examples import (
    BOOK,
    BOOK_ANOTHER,
    BOOKED,
    CANCEL,
    CANCELLED,
    DELIVER,
    DELIVERED,
    DISPATCH,
    DISPATCHED,
)
from shipments.contracts.fields import Carrier
from shipments.decider import decider
from workers.testing.scenarios import given

CALL_OFF = CANCEL.model_copy(update={"shipment_id": "s-1"})
CALLED_OFF = CANCELLED.model_copy(update={"shipment_id": "s-1", "order_id": "o-1"})


def test_from_its_booking_to_the_customer() -> None:
    given(decider).when(BOOK).then(BOOKED)
    given(decider, BOOKED).when(DISPATCH).then(DISPATCHED)
    given(decider, BOOKED, DISPATCHED).when(DELIVER).then(DELIVERED)


def test_is_called_off_only_before_it_is_dispatched() -> None:
    given(decider, BOOKED).when(CALL_OFF).then(CALLED_OFF)
    given(decider, BOOKED, DISPATCHED).when(CALL_OFF).then_rejected("InvalidTransition")
    given(decider, BOOKED, CALLED_OFF).when(DISPATCH).then_rejected("InvalidTransition")
    given(decider).when(DISPATCH).then_rejected("ShipmentNotFound")


def test_is_booked_once() -> None:
    other = BookShipment(shipment_id="s-1", order_id="o-9", carrier=Carrier.COURIER)
    given(decider, BOOKED).when(BOOK).then_nothing()
    given(decider, BOOKED).when(other).then_rejected("ShipmentAlreadyExists")
    heavier = BOOK.model_copy(update={"weight": Decimal("12.501")})
    given(decider, BOOKED).when(heavier).then_rejected("ShipmentAlreadyExists")


async def test_the_card_says_what_the_carrier_has_to_lift() -> None:
    async with installation(context) as annals:
        await annals.send(BOOK)
        await annals.send(BOOK_ANOTHER)
        documents = [annals.read_model("shipments").find("order", order_id) for order_id in ("o-1", "o-2")]
    assert [document["weight"] for (document,) in documents] == ["12.500", None]
