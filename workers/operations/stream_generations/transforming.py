"""What a function for a copy makes of one event. Everything that could harm a context is refused here."""

from typing import Any

from pydantic_core import from_json, to_json

from contracts.copying import EventAsStored, Part, Transform
from contracts.envelope import MalformedMessage, rfc3339
from contracts.stored_events import StoredEvents
from workers.ports.event_store import EventRow

NUL = rb"\u0000"


class TransformRefused(Exception):
    """The function cannot be used for this context. The text names the event, and never its fields."""

    def __init__(self, row: EventRow, problem: str) -> None:
        super().__init__(
            f"event {row.sequence} of lane {row.context}/{row.partition} ({row.type}.v{row.schema_version} of stream "
            f"{row.stream_id}): the function {problem}"
        )
        self.problem = problem


def transformed(row: EventRow, transform: Transform, events: StoredEvents) -> EventRow:
    """The row as the function has it. Raises TransformRefused.

    The function is called twice: one that depends on anything but the event would give other events when a copy is made
    again.
    """
    answer, again = _answer(row, transform, events), _answer(row, transform, events)
    if answer != again:
        raise TransformRefused(row, "is not pure: called twice, it gave two answers")
    model, fields = answer
    if events.models.get(model.type) is not model or model.context != row.context:
        raise TransformRefused(row, f"gave a {model.__name__}, which is no event of {row.context}")
    if not isinstance(fields, dict):
        raise TransformRefused(row, f"gave a {type(fields).__name__} in place of fields")
    if fields.get(model.stream_field) != row.stream_id:
        raise TransformRefused(row, f"gave an event of another stream: {model.stream_field} is not the stream's id")
    if unknown := fields.keys() - model.model_fields.keys() - from_json(row.data).keys():
        raise TransformRefused(row, f"gave fields that {model.type} does not have: {', '.join(sorted(unknown))}")
    try:
        data = to_json(fields)
        events.read(model.type, data)
    except MalformedMessage as error:
        raise TransformRefused(row, f"gave an event that cannot be read: {error.explanation}") from error
    except ValueError as error:
        raise TransformRefused(row, f"gave fields of {model.type} that are no JSON") from error
    if NUL in data:
        raise TransformRefused(row, f"gave fields of {model.type} with U+0000, which the event table cannot hold")
    if (model.name, model.schema_version) == (row.type, row.schema_version) and fields == from_json(row.data):
        return row
    return row._replace(type=model.name, schema_version=model.schema_version, data=data)


def _answer(row: EventRow, transform: Transform, events: StoredEvents) -> Part:
    wire_type = f"{row.context}.{row.type}.v{row.schema_version}"
    model = events.models.get(wire_type)
    if model is None:
        raise TransformRefused(row, f"cannot be called: {wire_type} was written by a newer release, upgrade first")
    given = EventAsStored(model, from_json(row.data), row.stream_id, row.stream_version, rfc3339(row.recorded_at))
    try:
        answer: Any = transform(given)
    except Exception as error:
        raise TransformRefused(row, f"raised {type(error).__name__}") from error
    if not isinstance(answer, Part):
        raise TransformRefused(row, f"gave a {type(answer).__name__}, not a Part; an unchanged event is `event.part`")
    return answer
