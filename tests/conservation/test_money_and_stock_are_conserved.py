"""Whatever overtakes what, is late, comes twice or is away: when all is quiet, money and stock are neither made nor
lost, no order is left open past its deadline, and nothing is held for an order that is over.
"""

from collections import Counter

import pytest

from contracts.inventory.events import StockDeclined, StockReleased, StockReserved, StockShipped
from contracts.message import Event
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderPlaced, OrderShipped
from contracts.payments.events import FundsCaptured, FundsDeclined, FundsReleased, FundsReserved
from contracts.users.events import UserDeleted
from tests.conservation.plans import harsh_plans, races
from tests.conservation.search import kept
from workers.core.saga import DeadlinePassed, StepRejected, StepUnchanged

SCHEDULES = 3000
HARSH_SCHEDULES = 1000
RACES = 1000
# What is drawn is not spread evenly; a round that has met too little is followed by another.
MOST_ROUNDS = 4

# Schedules in which these never meet would prove nothing: an event, and an instance in that status.
MUST_MEET: tuple[tuple[str, str, type[Event]], ...] = (
    ("fulfilment", "reserve_funds", FundsReserved),
    ("fulfilment", "reserve_funds", FundsDeclined),
    ("fulfilment", "reserve_funds", StepRejected),
    ("fulfilment", "reserve_funds", OrderCancelled),
    ("fulfilment", "reserve_funds", DeadlinePassed),
    ("fulfilment", "reserve_stock", StockReserved),
    ("fulfilment", "reserve_stock", StockDeclined),
    ("fulfilment", "reserve_stock", OrderCancelled),
    ("fulfilment", "reserve_stock", DeadlinePassed),
    ("fulfilment", "new", FundsReserved),
    ("fulfilment", "new", StockReserved),
    ("fulfilment", "reserve_funds", StepUnchanged),
    ("fulfilment", "reserve_funds", FundsReleased),
    ("fulfilment", "reserve_funds", FundsCaptured),
    ("fulfilment", "reserve_stock", StepUnchanged),
    ("fulfilment", "reserve_stock", FundsReleased),
    ("fulfilment", "reserve_stock", FundsCaptured),
    ("fulfilment", "confirm", FundsReleased),
    ("fulfilment", "compensate", StepUnchanged),
    ("fulfilment", "cancelled", FundsReserved),
    ("fulfilment", "completed", StockReleased),
    ("fulfilment", "completed", FundsReserved),
    ("fulfilment", "confirm", OrderConfirmed),
    ("fulfilment", "confirm", OrderCancelled),
    ("fulfilment", "confirm", DeadlinePassed),
    ("fulfilment", "compensate", FundsReserved),
    ("fulfilment", "compensate", FundsDeclined),
    ("fulfilment", "compensate", StockReserved),
    ("fulfilment", "compensate", StockDeclined),
    ("fulfilment", "compensate", StepRejected),
    ("fulfilment", "cancelled", StepRejected),
    ("fulfilment", "stuck", StockReserved),
    ("fulfilment", "reserve_stock", OrderConfirmed),
    ("fulfilment", "reserve_stock", OrderShipped),
    ("fulfilment", "capture_funds", FundsCaptured),
    ("fulfilment", "capture_funds", StepRejected),
    ("fulfilment", "capture_funds", OrderShipped),
    ("fulfilment", "completed", OrderShipped),
    ("fulfilment", "ship_stock", FundsCaptured),
    ("fulfilment", "ship_stock", StockShipped),
    ("account closing", "watch", UserDeleted),
    ("account closing", "close", OrderConfirmed),
    ("account closing", "close", OrderCancelled),
    ("account closing", "closed", OrderPlaced),
)


@pytest.mark.timeout(900)
def test_when_all_is_quiet_in_every_branch_of_the_sagas() -> None:
    """Always in the same schedules; `python -m tests.conservation` looks at others."""
    met: Counter[tuple[str, str, type[Event]]] = Counter()
    for number in range(1, MOST_ROUNDS + 1):
        met.update(kept(number, SCHEDULES).met)
        never = [(saga, status, event.name) for saga, status, event in MUST_MEET if not met[saga, status, event]]
        if not never:
            break
    assert not never, f"too tame: {never} never met in {MOST_ROUNDS} times {SCHEDULES} schedules"


@pytest.mark.timeout(900)
def test_also_when_strangers_do_whatever_they_can_at_every_moment() -> None:
    kept(1, HARSH_SCHEDULES, harsh_plans)


@pytest.mark.timeout(900)
def test_also_when_another_client_is_faster() -> None:
    kept(1, RACES, races)
