"""An order's lines: what is ordered, how many, and at which price."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.fields import WHOLE, Identifier, Quantity
from contracts.money import UnitPrice

MAX_LINES = 100
DEFAULT_DEADLINE_SECONDS = 30
"""How long an order waits for its confirmation when it does not say so itself."""


class OrderLine(BaseModel):
    """Some pieces of one SKU at one price each."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    sku: Identifier
    quantity: Quantity
    unit_price: UnitPrice


OrderLines = Annotated[tuple[OrderLine, ...], Field(max_length=MAX_LINES)]
"""The lines in the order in which the customer sees them. Two of them may name the same SKU."""

DeadlineSeconds = Annotated[
    int,
    Field(
        strict=True,
        ge=1,
        le=86_400,
        description="Seconds that the order may wait for its confirmation before it is cancelled. Left out: "
        f"{DEFAULT_DEADLINE_SECONDS}.",
    ),
    WHOLE,
]
