"""Folds the events of one lane into the values of a section. Pure.

An event on which the code fails parks its stream, as in a projection.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import orjson

from workers.core.projection import Section
from workers.core.recorded import Recorded
from workers.parking import ATTEMPTS, parked_by
from workers.ports.parked import ParkedStream
from workers.ports.sections import SectionValue
from workers.projection.folding import Folded


def concerned(section: Section, events: Sequence[Recorded], parked: Mapping[str, ParkedStream]) -> list[Recorded]:
    """The events that the section reacts to, without those of parked streams from where they are parked on. A lane that
    was set back meets the earlier ones again.
    """
    return [
        recorded
        for recorded in events
        if (type(recorded.event) in section.reacts_to or _concerned_parts(section, recorded.more))
        and not waits(parked, recorded.stream_id, recorded.stream_version)
    ]


def _concerned_parts(section: Section, parts: Iterable[Recorded]) -> list[Recorded]:
    return [part for part in parts if type(part.event) in section.reacts_to]


def waits(parked: Mapping[str, ParkedStream], stream_id: str, stream_version: int) -> bool:
    """Whether an event is not applied because its stream is parked at it, or before it."""
    stream = parked.get(stream_id)
    return stream is not None and stream_version >= stream.stream_version


def documents_of(section: Section, events: Iterable[Recorded]) -> list[str]:
    """The documents of these events, as far as the section's code can tell."""
    document_ids: dict[str, None] = {}
    for recorded in events:
        with suppress(Exception):  # the fold notices it again and parks the stream
            for part in _concerned_parts(section, recorded.parts):
                document_ids[section.document_id(part.event)] = None
    return list(document_ids)


def extended(section: Section, before: SectionValue | None, recorded: Recorded) -> SectionValue:
    """The value with one event more. Raises what the section's code raises, and TypeError for what is no JSON."""
    value = section.evolve(None if before is None else before.value, recorded)
    orjson.dumps(value)
    return _widened(before, recorded.sequence)._replace(value=value)


def _widened(before: SectionValue | None, sequence: int) -> SectionValue:
    """The value, whose first and last event leave no room for a doubt whether it lacks this one."""
    if before is None:
        return SectionValue(sequence, sequence, None)
    return SectionValue(min(before.first, sequence), max(before.last, sequence), before.value)


def fold_section(
    follower: str,
    section: Section,
    events: Sequence[Recorded],
    stored: Mapping[str, SectionValue],
    skipped: Sequence[Recorded] = (),
) -> Folded:
    """Apply events to the values of their documents, which have none of them. Those in `skipped` are not applied, for
    an operator has asked so; they are not missed later.
    """
    values = dict(stored)
    parked: dict[str, ParkedStream] = {}
    changed: set[str] = set()
    for recorded in skipped:
        for document_id in documents_of(section, [recorded]):  # an event of no document is missed in none
            values[document_id] = _widened(values.get(document_id), recorded.sequence)
            changed.add(document_id)
    for recorded in events:
        if recorded.stream_id in parked:
            continue
        try:
            after = _tried(section, values, recorded)
        except Exception as error:  # noqa: BLE001  # a bug in a section must not stop the lane
            parked[recorded.stream_id] = parked_by(follower, recorded, error)
        else:
            values |= after
            changed |= after.keys()
    encoded = {document_id: values[document_id].encoded() for document_id in sorted(changed)}
    return Folded(encoded, (), (), list(parked.values()))


def _tried(section: Section, values: Mapping[str, SectionValue], recorded: Recorded) -> dict[str, SectionValue]:
    """The values of an event's documents with this event, after some attempts. Raises what the last one raised."""
    for attempt in range(1, ATTEMPTS + 1):
        after: dict[str, SectionValue] = {}
        try:
            for part in _concerned_parts(section, recorded.parts) if recorded.more else (recorded,):
                document_id = section.document_id(part.event)
                after[document_id] = extended(section, after.get(document_id, values.get(document_id)), part)
            return after
        except Exception:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("an attempt returns or raises")
