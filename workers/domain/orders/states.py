"""An order's states as one table: what each command leads to in each of them. The decider looks its answers up here,
and the diagram in the documents is drawn from here.

    placed ──▶ confirmed ──▶ shipped ──▶ delivered        placed ──▶ cancelled

A confirmed order is final: its money is taken, and nothing gives it back. So whichever of ConfirmOrder and CancelOrder
comes first wins, and the other is rejected. A command that asks for the state that the order is in is quiet.
"""

from collections.abc import Mapping
from typing import Literal

from contracts.orders.commands import CancelOrder, ConfirmOrder, DeliverOrder, OrderCommand, PlaceOrder, ShipOrder
from contracts.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderShipped,
)
from workers.core.state_table import QUIET, StateTable

Status = Literal["unborn", "placed", "confirmed", "cancelled", "shipped", "delivered"]
Code = Literal["OrderAlreadyExists", "OrderNotFound", "InvalidTransition"]
Answer = type[OrderEvent] | Literal["quiet"] | Code
"""The event that a command leads to, that nothing changes, or the code of the rejection."""

COMMANDS: tuple[type[OrderCommand], ...] = (PlaceOrder, ConfirmOrder, CancelOrder, ShipOrder, DeliverOrder)
STATUS_AFTER: Mapping[type[OrderEvent], Status] = {
    OrderPlaced: "placed",
    OrderConfirmed: "confirmed",
    OrderCancelled: "cancelled",
    OrderShipped: "shipped",
    OrderDelivered: "delivered",
}

EXISTS: Code = "OrderAlreadyExists"
NOT_FOUND: Code = "OrderNotFound"
NO: Code = "InvalidTransition"

# Columns in the order of COMMANDS:   place        confirm         cancel          ship          deliver
_ROWS: Mapping[Status, tuple[Answer, Answer, Answer, Answer, Answer]] = {
    "unborn":                        (OrderPlaced, NOT_FOUND,      NOT_FOUND,      NOT_FOUND,    NOT_FOUND),
    "placed":                        (EXISTS,      OrderConfirmed, OrderCancelled, NO,           NO),
    "confirmed":                     (EXISTS,      QUIET,          NO,             OrderShipped, NO),
    "cancelled":                     (EXISTS,      NO,             QUIET,          NO,           NO),
    "shipped":                       (EXISTS,      NO,             NO,             QUIET,        OrderDelivered),
    "delivered":                     (EXISTS,      NO,             NO,             NO,           QUIET),
}  # fmt: skip

TABLE: StateTable[Status, Code] = StateTable("unborn", COMMANDS, _ROWS, STATUS_AFTER)
diagram = TABLE.diagram
