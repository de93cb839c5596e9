"""What shipments have that other contexts have not."""

from enum import StrEnum


class Carrier(StrEnum):
    """Who carries it."""

    PARCEL_POST = "parcel post"
    COURIER = "courier"
