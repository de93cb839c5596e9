"""What an event means for one part of an order, its money or the pieces of a SKU: where the part stands then. Pure.

Anybody may send commands under the order's id, before, between and after those of the saga. So `fits` says whether an
event is about exactly what the order asks for, and `wanted` whether the order is still to be had. The deciders keep at
most one reservation for an order, and are quiet only when it is exactly what is asked for.
"""

from typing import Literal

from workers.domain.orders.fulfilment.state import UNANSWERED, Part

DIFFERS = "ReservationDiffers"
"""Why a reservation is rejected while there is another one under the order's id."""


def reserved(part: Part, *, fits: bool) -> Part:
    """Something was reserved under the order's id, which has not taken this part yet. What was released and is there
    again is the order's, also of one that is being given up: its confirmation may come first.
    """
    if part in UNANSWERED:
        return "reserved" if fits else "in the way"
    if part == "reserved":
        return part
    return "reserved" if part == "released" and fits else "foreign"


def declined(part: Part, *, fits: bool) -> Part:
    """Something was asked for under the order's id and not set aside."""
    return "declined" if part in UNANSWERED and fits else part


def released(part: Part) -> Part:
    """What was reserved under the order's id is not any more."""
    if part in UNANSWERED:
        return "in doubt"
    return "released" if part in ("reserved", "foreign", "asked back") else part


def taken(part: Part, *, fits: bool, by: Literal["captured", "shipped"]) -> Part:
    """What was reserved under the order's id is spent, or has left."""
    return by if fits and part in ("reserved", "asked back") else released(part)


def rejected(part: Part, code: str) -> Part:
    """The command to reserve was not accepted."""
    if part not in UNANSWERED:
        return part
    return "foreign" if code == DIFFERS or part == "in the way" else "declined"


def unchanged(part: Part, *, wanted: bool) -> Part:
    """The command to reserve was accepted and changed nothing: what it asked for was reserved then. Has something gone
    since, or is something else reserved, it is to be asked for again, or is no longer there to be given back.
    """
    match part:
        case "in doubt" | "in the way" if wanted:
            return "asked"
        case "in doubt":
            return "released"
        case "in the way":
            return "foreign"
        case "asked":
            return "reserved"
        case _:
            return part
