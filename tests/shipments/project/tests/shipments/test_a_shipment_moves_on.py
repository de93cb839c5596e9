"""A shipment goes from its booking to the customer, or is called off before."""

from shipments.contracts.commands import BookShipment
from shipments.contracts.examples import (
    BOOK,
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
