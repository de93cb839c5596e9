"""The saga "shipping": a confirmed order is booked with a carrier; when the shipment is dispatched and delivered, the
order is told. There is one instance for each order, under the order's id, which is the shipment's id as well.

    new --OrderConfirmed--> book --ShipmentBooked--> booked --ShipmentDispatched--> ship --OrderShipped--> under way
        --ShipmentDelivered--> deliver --OrderDelivered--> completed        booked --ShipmentCancelled--> cancelled

Of each status with a verb the name is the next action, which waits for its answer (core/answers.py); in `booked` and
`under way` the carrier has its time.
"""

from typing import Any, Literal

from contracts.message import Command
from contracts.orders.commands import DeliverOrder, ShipOrder
from contracts.orders.events import OrderConfirmed, OrderDelivered, OrderShipped
from shipments.contracts.commands import BookShipment
from shipments.contracts.events import ShipmentBooked, ShipmentCancelled, ShipmentDelivered, ShipmentDispatched
from shipments.contracts.fields import Carrier
from workers.core.answers import ANSWER, Unanswered, answered, is_in_vain, wait_for_answer
from workers.core.recorded import Recorded
from workers.core.saga import Consequence, DeadlinePassed, Saga, SagaState, Step

Status = Literal["new", "book", "booked", "ship", "under way", "deliver", "completed", "cancelled", "stuck"]


class ShippingState(SagaState):
    """What has happened. `asked_by`: the event that the action of the present status follows from."""

    is_confirmed: bool = False
    is_booked: bool = False
    is_dispatched: bool = False
    tracking: str | None = None
    is_shipped: bool = False
    is_delivered: bool = False
    is_completed: bool = False
    is_cancelled: bool = False
    asked_by: str = ""
    unanswered: Unanswered = 0

    @property
    def status(self) -> Status:
        if self.is_completed or self.is_cancelled:
            return "completed" if self.is_completed else "cancelled"
        if not self.is_confirmed:
            return "new"
        if is_in_vain(self.unanswered):
            return "stuck"
        if not self.is_booked:
            return "book"
        if not self.is_shipped:
            return "ship" if self.is_dispatched else "booked"
        return "deliver" if self.is_delivered else "under way"


def correlate(recorded: Recorded) -> str:
    """Of the events of orders and of shipments alike."""
    return str(getattr(recorded.event, "order_id", recorded.stream_id))


def evolve(state: ShippingState, recorded: Recorded) -> ShippingState:
    if isinstance(recorded.event, DeadlinePassed):
        changed = state.with_facts(unanswered=state.unanswered + 1, asked_by=recorded.event_id)
        return changed if recorded.event.deadline == ANSWER else state
    after = state.with_facts(**_facts(recorded))
    if after.status != state.status or state.status == "stuck":
        return after.with_facts(asked_by=recorded.event_id, unanswered=0)
    return after


def _facts(recorded: Recorded) -> dict[str, Any]:
    match recorded.event:
        case OrderConfirmed():
            return {"is_confirmed": True}
        case ShipmentBooked():
            return {"is_booked": True}
        case ShipmentDispatched(tracking=tracking):
            return {"is_booked": True, "is_dispatched": True, "tracking": tracking}
        case ShipmentDelivered():
            return {"is_booked": True, "is_dispatched": True, "is_delivered": True}
        case ShipmentCancelled():
            return {"is_cancelled": True}
        case OrderShipped():
            return {"is_shipped": True}
        case OrderDelivered():
            return {"is_shipped": True, "is_completed": True}
        case _:
            return {}


def decide(state: ShippingState, recorded: Recorded) -> tuple[Consequence, ...]:
    action = _action(state, correlate(recorded))
    if action is None:
        return () if state.status in {"new", "stuck"} else (answered(),)
    if state.asked_by != recorded.event_id:
        return ()
    return (Step(state.status, action), wait_for_answer(state.unanswered))


def _action(state: ShippingState, order_id: str) -> Command | None:
    match state.status:
        case "book":
            return BookShipment(shipment_id=order_id, order_id=order_id, carrier=Carrier.PARCEL_POST)
        case "ship" if state.tracking is not None:
            return ShipOrder(order_id=order_id, tracking=state.tracking)
        case "ship":
            return ShipOrder(order_id=order_id)
        case "deliver":
            return DeliverOrder(order_id=order_id)
        case _:
            return None


shipping = Saga(
    name="shipping",
    reacts_to=frozenset(
        {
            *(OrderConfirmed, OrderShipped, OrderDelivered),
            *(ShipmentBooked, ShipmentDispatched, ShipmentDelivered, ShipmentCancelled),
        }
    ),
    initial=ShippingState(),
    correlate=correlate,
    evolve=evolve,
    decide=decide,
    settled_statuses=frozenset({"completed", "cancelled", "stuck"}),
    idle_statuses=frozenset({"booked", "under way"}),
)
