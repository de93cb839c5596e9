"""The inventory write side: how many pieces of one SKU are on hand, and for which orders they are reserved.

Reservations never exceed what is on hand, so the available pieces are never below zero. A decline is an event and no
rejection: a saga reads it from the log. Every valid stream id is a SKU, with nothing on hand at first.

Only open reservations are kept: those of orders that wait for the SKU to be shipped or released.
"""

from typing import NamedTuple, assert_never

from contracts.inventory.commands import InventoryCommand, ReceiveStock, ReleaseStock, ReserveStock, ShipStock
from contracts.inventory.events import (
    InventoryEvent,
    StockDeclined,
    StockReceived,
    StockReleased,
    StockReserved,
    StockShipped,
)
from workers.core.decider import QUIET, Decider, Decision, Rejection
from workers.domain.inventory.reservations import NO_RESERVATIONS, Reservations, closed, opened, reserved_for

INSUFFICIENT_STOCK = "InsufficientStock"


class StockState(NamedTuple):
    """What decisions need to know of one SKU, in pieces.

    `on_hand` is received less shipped; `reserved` is the sum of the open `reservations`.
    """

    on_hand: int = 0
    reserved: int = 0
    reservations: Reservations = NO_RESERVATIONS

    @property
    def available(self) -> int:
        """How many pieces can still be reserved."""
        return self.on_hand - self.reserved


def receive(_: StockState, command: ReceiveStock) -> Decision:
    """Never quiet: a second receipt of the same quantity is more stock."""
    return Decision(events=(StockReceived.model_construct(sku=command.sku, quantity=command.quantity),))


def reserve(state: StockState, command: ReserveStock) -> Decision | Rejection:
    """One open reservation per order: while there is one, a command for the same quantity is quiet, and one for another
    quantity is rejected. So a quiet answer means that exactly this quantity is reserved.
    """
    reserved = reserved_for(state.reservations, command.order_id)
    if reserved is not None:
        return QUIET if reserved == command.quantity else _differs(command, reserved)
    sku, order_id, quantity = command.sku, command.order_id, command.quantity
    if quantity > state.available:
        declined = StockDeclined.model_construct(
            sku=sku, order_id=order_id, quantity=quantity, reason=INSUFFICIENT_STOCK
        )
        return Decision(events=(declined,))
    return Decision(events=(StockReserved.model_construct(sku=sku, order_id=order_id, quantity=quantity),))


def release(state: StockState, command: ReleaseStock) -> Decision | Rejection:
    quantity = reserved_for(state.reservations, command.order_id)
    if quantity is None:
        return _no_reservation(command)
    return Decision(
        events=(StockReleased.model_construct(sku=command.sku, order_id=command.order_id, quantity=quantity),)
    )


def ship(state: StockState, command: ShipStock) -> Decision | Rejection:
    quantity = reserved_for(state.reservations, command.order_id)
    if quantity is None:
        return _no_reservation(command)
    return Decision(
        events=(StockShipped.model_construct(sku=command.sku, order_id=command.order_id, quantity=quantity),)
    )


def decide(state: StockState, command: InventoryCommand) -> Decision | Rejection:
    match command:
        case ReceiveStock():
            return receive(state, command)
        case ReserveStock():
            return reserve(state, command)
        case ReleaseStock():
            return release(state, command)
        case ShipStock():
            return ship(state, command)
        case _:
            assert_never(command)


def evolve(state: StockState, event: InventoryEvent) -> StockState:
    match event:
        case StockReceived():
            return state._replace(on_hand=state.on_hand + event.quantity)
        case StockReserved():
            return state._replace(
                reserved=state.reserved + event.quantity,
                reservations=opened(state.reservations, event.order_id, event.quantity),
            )
        case StockDeclined():
            return state
        case StockReleased():
            return _closed(state, event)
        case StockShipped():
            return _closed(state, event)._replace(on_hand=state.on_hand - event.quantity)
        case _:
            assert_never(event)


def _closed(state: StockState, event: StockReleased | StockShipped) -> StockState:
    return state._replace(
        reserved=state.reserved - event.quantity, reservations=closed(state.reservations, event.order_id)
    )


def _differs(command: ReserveStock, reserved: int) -> Rejection:
    return Rejection(
        "ReservationDiffers",
        f"{reserved} pieces of the SKU {command.sku} are reserved for the order {command.order_id}, not "
        f"{command.quantity}: release them first.",
        {"reserved": reserved, "asked": command.quantity},
    )


def _no_reservation(command: ReleaseStock | ShipStock) -> Rejection:
    return Rejection(
        "ReservationNotFound", f"Nothing of the SKU {command.sku} is reserved for the order {command.order_id}."
    )


decider = Decider(StockState(), decide, evolve)
