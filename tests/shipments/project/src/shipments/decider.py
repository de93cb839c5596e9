"""The write side of shipments. The table in `states` says which command leads to which event in which state."""

from typing import Any, NamedTuple, assert_never

from shipments.contracts.commands import (
    BookShipment,
    CancelShipment,
    DeliverShipment,
    DispatchShipment,
    ShipmentCommand,
)
from shipments.contracts.events import (
    ShipmentBooked,
    ShipmentCancelled,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentEvent,
)
from shipments.states import AFTER, TABLE, Code, Status
from workers.core.decider import QUIET, Decider, Decision, Rejection


class ShipmentState(NamedTuple):
    """What decisions need to know of one shipment. `booked`: what was booked, as the command says it."""

    status: Status = "unborn"
    order_id: str = ""
    booked: str = ""


def decide(state: ShipmentState, command: ShipmentCommand) -> Decision | Rejection:
    match TABLE[state.status, type(command)]:
        case "quiet":
            return QUIET
        case str(code):
            if isinstance(command, BookShipment) and state.booked == _booked(command):
                return QUIET
            return _rejection(code, state, command)
    return Decision(events=(_event(state, command),))


def evolve(state: ShipmentState, event: ShipmentEvent) -> ShipmentState:
    booked = _booked(event) if isinstance(event, ShipmentBooked) else state.booked
    return ShipmentState(AFTER[type(event)], event.order_id, booked)


def _event(state: ShipmentState, command: ShipmentCommand) -> ShipmentEvent:
    shipment_id, order_id = command.shipment_id, state.order_id
    match command:
        case BookShipment():
            return ShipmentBooked(**command.model_dump(exclude_unset=True))
        case DispatchShipment():
            return ShipmentDispatched(shipment_id=shipment_id, order_id=order_id, **_given(tracking=command.tracking))
        case DeliverShipment():
            return ShipmentDelivered(shipment_id=shipment_id, order_id=order_id)
        case CancelShipment():
            return ShipmentCancelled(shipment_id=shipment_id, order_id=order_id, **_given(reason=command.reason))
        case _:
            assert_never(command)


def _booked(message: BookShipment | ShipmentBooked) -> str:
    return f"{message.order_id} by {message.carrier} on {message.pick_up_on}, {message.weight} kg"


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _rejection(code: Code, state: ShipmentState, command: ShipmentCommand) -> Rejection:
    match code:
        case "ShipmentAlreadyExists":
            return Rejection(code, f"The shipment id {command.shipment_id} is already in use.")
        case "ShipmentNotFound":
            return Rejection(code, f"There is no shipment {command.shipment_id}.")
        case "InvalidTransition":
            return Rejection(
                code, f"{command.name} cannot be done: the shipment {command.shipment_id} is {state.status}."
            )
        case _:
            assert_never(code)


decider = Decider(ShipmentState(), decide, evolve)
