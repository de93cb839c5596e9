"""Takeover of a lane's log: before anything else, publish the events that an earlier owner has committed, not
published.

The tail of the log, from the lane's mark to the end, tells what is missing: what follows the highest sequence seen.
(Not the last one: a paused worker may have appended a duplicate after it.)
"""

from typing import Any

import structlog
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from contracts.stored_events import StoredEvents
from workers import telemetry
from workers.command.publisher import Publisher
from workers.ports.clock import Clock
from workers.ports.event_store import EventRow, EventStore
from workers.ports.lanes import Contradiction, LaneGrant, LaneKey, Mark
from workers.ports.log import EventLog, Tail

REPUBLISH_BATCH_EVENTS = 1000

log = structlog.get_logger(__name__)


class LogAhead(Contradiction):
    """The log has events behind the lane's last one: the database was set back, or the lane's row alone, or another
    installation writes to the topics.
    """

    def __init__(self, lane: LaneKey, in_log: int, in_table: int) -> None:
        super().__init__(
            f"lane {lane}: the log has events up to {in_log}, the table only up to {in_table} as annals.lanes says; "
            "either the database was set back to an older state: restore the newest one before this lane can go on; or "
            "another installation with its own database writes to these topics: give each its own ANNALS_TOPIC_PREFIX; "
            "or that row alone was set back: `annals verify` says so, and what to do"
        )
        self.lane = lane
        self.in_log = in_log
        self.in_table = in_table


def publisher_after(
    tail: Tail, lane: LaneKey, grant: LaneGrant, topic: str, event_log: EventLog, store: EventStore, clock: Clock
) -> Publisher:
    """A publisher that continues after the tail. Raises LogAhead."""
    if tail.shortened:
        telemetry.LOG_SHORTENED.labels(topic).inc()
        log.error("the log has lost records; filling it from the table", lane=str(lane), ends_at=tail.end_offset)
    if tail.sequence > grant.sequence:
        raise LogAhead(lane, tail.sequence, grant.sequence)
    return Publisher(lane, grant.epoch, topic, Mark(tail.sequence, tail.offset), event_log, store, clock)


async def publish_the_rest(
    publisher: Publisher,
    context: str,
    lane: LaneKey,
    grant: LaneGrant,
    store: EventStore,
    models: StoredEvents,
    acquired_at: float,
) -> None:
    """Publish from the table what the log lacks, byte for byte as the earlier owner would have done.

    jsonb does not keep the order of fields; the models restore it. `acquired_at` is when the lane was acquired, by the
    publisher's clock: if that is long ago, the publisher checks before each append that the lane is still held.
    """
    republished = 0
    while publisher.mark.sequence < grant.sequence:
        rows = await store.events_after(context, lane.partition, publisher.mark.sequence, REPUBLISH_BATCH_EVENTS)
        if not rows:
            break
        await publisher.publish(acquired_at, [row._replace(data=as_written(row, models)) for row in rows])
        republished += len(rows)
    if republished:
        telemetry.REPUBLISHED.labels(context).inc(republished)
        log.info("published the committed events of an earlier owner", lane=str(lane), events=republished)


def as_written(row: EventRow, models: StoredEvents) -> bytes:
    """The JSON of the event as it was first published. An event of a type that only a newer release declares, and the
    fields that only that knows, stand as the table has them.
    """
    model = models.models.get(f"{row.context}.{row.type}.v{row.schema_version}")
    if model is None:
        return row.data
    try:
        return model.model_validate_json(row.data).to_json()
    except ValidationError:
        ordered = model.model_validate_json(row.data, extra="ignore").to_json()
        return to_json(_with_the_rest(from_json(ordered), from_json(row.data)))


def _with_the_rest(ordered: Any, stored: Any) -> Any:
    """`ordered`, and behind its fields those that only `stored` has."""
    if isinstance(ordered, dict) and isinstance(stored, dict):
        return {name: _with_the_rest(value, stored.get(name, value)) for name, value in ordered.items()} | {
            name: value for name, value in stored.items() if name not in ordered
        }
    if isinstance(ordered, list) and isinstance(stored, list) and len(ordered) == len(stored):
        return [_with_the_rest(*pair) for pair in zip(ordered, stored, strict=True)]
    return ordered
