"""The stock card: how many pieces of a SKU are on hand, and how many of them are reserved for orders."""

from typing import assert_never, cast

from contracts.inventory.events import (
    InventoryEvent,
    StockDeclined,
    StockReceived,
    StockReleased,
    StockReserved,
    StockShipped,
)
from workers.core.projection import Document, Index, Projection
from workers.core.recorded import Recorded


def evolve(card: Document | None, recorded: Recorded) -> Document:
    """The next card. Any event creates one: a SKU with only a declined reservation has a card with zero pieces.

    `on_hand` is received less shipped; `available` is `on_hand` less `reserved`.
    """
    event = cast(InventoryEvent, recorded.event)
    on_hand, reserved = (0, 0) if card is None else (card["on_hand"], card["reserved"])
    match event:
        case StockReceived():
            on_hand += event.quantity
        case StockReserved():
            reserved += event.quantity
        case StockDeclined():
            pass
        case StockReleased():
            reserved -= event.quantity
        case StockShipped():
            on_hand -= event.quantity
            reserved -= event.quantity
        case _:
            assert_never(event)
    return {
        "sku": event.sku,
        "on_hand": on_hand,
        "reserved": reserved,
        "available": on_hand - reserved,
        "version": recorded.stream_version,
    }


def indexes(_: Document) -> frozenset[Index]:
    """None: a stock card is looked up by its SKU."""
    return frozenset()


card = Projection(name="stock", context="inventory", evolve=evolve, indexes=indexes)
