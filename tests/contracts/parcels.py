"""A context that no folder has, whose events have changed from release to release.

`ParcelSent` has three versions; `ParcelMoved` became two events.
"""

from collections.abc import Sequence

from contracts.catalogue import catalogue_of
from contracts.message import Event, Message
from contracts.stored_events import StoredEvents
from contracts.upcasting import Fields, Part, Upcaster, upcaster


class ParcelStream(Message, context="parcels", stream_field="parcel_id"):
    """The base of the messages."""

    parcel_id: str


class ParcelSentV1(Event, ParcelStream, name="ParcelSent"):
    """It was sent."""

    weight: int
    secret: str = ""


class ParcelSentV2(Event, ParcelStream, name="ParcelSent", version=2):
    """It was sent; its weight says the unit."""

    weight_grams: int
    secret: str = ""


class ParcelSent(Event, ParcelStream, version=3):
    """It was sent from somewhere."""

    weight_grams: int
    sender: str
    secret: str = ""


class ParcelMovedV1(Event, ParcelStream, name="ParcelMoved"):
    """It was moved to another shelf, by somebody."""

    shelf: str
    by: str


class ShelfChanged(Event, ParcelStream):
    """It lies on another shelf."""

    shelf: str


class HandlerChanged(Event, ParcelStream):
    """Somebody else has it."""

    by: str


EVENTS: list[type[Event]] = [
    ParcelSentV1,
    ParcelSentV2,
    ParcelSent,
    ParcelMovedV1,
    ShelfChanged,
    HandlerChanged,
]


@upcaster(ParcelSentV1)
def with_a_unit(fields: Fields) -> Fields:
    """Version 1 meant kilograms."""
    rest = {name: value for name, value in fields.items() if name != "weight"}
    return {**rest, "weight_grams": fields["weight"] * 1000}


@upcaster(ParcelSentV2)
def with_a_sender(fields: Fields) -> Fields:
    """Nobody had asked before."""
    return {**fields, "sender": "unknown"}


@upcaster(ParcelMovedV1, into=(ShelfChanged, HandlerChanged))
def shelf_and_handler(fields: Fields) -> Sequence[Part]:
    """Two facts that were one."""
    parcel_id = fields["parcel_id"]
    return [
        Part(ShelfChanged, {"parcel_id": parcel_id, "shelf": fields["shelf"]}),
        Part(HandlerChanged, {"parcel_id": parcel_id, "by": fields["by"]}),
    ]


UPCASTERS: list[Upcaster] = [with_a_unit, with_a_sender, shelf_and_handler]


def parcels(*replacements: Upcaster, events: Sequence[type[Event]] = EVENTS) -> StoredEvents:
    """What reads these events, with these upcasters in place of those of the same events."""
    replaced = {declared.model for declared in replacements}
    upcasters = [declared for declared in UPCASTERS if declared.model not in replaced and declared.model in events]
    return catalogue_of({"parcels": events}, [*upcasters, *replacements]).stored_events()
