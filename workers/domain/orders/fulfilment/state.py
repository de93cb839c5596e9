"""The facts of an order's fulfilment: what was asked for, what was answered, what is reserved. What follows from them
is a property here: the status, and what the instance waits for.
"""

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from workers.core.answers import Unanswered
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
"""Nothing is set aside, and nothing more will be."""
UNANSWERED: frozenset[Part] = frozenset({"asked", "in doubt", "in the way"})
"""It was asked for, and there is no answer that still holds."""
OPEN: frozenset[Part] = UNANSWERED | {"asked back"}
"""Something was asked, and the answer is still to come."""
RESERVED: frozenset[Part] = frozenset({"reserved", "foreign"})
"""Something is set aside under the order's id, and was not asked back."""
THERE: frozenset[Part] = frozenset({"reserved", "captured", "shipped"})
"""The order has it, or had it."""

MONEY = ""
"""As part of the excess: no SKU is called so."""

Status = Literal[
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
]
RESERVING: frozenset[Status] = frozenset({"reserve_funds", "reserve_stock"})
SETTLED_STATUSES: frozenset[Status] = frozenset({"completed", "shipped", "cancelled", "stuck"})
"""The statuses in which nothing more is asked for, and no event is expected."""

StepName = Literal[
    "reserve_funds",
    "reserve_stock",
    "confirm",
    "capture_funds",
    "ship_stock",
    "release_stock",
    "release_funds",
    "cancel",
]


class Ask(NamedTuple):
    """A step that was asked for and has no answer yet. `sku` is given for what is about goods. `events` are the ids of
    the events that asked for it, the first one and the latest at least.
    """

    step: StepName
    sku: str = ""
    events: tuple[str, ...] = ()

    def is_same_step(self, other: "Ask") -> bool:
        return (self.step, self.sku) == (other.step, other.sku)


class Goods(NamedTuple):
    """The pieces of one SKU, over all lines of the order, and where they stand."""

    sku: str
    quantity: int
    part: Part = "not asked"


class FulfilmentState(SagaState):
    """`is_confirmed`, `is_cancelled` and `is_shipped` are what the order's own stream has said. `reason` is why the
    order is given up, if it is. `settled_by` is the event that has settled whether it is to be had: it is final, or is
    given up. `is_stuck`: something has happened that only a person can put right. `excess` is what was reserved again
    after the order has taken it, and is to go back: MONEY, or SKUs. `unanswered` and `excess` are left out of what is
    stored while there is nothing.
    """

    user_id: str = ""
    total: str = "0.00"
    currency: str = ""
    deadline_seconds: int = 0
    funds: Part = "not asked"
    goods: tuple[Goods, ...] = ()
    asks: tuple[Ask, ...] = ()
    is_confirmed: bool = False
    is_cancelled: bool = False
    is_shipped: bool = False
    is_stuck: bool = False
    reason: str | None = None
    settled_by: str = ""
    unanswered: Unanswered = 0
    excess: Annotated[tuple[str, ...], Field(exclude_if=lambda excess: not excess)] = ()

    @property
    def status(self) -> Status:
        if not self.user_id:
            return "new"
        if self.is_stuck:
            return "stuck"
        if self.is_cancelled:
            return "compensate" if self.parts - SETTLED else "cancelled"
        if self.settled_by and self.reason is None:
            return self._status_of_final_order()
        if self.is_asked("confirm"):
            return "confirm"
        if self.reason is not None:
            return "compensate"
        return "reserve_funds" if self.funds in UNANSWERED else "reserve_stock"

    def _status_of_final_order(self) -> Status:
        if self.is_shipped:
            is_gone = self.funds == "captured" and self.are_goods_shipped
            return "shipped" if is_gone else "ship_stock"
        return "completed" if self.funds == "captured" else "capture_funds"

    @property
    def is_given_up(self) -> bool:
        """Whether all that is set aside is to be given back, unless the order's confirmation comes first."""
        return self.is_cancelled or self.reason is not None

    @property
    def is_final(self) -> bool:
        """Whether the order was confirmed and its money is to be taken."""
        return bool(self.settled_by) and not self.is_given_up

    @property
    def parts(self) -> frozenset[Part]:
        """Where the money and all goods stand."""
        return frozenset({self.funds, *(goods.part for goods in self.goods)})

    @property
    def is_all_there(self) -> bool:
        """Whether the money and all goods are set aside for the order, or taken."""
        return self.parts <= THERE

    @property
    def are_goods_shipped(self) -> bool:
        """Whether all goods have left."""
        return {goods.part for goods in self.goods} == {"shipped"}

    @property
    def waits_for_answer(self) -> bool:
        """Whether something is asked for that has an answer other than the order's confirmation."""
        if self.excess:
            return True
        status = self.status
        if status == "stuck":
            return self.is_given_up and bool(OPEN & self.parts)
        is_late = status == "confirm" and self.reason is not None
        return is_late or status in ("compensate", "capture_funds", "ship_stock")

    def is_asked(self, step: StepName) -> bool:
        """Whether this step has no answer yet."""
        for ask in self.asks:  # noqa: SIM110  # called several times for each event: any() would make a generator
            if ask.step == step:
                return True
        return False

    def part_of(self, sku: str) -> Part:
        """Where the pieces of this SKU stand; of one that the order does not have, nothing was asked."""
        return next((goods.part for goods in self.goods if goods.sku == sku), "not asked")
