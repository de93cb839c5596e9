"""What is ordered: users with enough money, SKUs with enough stock, so that every order is confirmed and paid."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from contracts.client.identifiers import new_identifier
from contracts.inventory.commands import ReceiveStock
from contracts.message import Command
from contracts.orders.commands import PlaceOrder
from contracts.orders.lines import OrderLine
from contracts.payments.commands import DepositFunds

USERS = 200
SKUS = 50
LINES = 2
PRICE = Decimal("4.95")
CURRENCY = "EUR"
FUNDS = Decimal(10**12)
STOCK = 1_000_000
CONFIRMATION_TIMEOUT_SECONDS = 3600
"""Longer than a burst takes, so that no order is cancelled by its deadline."""
EVENTS_AN_ORDER = 4 + LINES
"""Order placed, funds reserved, stock reserved for each line, order confirmed, funds captured; nothing is declined."""


class Shop:
    """Orders go to each user and SKU in turn."""

    def __init__(self) -> None:
        self._users = [f"user-{number}" for number in range(USERS)]
        self._skus = [f"sku-{number}" for number in range(SKUS)]
        self._placed = 0

    def opening(self) -> Sequence[Command]:
        """The commands that must be handled before the first order; each leads to one event."""
        deposits = [DepositFunds(user_id=user, amount=FUNDS, currency=CURRENCY) for user in self._users]
        return [*deposits, *(ReceiveStock(sku=sku, quantity=STOCK) for sku in self._skus)]

    def orders(self, count: int) -> Iterator[PlaceOrder]:
        """The next orders."""
        return (self.order() for _ in range(count))

    def order(self) -> PlaceOrder:
        """The next order, with a line for each of the next SKUs."""
        self._placed += 1
        skus = (self._skus[(self._placed + offset) % SKUS] for offset in range(LINES))
        return PlaceOrder(
            order_id=new_identifier(),
            user_id=self._users[self._placed % USERS],
            lines=tuple(OrderLine(sku=sku, quantity=1, unit_price=PRICE) for sku in skus),
            currency=CURRENCY,
            confirm_within_seconds=CONFIRMATION_TIMEOUT_SECONDS,
        )
