"""Folds the events of one lane into the values of a section. Pure.

An event that a value already has is passed over by its sequence, so a lane whose checkpoint alone was set back, or
lost, counts nothing twice. An event on which the code fails parks its stream, as in a projection.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import orjson

from workers.core.projection import Section
from workers.core.recorded import Recorded
from workers.parking import ATTEMPTS, parked_by
from workers.ports.parked import ParkedStream
from workers.ports.sections import SectionValue
from workers.projection.folding import Folded


def concerned(section: Section, events: Sequence[Recorded], waiting: AbstractSet[str]) -> list[Recorded]:
    """The events that the section reacts to, without those of the streams in `waiting`."""
    return [
        recorded
        for recorded in events
        if type(recorded.event) in section.reacts_to and recorded.stream_id not in waiting
    ]


def extended(section: Section, before: SectionValue | None, recorded: Recorded) -> SectionValue:
    """The value with one event more. Raises what the section's code raises."""
    value = section.evolve(None if before is None else before.value, recorded)
    if before is None:
        return SectionValue(recorded.sequence, recorded.sequence, value)
    return SectionValue(min(before.first, recorded.sequence), max(before.last, recorded.sequence), value)


def fold_section(
    follower: str, section: Section, events: Sequence[Recorded], stored: Mapping[str, SectionValue], *, late: bool
) -> Folded:
    """Apply events to the values of their documents. `late`: they are those of a parked stream, which the lane has
    passed without applying them; else those that a value has are passed over.
    """
    values = dict(stored)
    parked: dict[str, ParkedStream] = {}
    changed: set[str] = set()
    for recorded in events:
        if recorded.stream_id in parked:
            continue
        try:
            document_id = section.document_id(recorded.event)
            before = values.get(document_id)
            if before is not None and recorded.sequence <= before.last and not late:
                continue
            after = _tried(section, before, recorded)
        except Exception as error:  # noqa: BLE001  # a bug in a section must not stop the lane
            parked[recorded.stream_id] = parked_by(follower, recorded, error)
        else:
            values[document_id] = after
            changed.add(document_id)
    encoded = {document_id: values[document_id].encoded() for document_id in sorted(changed)}
    return Folded(encoded, (), (), list(parked.values()))


def _tried(section: Section, before: SectionValue | None, recorded: Recorded) -> SectionValue:
    """The value with one event more, after some attempts. Raises what the last one raised."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            value = extended(section, before, recorded)
            orjson.dumps(value.value)
        except Exception:
            if attempt == ATTEMPTS:
                raise
        else:
            return value
    raise AssertionError("an attempt returns or raises")
