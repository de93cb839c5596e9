"""What accounts and SKUs keep for orders, as a verification reads it: each open reservation and what ends it."""

from decimal import Decimal
from typing import Any

from contracts.inventory.events import StockReceived, StockReleased, StockReserved, StockShipped
from contracts.payments.events import FundsCaptured, FundsDeposited, FundsReleased, FundsReserved
from workers.core.holding import Holding
from workers.domain.inventory import context as inventory
from workers.domain.payments import context as payments
from workers.testing.scenarios import folded

RECEIVED = StockReceived(sku="tea", quantity=9)
DEPOSITED = FundsDeposited(user_id="ada", amount=Decimal("100.00"), currency="EUR")


def stock(order_id: str, quantity: int) -> dict[str, Any]:
    return {"sku": "tea", "order_id": order_id, "quantity": quantity}


def funds(order_id: str, amount: str) -> dict[str, Any]:
    return {"user_id": "ada", "order_id": order_id, "amount": Decimal(amount), "currency": "EUR"}


def test_is_the_pieces_of_each_open_reservation_of_a_sku() -> None:
    events = (
        RECEIVED,
        *(StockReserved(**stock(*reservation)) for reservation in (("a-1", 2), ("b-2", 3), ("c-2", 1), ("d-4", 1))),
    )
    ended = (StockReleased(**stock("c-2", 1)), StockShipped(**stock("d-4", 1)))
    assert inventory.holdings is not None
    assert set(inventory.holdings("tea", folded(inventory.decider, *events, *ended))) == {
        Holding("inventory", "tea", "a-1", "2", "pieces", "ReleaseStock"),
        Holding("inventory", "tea", "b-2", "3", "pieces", "ReleaseStock"),
    }
    assert not list(inventory.holdings("tea", inventory.decider.initial))


def test_is_the_money_of_each_open_reservation_of_an_account_with_both_digits_of_its_cents() -> None:
    events = (
        DEPOSITED,
        *(
            FundsReserved(**funds(*reservation))
            for reservation in (("a", "2.5"), ("b", "3.00"), ("c", "1"), ("d", "4"))
        ),
    )
    ended = (FundsReleased(**funds("c", "1")), FundsCaptured(**funds("d", "4")))
    assert payments.holdings is not None
    assert set(payments.holdings("ada", folded(payments.decider, *events, *ended))) == {
        Holding("payments", "ada", "a", "2.50", "EUR", "ReleaseFunds"),
        Holding("payments", "ada", "b", "3.00", "EUR", "ReleaseFunds"),
    }
    assert not list(payments.holdings("ada", payments.decider.initial))
