"""The topics and their records as a verification reads them: whole partitions, outside of any consumer group."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from workers.ports.log import InboundRecord, TopicState


class WantedTopic(NamedTuple):
    """A topic as it should be: its number of partitions, and the settings that it should have, by their Kafka names."""

    name: str
    partitions: int
    settings: Mapping[str, str]


class TopicReader(Protocol):
    """Reads one partition at a time. Commits no offsets."""

    def records(
        self, topic: str, partition: int, from_offset: int, *, committed_only: bool = False
    ) -> AsyncIterator[list[InboundRecord]]:
        """The records of a partition from an offset, or from its first record if that comes later, to the end that it
        has when the reading starts: in the order of their offsets, in batches of a bounded number, none of them empty.
        Offsets may have gaps. `committed_only`: without records of transactions that were aborted or are still open.

        The topic must exist. Raises Unavailable.
        """
        ...

    async def committed_ends(self, topic: str, partitions: int) -> Sequence[int]:
        """For each partition from 0 on, the offset behind its last record before any open transaction."""
        ...

    async def states(self, topics: Sequence[str]) -> Mapping[str, TopicState]:
        """Id and number of partitions, by name, of those of the topics that exist."""
        ...

    async def topic_settings(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """All settings in effect, by the name of the topic and by their Kafka names. The topics must exist."""
        ...
