"""What the operations on generations need."""

from collections.abc import Mapping
from typing import NamedTuple

from contracts.message import Event
from contracts.topics import Topics
from workers.core.projection import Projection
from workers.ports.event_store import StreamTable
from workers.ports.generations import Generations, LaneSequences, PartitionReader
from workers.ports.read_models import ReadModelWriter


class GenerationPorts(NamedTuple):
    """The store's generations and documents, the event table, the log and the lanes of one installation.

    `events` are its events by their type on the wire; `partitions` is the number of partitions of each topic.
    """

    generations: Generations
    store: ReadModelWriter
    table: StreamTable
    log: PartitionReader
    lanes: LaneSequences
    topics: Topics
    events: Mapping[str, type[Event]]
    partitions: int

    def lanes_of(self, projection: Projection) -> list[tuple[str, int]]:
        """Topic and partition of each lane of a projection."""
        return [(self.topics.events(projection.context), partition) for partition in range(self.partitions)]
