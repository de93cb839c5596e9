"""Where it is proven who asks, the saga may send the commands of orders that its context names. No other may."""

import pytest

from contracts.message import Command
from contracts.orders.commands import CancelOrder, DeliverOrder, ShipOrder
from contracts.principal import saga_principal
from workers.contexts import load


def may(saga: str, command: Command) -> bool:
    orders = load()["orders"]
    return orders.access.may_command(saga_principal(saga), command, command.stream_id, orders.decider.initial)


@pytest.mark.parametrize(
    "command", [ShipOrder(order_id="o-1"), DeliverOrder(order_id="o-1")], ids=lambda command: command.type
)
def test_what_its_context_says(command: Command) -> None:
    assert may("shipping", command)
    assert not may("welcome", command)


def test_and_nothing_else() -> None:
    assert not may("shipping", CancelOrder(order_id="o-1", reason="for the test"))
