"""Lives of streams in which one event is stored as an older or a newer release has stored it."""

import json
from dataclasses import dataclass
from itertools import chain

from contracts.catalogue import catalogue, stored_events
from contracts.samples import Sample
from contracts.stored_events import StoredEvents
from tests.lanes.recorded_rows import event_rows
from workers.core.context import Context
from workers.domain import contexts
from workers.ports.event_store import EventRow
from workers.testing.walks import example_commands, walk


@dataclass(frozen=True)
class Life:
    """The rows of one stream. That in the place `at` is `stored` as another release has stored it; in `today` it is as
    this one stores it.
    """

    context: Context
    models: StoredEvents
    today: tuple[EventRow, ...]
    at: int
    stored: EventRow

    @property
    def rows(self) -> list[EventRow]:
        return [*self.today[: self.at], self.stored, *self.today[self.at + 1 :]]

    @property
    def stream_id(self) -> str:
        return self.stored.stream_id


def life_with(sample: Sample) -> Life:
    """What the examples of its context lead its stream to, with the sample in the place of the first event that it may
    be.
    """
    models = stored_events()
    model = catalogue().events[sample.type]
    context = contexts()[model.context]
    (event,) = models.read(sample.type, sample.value)
    commands = example_commands(context)[event.stream_id]
    events = list(chain.from_iterable(stride.events for stride in walk(context, commands)))
    at = next(place for place, other in enumerate(events) if type(other) is type(event))
    today = tuple(event_rows(*events[:at], event, *events[at + 1 :]))
    stored = today[at]._replace(type=model.name, schema_version=model.schema_version, data=sample.value)
    return Life(context, models, today, at, stored)


def with_unknown_fields(life: Life) -> Life:
    """The same, but a newer release has stored the event: it has fields that this one does not know."""
    fields = {**json.loads(life.stored.data), "of_a_newer_release": {"deep": [1, None, {"deeper": True}]}}
    stored = life.stored._replace(data=json.dumps(fields).encode())
    return Life(life.context, life.models, life.today, life.at, stored)
