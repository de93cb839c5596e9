"""Rows of the event table and records of the log as projections and sagas read them."""

from typing import Any

from uuid_utils import UUID, uuid5

from contracts.envelope import rfc3339
from contracts.stored_events import StoredEvents
from workers.core.recorded import Recorded
from workers.ports.event_store import EventRow


def recorded_row(row: EventRow, models: StoredEvents) -> Recorded:
    """A row of the event table as projections and sagas read it. Raises MalformedMessage or NewerRelease."""
    return recorded_of(
        f"{row.context}.{row.type}.v{row.schema_version}",
        row.data,
        models,
        row.event_id,
        row.stream_id,
        row.stream_version,
        row.sequence,
        rfc3339(row.recorded_at),
        row.correlation_id,
        row.actor,
        row.traceparent,
    )


def recorded_of(wire_type: str, value: bytes, models: StoredEvents, event_id: str, *place: Any) -> Recorded:
    """The event with this wire type, JSON and id, and all that `Recorded` says behind it. Raises MalformedMessage or
    NewerRelease.

    Of an event that has become several, the ids of the later ones follow from its own and from their places.
    """
    first, *later = models.read(wire_type, value)
    recorded = Recorded(first, event_id, *place)
    if not later and first.type == wire_type:
        return recorded
    recorded = recorded._replace(stored_type=wire_type)
    more = (
        recorded._replace(event=event, event_id=str(uuid5(UUID(event_id), str(number))))
        for number, event in enumerate(later, 2)
    )
    return recorded._replace(more=tuple(more))
