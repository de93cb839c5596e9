"""Taking over a lane's log: what an earlier owner had committed and not published is published before anything else.

The tail of the log, read from the lane's mark to the end, says how far it got: the highest sequence seen, not the last,
for a late record of a paused owner may stand behind it.
"""

from collections.abc import Mapping

import structlog

from contracts.message import Event
from workers import telemetry
from workers.command.publisher import Publisher
from workers.ports.clock import Clock
from workers.ports.event_store import EventRow, EventStore
from workers.ports.lanes import LaneGrant, LaneKey, Mark
from workers.ports.log import EventLog, Tail

REPUBLISH_BATCH_EVENTS = 1000

log = structlog.get_logger(__name__)


class LogAhead(Exception):
    """The log has events that the table lacks: the database was set back, or it is another installation's. Restore it
    to its newest state, or give each installation a topic prefix of its own.
    """

    def __init__(self, lane: LaneKey, in_log: int, in_table: int) -> None:
        super().__init__(
            f"lane {lane}: the log has events up to {in_log}, the table only up to {in_table}; "
            "the database was set back to an older state: restore the newest one before this lane can go on; or another"
            " installation, with a database of its own, writes to these topics: give each its own ANNALS_TOPIC_PREFIX"
        )
        self.lane = lane
        self.in_log = in_log
        self.in_table = in_table


def publisher_after(
    tail: Tail, lane: LaneKey, grant: LaneGrant, topic: str, event_log: EventLog, store: EventStore, clock: Clock
) -> Publisher:
    """A publisher that goes on behind the tail. Raises LogAhead."""
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
    models: Mapping[str, type[Event]],
    taken_at: float,
) -> None:
    """Publish from the table all that the log lacks, byte for byte as it would have been published at first.

    jsonb keeps an order of fields of its own; the models have the published one. `taken_at`, by our clock: who has
    been away since then asks before each portion whether the lane is still his.
    """
    republished = 0
    while publisher.mark.sequence < grant.sequence:
        rows = await store.events_after(context, lane.partition, publisher.mark.sequence, REPUBLISH_BATCH_EVENTS)
        if not rows:
            break
        await publisher.publish(taken_at, [row._replace(data=as_written(row, models)) for row in rows])
        republished += len(rows)
    if republished:
        telemetry.REPUBLISHED.labels(context).inc(republished)
        log.info("published what an earlier owner had left", lane=str(lane), events=republished)


def as_written(row: EventRow, models: Mapping[str, type[Event]]) -> bytes:
    """The event's JSON as it was published at first."""
    return models[f"{row.context}.{row.type}.v{row.schema_version}"].model_validate_json(row.data).to_json()
