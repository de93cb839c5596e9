"""What the operations on generations need."""

from typing import NamedTuple

from contracts.stored_events import StoredEvents
from contracts.topics import Topics
from workers.core.projection import Projection, Section
from workers.ports.event_store import StreamTable
from workers.ports.generations import Generations, LaneSequences, PartitionReader
from workers.ports.sections import SectionStore, lane_topic


class GenerationPorts(NamedTuple):
    """The store's generations and documents, the event table, the log and the lanes of one installation.

    `events` are its events by their type on the wire; `partitions` is the number of partitions of each topic.
    """

    generations: Generations
    store: SectionStore
    table: StreamTable
    log: PartitionReader
    lanes: LaneSequences
    topics: Topics
    events: StoredEvents
    partitions: int

    def lanes_of(self, projection: Projection) -> list[tuple[str, int]]:
        """Topic, as checkpoints name it, and partition of each lane of a projection and its sections."""
        return [(lane.topic, lane.partition) for lane in self.builders_of(projection)]

    def builders_of(self, projection: Projection) -> list["BuilderLane"]:
        """Each lane of a projection and its sections."""
        sections = [(section, section.context) for section in projection.sections]
        return [
            BuilderLane(section, context, self.topics.events(context), partition)
            for section, context in [(None, projection.context), *sections]
            for partition in range(self.partitions)
        ]


class BuilderLane(NamedTuple):
    """A lane of a projection or, with a `section`, of one of its sections: what it reads, and its partition."""

    section: Section | None
    context: str
    events_topic: str
    partition: int

    @property
    def topic(self) -> str:
        """The topic as checkpoints name it."""
        return self.events_topic if self.section is None else lane_topic(self.events_topic, self.section.name)
