"""What a function for `annals streams copy --transform` is given and gives: the last resort when no upcaster helps.

    def without_the_address(event: EventAsStored) -> Part:
        if event.model is not UserCreated:
            return event.part
        return Part(UserCreated, {**event.fields, "address": None})

It is pure: the same event, the same answer. It answers every event with one event of the context, of any version that
is declared; an unchanged one is `event.part`. An event that is to go becomes one that changes nothing; one that is to
become several becomes one with an upcaster that splits it.
"""

from collections.abc import Callable
from typing import NamedTuple

from contracts.message import Event
from contracts.upcasting import Fields, Part

__all__ = ["EventAsStored", "Fields", "Part", "Transform"]


class EventAsStored(NamedTuple):
    """An event as the live generation has it, before any upcaster. `recorded_at` is RFC 3339 text."""

    model: type[Event]
    fields: Fields
    stream_id: str
    stream_version: int
    recorded_at: str

    @property
    def part(self) -> Part:
        """The event unchanged, as an answer."""
        return Part(self.model, self.fields)


Transform = Callable[[EventAsStored], Part]
