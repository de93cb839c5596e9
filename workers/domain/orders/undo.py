"""The command that undoes the last change of an order: only the placing of one can be undone, by cancelling it.

A pure function of the stream's history. Its command is an ordinary one and may still be rejected: the order may be
confirmed by the time that the command arrives.
"""

from collections.abc import Sequence

from contracts.message import Command
from contracts.orders.commands import CancelOrder
from contracts.orders.events import OrderPlaced
from workers.core.decider import Rejection
from workers.core.recorded import Recorded

REASON = "undone"


def undo(history: Sequence[Recorded]) -> Command | Rejection:
    """CancelOrder when the order was just placed, else the rejection NothingToUndo with the reason.

    `history` is the whole of the stream, at least one event.
    """
    event = history[-1].event
    if isinstance(event, OrderPlaced):
        return CancelOrder(order_id=event.order_id, reason=REASON)
    return Rejection(
        "NothingToUndo",
        f"The last change of the order {event.stream_id} is {event.name}, which has no inverse: only a placed order "
        "can be taken back, by cancelling it.",
        {"event": event.name},
    )
