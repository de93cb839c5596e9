"""Events of the log as a saga lane acts on them: the commit compares them with the event table. If they differ, the
lane applies what the table has.

A command worker writes an event to the table before it publishes it. So an event that the log has and the table has not
is none of Annals: whoever may write to the log could steer a saga with it.
"""

from collections.abc import AsyncIterator, Collection, Iterable

import structlog

from contracts.message import Event
from workers import telemetry
from workers.core.recorded import Recorded
from workers.lanes.sequenced import SequencedEvents, Stretch
from workers.ports.lanes import LaneKey
from workers.ports.logged_events import LoggedEvent

log = structlog.get_logger(__name__)


def logged_events(stretch: Stretch, followed: Collection[type[Event]]) -> list[LoggedEvent]:
    """The events of a stretch as the log has them; none if they were read from the table. Of those of other types than
    `followed`, only what moves the lane counts, and not their data.
    """
    return [
        LoggedEvent(
            recorded.event.context,
            recorded.sequence,
            recorded.event_id,
            recorded.stream_id,
            recorded.stream_version,
            *_name_and_version(recorded),
            value if type(recorded.event) in followed or _is_followed(recorded.more, followed) else None,
            recorded.correlation_id,
            recorded.actor,
            recorded.traceparent,
            recorded.recorded_at,
        )
        for recorded, value in zip(stretch.events, stretch.values, strict=False)
    ]


def _is_followed(parts: Iterable[Recorded], followed: Collection[type[Event]]) -> bool:
    return any(type(part.event) in followed for part in parts)


def _name_and_version(recorded: Recorded) -> tuple[str, int]:
    """The name and the version under which the event is stored."""
    if not recorded.stored_type:
        return recorded.event.name, recorded.event.schema_version
    _, name, version = recorded.stored_type.split(".")
    return name, int(version[1:])


async def true_stretches(
    events: SequencedEvents, stretch: Stretch, lane: LaneKey, applied: int, offset: int
) -> AsyncIterator[Stretch]:
    """What the table has in place of a stretch that differs from it, after the sequence `applied`; the last one moves
    the lane to the end of the stretch. `offset` is where the lane stands. Raises Unavailable.
    """
    differing = {recorded.sequence: recorded for recorded in stretch.events if recorded.sequence > applied}
    async for true_events in events.from_table(applied, stretch.events[-1].sequence):
        for recorded in true_events:
            if differing.get(recorded.sequence) == recorded:
                del differing[recorded.sequence]
        yield Stretch(true_events, offset)
    _report(differing, stretch, lane)
    yield Stretch((), stretch.next_offset)


def _report(differing: dict[int, Recorded], stretch: Stretch, lane: LaneKey) -> None:
    # None differs if only something that is not part of an event does, such as a field that its type does not have.
    telemetry.FORGED_EVENTS.labels(lane.role, lane.topic).inc(len(differing) or 1)
    log.error(
        "the log has events that the table has not; the table's were applied in their places",
        lane=str(lane),
        before_offset=stretch.next_offset,
        sequences=sorted(differing)[:10],
        events=len(differing) or 1,
        advice="let nobody but Annals write to the topics of events; `annals verify` names the records",
    )
