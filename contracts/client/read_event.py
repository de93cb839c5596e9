"""An event as a reader of the log gives it."""

from typing import NamedTuple

from contracts.catalogue import catalogue
from contracts.client.errors import UnknownEventType
from contracts.envelope import EventEnvelope
from contracts.message import Event


class ReadEvent(NamedTuple):
    """An event as it was read. `data` is its JSON."""

    envelope: EventEnvelope
    data: bytes
    partition: int
    offset: int

    def event(self) -> Event:
        """The event as a model. Raises UnknownEventType, or pydantic's ValidationError for data of another shape."""
        model = catalogue().events.get(self.envelope.type)
        if model is None:
            raise UnknownEventType(self.envelope.type)
        return model.model_validate_json(self.data)
