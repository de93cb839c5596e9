"""Laws of the write side of every context."""

from typing import ClassVar

from contracts.catalogue import catalogue
from workers.domain import contexts
from workers.testing.laws import DeciderLaws


def test_belongs_to_a_published_context_and_each_published_context_has_one() -> None:
    assert tuple(contexts()) == catalogue().contexts
    assert all(context.name == name for name, context in contexts().items())


class TestEveryDecider(DeciderLaws):
    contexts = tuple(contexts().values())
    loud_when_repeated: ClassVar = {
        "users.PasswordChanged.v1": "the state does not know the hash, so it cannot tell whether the password differs",
        "payments.FundsDeposited.v1": "a second deposit of the same amount is more money",
        "payments.FundsDeclined.v1": "who asks again waits for an answer again, and by then there may be enough",
        "inventory.StockReceived.v1": "a second receipt of the same quantity is more stock",
        "inventory.StockDeclined.v1": "who asks again waits for an answer again, and by then there may be enough",
    }
    adding_up = frozenset({"payments.FundsDeposited.v1", "inventory.StockReceived.v1"})
