"""A shipment's states as one table."""

from collections.abc import Mapping
from typing import Literal

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
from workers.core.state_table import QUIET, StateTable

Status = Literal["unborn", "booked", "dispatched", "delivered", "cancelled"]
Code = Literal["ShipmentAlreadyExists", "ShipmentNotFound", "InvalidTransition"]

EXISTS: Code = "ShipmentAlreadyExists"
MISSING: Code = "ShipmentNotFound"
NO: Code = "InvalidTransition"

AFTER: Mapping[type[ShipmentEvent], Status] = {
    ShipmentBooked: "booked",
    ShipmentDispatched: "dispatched",
    ShipmentDelivered: "delivered",
    ShipmentCancelled: "cancelled",
}
COMMANDS: tuple[type[ShipmentCommand], ...] = (BookShipment, DispatchShipment, DeliverShipment, CancelShipment)

TABLE: StateTable[Status, Code] = StateTable(
    unborn="unborn",
    commands=COMMANDS,
    rows={
        #              book            dispatch            deliver            cancel
        "unborn":     (ShipmentBooked, MISSING,            MISSING,           MISSING),
        "booked":     (EXISTS,         ShipmentDispatched, NO,                ShipmentCancelled),
        "dispatched": (EXISTS,         QUIET,              ShipmentDelivered, NO),
        "delivered":  (EXISTS,         NO,                 QUIET,             NO),
        "cancelled":  (EXISTS,         NO,                 NO,                QUIET),
    },
    after=AFTER,
)  # fmt: skip
