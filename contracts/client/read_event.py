"""An event as a reader of the log gives it."""

from typing import NamedTuple

from contracts.catalogue import stored_events
from contracts.client.errors import UnknownEventType
from contracts.envelope import EventEnvelope
from contracts.message import Event
from contracts.stored_events import NewerRelease


class ReadEvent(NamedTuple):
    """An event as it was read. `data` is its JSON."""

    envelope: EventEnvelope
    data: bytes
    partition: int
    offset: int

    def event(self) -> Event:
        """The event as a model of its present version, the first if it has become several (`events`).

        Raises UnknownEventType, or MalformedMessage for data of another shape.
        """
        return self.events()[0]

    def events(self) -> tuple[Event, ...]:
        """The events that this one is today, in order: one, as a rule. They share its envelope and its sequence.

        Raises UnknownEventType, or MalformedMessage for data of another shape.
        """
        try:
            return stored_events().read(self.envelope.type, self.data)
        except NewerRelease as error:
            raise UnknownEventType(self.envelope.type) from error
