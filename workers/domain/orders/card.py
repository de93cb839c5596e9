"""The order card: an order, its lines and what happened to it when; and each user's orders in the order of events.

Orders of one batch have the same time; their position in the lane tells which came first. The stored card has it as
`placed_sequence`, which is not shown. A card that an earlier release began has none and is sorted by its time alone,
until the read model is rebuilt.
"""

from typing import assert_never, cast

from contracts.money import written
from contracts.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderShipped,
)
from workers.core.projection import Document, Index, Projection
from workers.core.recorded import Recorded
from workers.core.timeline import begun, begun_at, moved_on
from workers.domain.orders.states import STATUS_AFTER

BY_USER = "user"
SEQUENCE = "placed_sequence"
SEQUENCE_DIGITS = 19
# Between the time and the sequence in the order of an entry; and what comes behind every sequence.
BESIDES = " "
BEHIND = "~"


def placed_by(user_id: str) -> Index:
    """Where the cards of this user's orders are found. Each card's own entry has time and sequence as its `order`."""
    return Index(BY_USER, user_id)


def placed_until(moment: str) -> str:
    """The greatest `order` of what was placed at a moment (RFC 3339 text as events have it) or before."""
    return moment + BEHIND


def time_in(order: str) -> str:
    """The time in the `order` of an entry."""
    return order.partition(BESIDES)[0]


def placed_at(card: Document) -> str:
    """When the order was placed: RFC 3339 text, by the database's clock."""
    return begun_at(card)


def evolve(card: Document | None, recorded: Recorded) -> Document | None:
    """The next card. Only an OrderPlaced begins one; any other event of an order without a card leaves none.

    The timeline has one entry for each event, at most four by the table of states.
    """
    event = cast(OrderEvent, recorded.event)
    if isinstance(event, OrderPlaced):
        card = begun(
            recorded,
            order_id=event.order_id,
            user_id=event.user_id,
            status=STATUS_AFTER[OrderPlaced],
            reason=None,
            total=written(event.total),
            currency=event.currency,
            lines=[line.model_dump(mode="json") for line in event.lines],
        )
        return {**card, SEQUENCE: recorded.sequence}
    if card is None:
        return None
    following = moved_on(card, recorded, status=STATUS_AFTER[type(event)])
    match event:
        case OrderCancelled():
            return {**following, "reason": event.reason}
        case OrderConfirmed() | OrderShipped() | OrderDelivered():
            return following
        case _:
            assert_never(event)


def indexes(card: Document) -> frozenset[Index]:
    """The card's entry in the list of its user's orders."""
    order = placed_at(card)
    if SEQUENCE in card:
        order += f"{BESIDES}{card[SEQUENCE]:0{SEQUENCE_DIGITS}}"
    return frozenset({placed_by(card["user_id"])._replace(order=order)})


card = Projection(name="orders", context="orders", evolve=evolve, indexes=indexes, searchable=(BY_USER,))
