"""The money of an account that is reserved for orders."""

from collections.abc import Iterator

from contracts.money import written
from contracts.payments.commands import ReleaseFunds
from workers.core.holding import Holding
from workers.domain.payments.decider import AccountState


def holdings(user_id: str, state: AccountState) -> Iterator[Holding]:
    """Each open reservation."""
    for order_id, amount in state.reservations.items():
        yield Holding("payments", user_id, order_id, written(amount), state.currency or "", ReleaseFunds.name)
