"""How far an order's fulfilment has come: what was asked for, what was answered, what is to be asked for next."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from workers.core.answers import AskedAgain
from workers.core.saga import SagaState

Part = Literal[
    "not asked",
    "asked",
    "in doubt",
    "in the way",
    "reserved",
    "foreign",
    "asked back",
    "declined",
    "released",
    "captured",
    "shipped",
]
"""Where the money, or the pieces of a SKU, stand. "foreign": something is reserved under the order's id that is not
what was asked for, or was not asked for. "in doubt": asked for, and something that was reserved under the order's id
has gone since, so that a quiet answer may be out of date. "in the way": asked for, and something else is reserved.
"""
SETTLED: frozenset[Part] = frozenset({"not asked", "declined", "released"})
"""Nothing is held, and nothing more will be."""
UNANSWERED: frozenset[Part] = frozenset({"asked", "in doubt", "in the way"})
"""It was asked for, and there is no answer that still holds."""
OPEN: frozenset[Part] = UNANSWERED | {"asked back"}
"""Something was asked, and the answer is still to come."""
THERE: frozenset[Part] = frozenset({"reserved", "captured", "shipped"})
"""The order has it, or had it."""

MONEY = ""
"""As part of the excess: no SKU is called so."""

ENDS = frozenset({"completed", "shipped", "cancelled", "stuck"})
"""The statuses in which nothing more is asked for."""

Action = Literal[
    "set_deadline",
    "clear_deadline",
    "reserve_funds",
    "reserve_stock",
    "confirm",
    "capture_funds",
    "ship_stock",
    "release_stock",
    "release_funds",
    "cancel",
]


class Next(NamedTuple):
    """Something to be asked for now; `sku` for what is about goods."""

    action: Action
    sku: str = ""


class Goods(NamedTuple):
    """The pieces of one SKU, over all lines of the order, and where they stand."""

    sku: str
    quantity: int
    part: Part = "not asked"


class FulfilmentState(SagaState):
    """`next` is what follows from the last event. `reason` is why the order is given up. `asked_again`: how many times
    an answer did not come. `excess`: what was reserved again after it was taken, and is to go back: MONEY, or SKUs.
    `asked_by`: the events that asked for what has no answer yet, by the step, and the SKU if it is about goods. Left
    out of what is stored while there is nothing, as an earlier release does not know them.
    """

    status: Literal[
        "new",
        "reserve_funds",
        "reserve_stock",
        "confirm",
        "capture_funds",
        "completed",
        "ship_stock",
        "shipped",
        "compensate",
        "cancelled",
        "stuck",
    ] = "new"
    user_id: str = ""
    total: str = "0.00"
    currency: str = ""
    deadline_seconds: int = 0
    funds: Part = "not asked"
    goods: tuple[Goods, ...] = ()
    is_confirmed: bool = False
    is_cancelled: bool = False
    is_shipped: bool = False
    reason: str | None = None
    asked_again: AskedAgain = 0
    excess: Annotated[tuple[str, ...], Field(exclude_if=lambda excess: not excess)] = ()
    asked_by: Annotated[Mapping[str, tuple[str, ...]], Field(exclude_if=lambda asked_by: not asked_by)] = {}
    next: tuple[Next, ...] = ()

    @property
    def is_given_up(self) -> bool:
        """Whether all that is held is to be given back."""
        return self.is_cancelled or self.reason is not None or self.status in ("compensate", "cancelled")

    @property
    def is_all_there(self) -> bool:
        """Whether the money and all goods are set aside for the order, or taken."""
        return self.funds in THERE and all(each.part in THERE for each in self.goods)

    @property
    def waits_for_answer(self) -> bool:
        """Whether something is asked for that has an answer other than the order's confirmation."""
        if self.excess:
            return True
        if self.status == "stuck":
            return self.is_given_up and bool(OPEN & {self.funds, *(each.part for each in self.goods)})
        is_late = self.status == "confirm" and self.reason is not None
        return is_late or self.status in ("compensate", "capture_funds", "ship_stock")
