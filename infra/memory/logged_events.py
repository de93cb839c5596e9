"""Whether the events of the log on which a saga lane acts stand in the table: as `annals.require_events` does it."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from operator import attrgetter

from contracts.envelope import rfc3339
from infra.memory.values import as_jsonb, check_lists, identifier
from workers.ports.event_store import EventRow
from workers.ports.logged_events import EventsNotStored, LoggedEvent
from workers.ports.sagas import SagaBatch

_sequence = attrgetter("sequence")


def require_stored(events: Mapping[tuple[str, int], Sequence[EventRow]], batch: SagaBatch) -> None:
    """Raises EventsNotStored, or Unstorable for what no column can hold."""
    check_lists(batch.logged)
    for logged in batch.logged:
        rows = events.get((logged.context, batch.lane.partition), ())
        place = bisect_left(rows, logged.sequence, key=_sequence)
        if place == len(rows) or not _is_same(rows[place], logged):
            raise EventsNotStored


def _is_same(row: EventRow, logged: LoggedEvent) -> bool:
    stored = LoggedEvent(
        row.context,
        row.sequence,
        row.event_id,
        row.stream_id,
        row.stream_version,
        row.type,
        row.schema_version,
        None if logged.data is None else row.data,
        row.correlation_id,
        row.actor,
        row.traceparent,
        rfc3339(row.recorded_at),
    )
    data = None if logged.data is None else as_jsonb(logged.data)
    return stored == logged._replace(event_id=identifier(logged.event_id), data=data)
