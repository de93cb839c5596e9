"""How far an order's fulfilment has come: what was asked for, what was answered, what is to be asked for next."""

from typing import Literal, NamedTuple

from workers.core.saga import SagaState

Part = Literal["not asked", "asked", "reserved", "asked back", "declined", "released", "captured", "shipped"]
SETTLED: frozenset[Part] = frozenset({"not asked", "declined", "released"})
"""Nothing is held, and nothing more will be."""

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
    """`next` is what follows from the last event. `reason` is why the order is given up."""

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
    next: tuple[Next, ...] = ()
