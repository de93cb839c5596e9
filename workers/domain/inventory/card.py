"""The stock card: how many pieces of a SKU are there, and how many of them are set aside for orders."""

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
    """The next card. Any event begins one: a SKU that was only asked for has a card with nothing on it.

    `on_hand` is received less shipped, `available` is what of it is not reserved.
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
    """A SKU's stock is found by the SKU alone."""
    return frozenset()


card = Projection(name="stock", context="inventory", evolve=evolve, indexes=indexes)
