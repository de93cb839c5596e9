"""A shop for the survival tests: accounts, goods and thousands of orders, most of which can be fulfilled."""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.sent_commands import Sent, command

USERS = 60
GOODS = 12
SHARE_TOO_EXPENSIVE = 0.05
SHARE_TOO_MANY_PIECES = 0.05
SHARE_WITHOUT_ACCOUNT = 0.02
SHARE_SHORT_DEADLINE = 0.05
LONG_DEADLINE_SECONDS = 600
SHORT_DEADLINE_SECONDS = 3


class Shop(NamedTuple):
    """The commands of a shop, by kind. The test sends `cancels` and `deletions` between the `orders`."""

    users: Sequence[Sent]
    deposits: Sequence[Sent]
    receipts: Sequence[Sent]
    orders: Sequence[Sent]
    cancels: Sequence[Sent]
    deletions: Sequence[Sent]


def shop(orders: int, seed: int) -> Shop:
    """A shop with this number of orders. The same seed makes the same shop, except for the commands' ids."""
    chance = random.Random(seed)
    users = [f"user-{number}" for number in range(USERS)]
    goods = [f"sku-{number}" for number in range(GOODS)]
    placed = [_order(number, chance, users, goods) for number in range(orders)]
    cancelled = chance.sample(range(orders), orders // 12)
    return Shop(
        [_user(user) for user in users],
        [_deposit(user) for user in users],
        [_receipt(sku, orders) for sku in goods],
        placed,
        [command("orders.CancelOrder.v1", f"order-{n}", {"order_id": f"order-{n}", "reason": "no"}) for n in cancelled],
        [command("users.DeleteUser.v1", user, {"user_id": user}) for user in users[: USERS // 10]],
    )


def _user(user: str) -> Sent:
    fields = {"user_id": user, "first_name": "A", "last_name": "B", "email": f"{user}@example.org"}
    return command("users.CreateUser.v1", user, fields)


def _deposit(user: str) -> Sent:
    fields = {"user_id": user, "amount": "100000.00", "currency": "EUR"}
    return command("payments.DepositFunds.v1", user, fields)


def _receipt(sku: str, orders: int) -> Sent:
    # A little less than the average demand, so that some of the last orders are declined.
    return command("inventory.ReceiveStock.v1", sku, {"sku": sku, "quantity": max(orders * 4 // GOODS, 1)})


def _order(number: int, chance: random.Random, users: list[str], goods: list[str]) -> Sent:
    order_id = f"order-{number}"
    lines: list[dict[str, Any]] = [
        {"sku": sku, "quantity": chance.randint(1, 3), "unit_price": f"{chance.randint(1, 2000) / 100:.2f}"}
        for sku in chance.sample(goods, chance.randint(1, 3))
    ]
    if chance.random() < SHARE_TOO_EXPENSIVE:
        lines[0]["unit_price"] = "99999999.00"
    if chance.random() < SHARE_TOO_MANY_PIECES:
        lines[-1]["quantity"] = 999_999
    without_account = chance.random() < SHARE_WITHOUT_ACCOUNT
    fields = {
        "order_id": order_id,
        "user_id": f"without-account-{number}" if without_account else chance.choice(users),
        "lines": lines,
        "currency": "EUR",
        "confirm_within_seconds": (
            SHORT_DEADLINE_SECONDS if chance.random() < SHARE_SHORT_DEADLINE else LONG_DEADLINE_SECONDS
        ),
    }
    return command("orders.PlaceOrder.v1", order_id, fields)
