"""The open reservations of one SKU: a frozen value that is cheap to change, however many orders wait for the SKU.

With one mapping, every event would copy all of them, and tens of thousands of orders may wait for a popular SKU. So
reservations are grouped by the last characters of the order id, and a change copies the mapping of groups and one
group. Ids that all end alike share a group, and cost as much as one mapping.
"""

from collections.abc import Mapping

GROUP_CHARACTERS = 2
"""Of a UUID's last digits: 256 groups."""

Reservations = Mapping[str, Mapping[str, int]]
"""Pieces by order id, in groups. No group is empty, so equal reservations are equal values."""

NO_RESERVATIONS: Reservations = {}


def reserved_for(reservations: Reservations, order_id: str) -> int | None:
    """The pieces that are reserved for an order; None without a reservation."""
    return reservations.get(_group(order_id), {}).get(order_id)


def opened(reservations: Reservations, order_id: str, quantity: int) -> Reservations:
    """With a reservation for this order."""
    name = _group(order_id)
    return {**reservations, name: {**reservations.get(name, {}), order_id: quantity}}


def closed(reservations: Reservations, order_id: str) -> Reservations:
    """Without the reservation of this order. Raises KeyError when there is none."""
    name = _group(order_id)
    group = dict(reservations[name])
    del group[order_id]
    remaining = dict(reservations)
    if group:
        remaining[name] = group
    else:
        del remaining[name]
    return remaining


def _group(order_id: str) -> str:
    return order_id[-GROUP_CHARACTERS:]
