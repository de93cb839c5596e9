"""What shipments have that other contexts have not."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from contracts.quantity import DecimalQuantity

KILOGRAMS = DecimalQuantity(whole_digits=5, places=3, is_never_zero=True)
Weight = Annotated[Decimal, KILOGRAMS]
"""In kilograms, to the gram."""


class Carrier(StrEnum):
    """Who carries it."""

    PARCEL_POST = "parcel post"
    COURIER = "courier"
