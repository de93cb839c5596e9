"""Events as the log has them. Whoever acts on one is to know that it stands in the event table."""

from typing import NamedTuple


class LoggedEvent(NamedTuple):
    """An event as a record of the log has it: what `EventRow` says of it, as far as a saga acts on it. `data` is its
    JSON, None if no saga of the lane reacts to its type; `recorded_at` is RFC 3339.
    """

    context: str
    sequence: int
    event_id: str
    stream_id: str
    stream_version: int
    type: str
    schema_version: int
    data: bytes | None
    correlation_id: str
    actor: str | None
    traceparent: str | None
    recorded_at: str


class EventsNotStored(Exception):
    """Some events of a batch do not stand in the event table as the log has them; nothing was written. Somebody else
    than Annals has written to the log: apply what the table has in their places.
    """
