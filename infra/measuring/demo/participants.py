"""The users, goods and orders of one run of the demo, under ids that no other run uses."""

from decimal import Decimal
from typing import NamedTuple
from uuid import uuid4

from contracts.inventory.commands import ReceiveStock
from contracts.orders.commands import PlaceOrder
from contracts.orders.lines import OrderLine
from contracts.payments.commands import DepositFunds
from contracts.users.commands import CreateUser

CURRENCY = "EUR"
PRICES = {"tea": Decimal("4.95"), "honey": Decimal("7.50"), "teapot": Decimal("24.50")}
STOCK = {"tea": 20, "honey": 1, "teapot": 4}


class Participants(NamedTuple):
    """Two users and three SKUs; `run` is part of every id."""

    run: str

    @property
    def users(self) -> dict[str, str]:
        """The users' ids by their names."""
        return {name: f"{name.lower()}-{self.run}" for name in ("Ada", "Bob")}

    @property
    def skus(self) -> dict[str, str]:
        """The SKUs by the name of the goods."""
        return {goods: f"{goods}-{self.run}" for goods in STOCK}

    def order_id(self, name: str) -> str:
        """An order's id."""
        return f"order-{name}-{self.run}"

    def sign_up(self, name: str) -> CreateUser:
        user_id = self.users[name]
        return CreateUser(user_id=user_id, first_name=name, last_name="Demo", email=f"{user_id}@example.org")

    def deposit(self, name: str, amount: str) -> DepositFunds:
        return DepositFunds(user_id=self.users[name], amount=Decimal(amount), currency=CURRENCY)

    def receive(self, goods: str) -> ReceiveStock:
        return ReceiveStock(sku=self.skus[goods], quantity=STOCK[goods])

    def order(self, order: str, user: str, goods: dict[str, int], within_seconds: int | None = None) -> PlaceOrder:
        """An order of these goods, each with its quantity."""
        within = {} if within_seconds is None else {"confirm_within_seconds": within_seconds}
        lines = tuple(
            OrderLine(sku=self.skus[name], quantity=quantity, unit_price=PRICES[name])
            for name, quantity in goods.items()
        )
        return PlaceOrder(
            order_id=self.order_id(order), user_id=self.users[user], lines=lines, currency=CURRENCY, **within
        )


def new_participants() -> Participants:
    """Participants with new ids."""
    return Participants(uuid4().hex[:8])
