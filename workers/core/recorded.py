"""An event as it was recorded: what projections and sagas read."""

from typing import NamedTuple

from contracts.message import Event


class Recorded(NamedTuple):
    """An event with its place and its cause. `recorded_at` is RFC 3339 text, by the database's clock."""

    event: Event
    event_id: str
    stream_id: str
    stream_version: int
    sequence: int
    recorded_at: str
    correlation_id: str
    actor: str | None = None
    traceparent: str | None = None
