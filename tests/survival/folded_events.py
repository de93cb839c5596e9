"""The event table, folded by the deciders: money and goods must add up, and no order may be left open."""

from collections import Counter
from decimal import Decimal
from typing import Any, NamedTuple

from contracts.catalogue import catalogue
from tests.system import System
from workers.core.folding import fold
from workers.domain import contexts


class FoldedEvents(NamedTuple):
    """The states and the events of all streams, by context and stream."""

    states: dict[str, dict[str, Any]]
    events: dict[str, dict[str, list[Any]]]

    def named(self, context: str, name: str) -> list[Any]:
        """All events of a context with this name."""
        return [event for events in self.events[context].values() for event in events if event.name == name]


async def read_folded_events(system: System) -> FoldedEvents:
    """Read and fold the whole event table."""
    events: dict[str, dict[str, list[Any]]] = {name: {} for name in contexts()}
    rows = await system.database.fetch(
        "SELECT context, stream_id, type, schema_version, data FROM annals.events"
        " ORDER BY context, stream_id, stream_version"
    )
    for row in rows:
        context, stream_id = row["context"], row["stream_id"]
        model = catalogue().events[f"{context}.{row['type']}.v{row['schema_version']}"]
        events[context].setdefault(stream_id, []).append(model.model_validate_json(row["data"]))
    states = {
        name: {stream_id: fold(context.decider, history) for stream_id, history in events[name].items()}
        for name, context in contexts().items()
    }
    return FoldedEvents(states, events)


def money_adds_up(folded: FoldedEvents) -> None:
    """Deposits = balances + captured; no reservation is left; captured = confirmed orders."""
    deposits: Decimal = sum((event.amount for event in folded.named("payments", "FundsDeposited")), Decimal(0))
    captured: Decimal = sum((event.amount for event in folded.named("payments", "FundsCaptured")), Decimal(0))
    accounts = folded.states["payments"].values()
    assert sum((account.balance for account in accounts), Decimal(0)) + captured == deposits
    assert [account for account in accounts if account.reservations] == []
    paid = Counter(event.order_id for event in folded.named("payments", "FundsCaptured"))
    confirmed = Counter(event.order_id for event in folded.named("orders", "OrderConfirmed"))
    assert paid == confirmed
    totals = {event.order_id: event.total for event in folded.named("orders", "OrderPlaced")}
    assert captured == sum((totals[order_id] for order_id in confirmed), Decimal(0))


def goods_add_up(folded: FoldedEvents) -> None:
    """Received = on hand + shipped; reserved for exactly the orders that are confirmed and not shipped."""
    for sku, state in folded.states["inventory"].items():
        sku_events = folded.events["inventory"][sku]
        received = sum(event.quantity for event in sku_events if event.name == "StockReceived")
        shipped = sum(event.quantity for event in sku_events if event.name == "StockShipped")
        assert received == state.on_hand + shipped, sku
    wanted: dict[tuple[str, str], int] = {}
    for order_id, events in folded.events["orders"].items():
        if folded.states["orders"][order_id].status == "confirmed":
            for line in events[0].lines:
                wanted[line.sku, order_id] = wanted.get((line.sku, order_id), 0) + line.quantity
    stock = folded.states["inventory"]
    reserved = {
        (sku, order_id): pieces
        for sku, state in stock.items()
        for group in state.reservations.values()
        for order_id, pieces in group.items()
    }
    assert reserved == wanted


def nothing_is_left_open(folded: FoldedEvents) -> None:
    """Every order has ended or waits to be shipped."""
    statuses = Counter(state.status for state in folded.states["orders"].values())
    assert statuses["placed"] == 0, statuses
