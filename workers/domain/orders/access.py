"""Who may do what with orders. An order belongs to the user who placed it; what is done about it is for sagas and the
staff.
"""

from contracts.message import Command
from contracts.orders.commands import CancelOrder, ConfirmOrder, DeliverOrder, PlaceOrder, ShipOrder
from workers.core.access import OWNER, Access, OfSaga, Read, Scope
from workers.domain.orders.decider import OrderState

READERS, WRITERS = Scope("orders.read"), Scope("orders.write")
FULFILMENT, CLOSING = OfSaga("fulfilment"), OfSaga("account closing")


def owner(_: str, state: OrderState) -> str | None:
    return state.user_id or None


def founder(command: Command) -> str | None:
    return command.user_id if isinstance(command, PlaceOrder) else None


access = Access(
    commands={
        PlaceOrder: (WRITERS, OWNER),
        CancelOrder: (WRITERS, OWNER, FULFILMENT, CLOSING),
        ConfirmOrder: (FULFILMENT,),
        ShipOrder: (WRITERS,),
        DeliverOrder: (WRITERS,),
    },
    reads={
        Read.CARD: (READERS, OWNER),
        Read.PAST: (READERS, OWNER),
        Read.HISTORY: (READERS, OWNER),
        Read.FIND: (READERS, OWNER),
        Read.OUTCOME: (READERS, OWNER),
        Read.CORRELATION: (READERS, OWNER),
        Read.ANALYTICS: (READERS,),
    },
    owner=owner,
    founder=founder,
    owner_in=lambda card: str(card["user_id"]),
)
