"""The pieces of a SKU that are reserved for orders."""

from collections.abc import Iterator

from contracts.inventory.commands import ReleaseStock
from workers.core.holding import Holding
from workers.domain.inventory.decider import StockState


def holdings(sku: str, state: StockState) -> Iterator[Holding]:
    """Each open reservation."""
    for group in state.reservations.values():
        for order_id, quantity in group.items():
            yield Holding("inventory", sku, order_id, str(quantity), "pieces", ReleaseStock.name)
