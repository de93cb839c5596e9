"""Sections of documents, in the read-model store: one value of each lane that feeds the section.

A value belongs to one lane, which alone writes it, in the transaction that moves the lane's checkpoint. So lanes of
different contexts write to one document without reading what the others have written.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import orjson

from workers.core.projection import Document
from workers.ports.parked import ParkedStream
from workers.ports.read_models import Checkpoint, Generation, ReadModelWriter


def lane_topic(topic: str, section: str) -> str:
    """A lane's topic as checkpoints and parked streams name it: a section may follow the topic of its documents too."""
    return f"{topic}:{section}" if section else topic


def events_topic(topic: str) -> str:
    """The topic that the lanes read which `lane_topic` names so."""
    return topic.partition(":")[0]


def follower_name(projection: str, section: str) -> str:
    """The name under which a section parks streams: its projection may have parked the same ones."""
    return f"{projection}/{section}"


def projection_of(follower: str) -> str:
    """The projection that a follower is, or is a section of."""
    return follower.partition("/")[0]


class SectionValue(NamedTuple):
    """A lane's value in a section of a document, and the sequences of the first and the last event that led to it. They
    show a value that is ahead of its lane, and one that was lost and begun again. An event that an operator had skipped
    counts for both; `value` is None while there were no others.
    """

    first: int
    last: int
    value: Document | None

    def covers(self, sequence: int) -> bool:
        """Whether the value has this event, if none between its first and its last was left out."""
        return self.first <= sequence <= self.last

    def encoded(self) -> bytes:
        """The value as it is stored."""
        return orjson.dumps(self._asdict())


def section_value(stored: bytes | None) -> SectionValue | None:
    """The stored value; None if there is none, or another program has written something else in its place."""
    try:
        fields = None if stored is None else orjson.loads(stored)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(fields, dict) or not isinstance(value := fields.get("value", ""), dict | None):
        return None
    first, last = fields.get("first"), fields.get("last")
    return SectionValue(first, last, value) if isinstance(first, int) and isinstance(last, int) else None


class SectionOfLane(NamedTuple):
    """A section of the documents of a generation, as one lane feeds it."""

    generation: Generation
    section: str
    partition: int


class SectionStore(ReadModelWriter, Protocol):
    """What the lanes of sections need. Every method raises Unavailable when the store does not answer in time."""

    async def section_values(self, of_lane: SectionOfLane, document_ids: Sequence[str]) -> Mapping[str, SectionValue]:
        """The lane's values in the section of these documents, by id; those that exist."""
        ...

    async def clear_section(self, of_lane: SectionOfLane) -> None:
        """Remove all values of the lane in the section. It takes many steps, and may be repeated after Unavailable."""
        ...


class SectionAtMoment(NamedTuple):
    """A section of one lane at one moment: the checkpoint, the requested values that exist, and the parked streams."""

    checkpoint: Checkpoint
    values: Mapping[str, SectionValue]
    parked: Mapping[str, ParkedStream]


class StoredSections(Protocol):
    """The sections as a verification reads them. Every method raises Unavailable."""

    async def section_at_one_moment(
        self, of_lane: SectionOfLane, topic: str, document_ids: Sequence[str]
    ) -> SectionAtMoment:
        """A lane's checkpoint, its values of these documents and its parked streams, all as of one moment. `topic` is
        the lane's, as `lane_topic` names it.
        """
        ...

    def section_fields(self, generation: Generation) -> AsyncIterator[list[tuple[SectionOfLane, str]]]:
        """All values of a generation: the section and the lane of each, and the id of its document. In no order, in
        batches; a value that comes or goes meanwhile may be left out, and one may come twice.
        """
        ...
