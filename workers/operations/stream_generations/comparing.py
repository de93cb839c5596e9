"""Compares the live generation of a context with a copy: the events by type, and what each changed stream leads to."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from operator import attrgetter
from typing import Any, NamedTuple

from contracts.envelope import MalformedMessage
from contracts.stored_events import StoredEvents
from workers.core.decider import Decider
from workers.core.folding import fold
from workers.history.state_fields import state_fields
from workers.ports.event_store import EventRow
from workers.ports.stream_generations import StreamGenerations

STREAMS_AT_A_TIME = 200

Advance = Callable[[int], None]
"""Called with the number of streams after each chunk: shows progress."""


class StreamDifference(NamedTuple):
    """A stream that leads to another state in the copy. `fields` are those that differ, with the live and the copied
    value. `problem`: why there is no state to compare; else empty.
    """

    stream_id: str
    fields: Mapping[str, tuple[object, object]]
    problem: str = ""


class TypeChange(NamedTuple):
    """How many events of a type (name and version) differ in a generation, and have which type there."""

    from_type: str
    to_type: str
    events: int


class StreamComparison(NamedTuple):
    """How many events differ, by type; and of the streams with such events how many lead to the same state, to another
    one, or to none. By field, in how many streams it differs; and some of the streams that differ.
    """

    types: Sequence[TypeChange]
    same: int
    different: int
    broken: int
    fields: Mapping[str, int]
    samples: Sequence[StreamDifference]

    @property
    def agree(self) -> bool:
        return not (self.different or self.broken)


async def compare(
    generations: StreamGenerations,
    context: str,
    live: int,
    other: int,
    decider: Decider[Any],
    events: StoredEvents,
    *,
    samples: int,
    advance: Advance = lambda _: None,
) -> StreamComparison:
    """Compare two generations, a chunk of streams at a time. Raises Unavailable."""
    same, counts, fields = 0, {"different": 0, "broken": 0}, dict[str, int]()
    types: Counter[tuple[str, str]] = Counter()
    sampled: list[StreamDifference] = []
    last_id = ""
    while ids := await generations.changed_streams_after(context, live, other, last_id, STREAMS_AT_A_TIME):
        last_id = ids[-1]
        live_rows = by_stream(await generations.streams(context, live, ids))
        other_rows = by_stream(await generations.streams(context, other, ids))
        for stream_id in ids:
            types.update(_changes(live_rows[stream_id], other_rows[stream_id]))
            difference = _difference(stream_id, live_rows[stream_id], other_rows[stream_id], decider, events)
            if difference is None:
                same += 1
                continue
            counts["broken" if difference.problem else "different"] += 1
            for name in difference.fields:
                fields[name] = fields.get(name, 0) + 1
            if len(sampled) < samples:
                sampled.append(difference)
        advance(len(ids))
    changes = [TypeChange(*pair, count) for pair, count in sorted(types.items(), key=lambda item: (-item[1], item[0]))]
    return StreamComparison(changes, same, **counts, fields=fields, samples=sampled)


def by_stream(rows: Iterable[EventRow]) -> dict[str, list[EventRow]]:
    """The rows of each stream, which must follow one another."""
    return {stream_id: list(group) for stream_id, group in groupby(rows, attrgetter("stream_id"))}


def _changes(live_rows: Sequence[EventRow], other_rows: Sequence[EventRow]) -> Iterator[tuple[str, str]]:
    """The types, before and after, of the events that differ. An event may have been recorded between the two looks."""
    for live, other in zip(live_rows, other_rows, strict=False):
        if (live.type, live.schema_version, live.data) != (other.type, other.schema_version, other.data):
            yield _wire_type(live), _wire_type(other)


def _wire_type(row: EventRow) -> str:
    return f"{row.context}.{row.type}.v{row.schema_version}"


def _difference(
    stream_id: str,
    live_rows: Sequence[EventRow],
    other_rows: Sequence[EventRow],
    decider: Decider[Any],
    events: StoredEvents,
) -> StreamDifference | None:
    """None: the stream leads to the same state. A stream that is broken already is none of the copy's faults."""
    live, _ = _folded(live_rows, decider, events)
    other, problem = _folded(other_rows, decider, events)
    if problem:
        return StreamDifference(stream_id, {}, problem)
    if live == other:
        return None
    live_fields, other_fields = state_fields(live), state_fields(other)
    differing = {
        name: (live_fields.get(name), other_fields.get(name))
        for name in sorted({*live_fields, *other_fields})
        if live_fields.get(name) != other_fields.get(name)
    }
    return StreamDifference(stream_id, differing)


def _folded(rows: Sequence[EventRow], decider: Decider[Any], events: StoredEvents) -> tuple[Any, str]:
    """The state, or the initial one with what is wrong."""
    try:
        facts = [events.read(_wire_type(row), row.data) for row in rows]
    except MalformedMessage as error:
        return decider.initial, error.explanation
    try:
        return fold(decider, chain.from_iterable(facts)), ""
    except Exception as error:  # noqa: BLE001  # of the context's code: whatever it is, the stream could not be used
        return decider.initial, f"its events cannot be applied: {type(error).__name__}"
