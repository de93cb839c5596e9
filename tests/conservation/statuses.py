"""What the states of streams mean to the invariants."""

from typing import Any


def is_open(order: Any) -> bool:
    """Whether an order waits for its confirmation or its cancellation."""
    return bool(order.status == "placed")


def is_deleted(user: Any) -> bool:
    return bool(user.existence == "deleted")
