"""The steps in which a topic is recreated. Their order is the operation's (workers/operations/topic_recreation.py)."""

from collections.abc import Sequence
from typing import Protocol

from workers.ports.lane_listing import ReadPosition
from workers.ports.log import TopicState

KEPT_SUFFIX = ".kept"
"""How the name ends of the topic that keeps the unread records of another one."""


class RecreatedTopic(Protocol):
    """One topic, and a topic beside it that keeps its unread records meanwhile. Every method raises Unavailable."""

    @property
    def name(self) -> str:
        """The topic's name."""
        ...

    @property
    def partitions(self) -> int:
        """The number of partitions that the topic should have."""
        ...

    async def state(self) -> TopicState | None:
        """The topic as it is; None: it does not exist."""
        ...

    async def has_kept_records(self) -> bool:
        """Whether the topic that keeps the unread records exists."""
        ...

    async def create_kept_records(self) -> None:
        """Create the topic that keeps the unread records; one that exists stays as it is."""
        ...

    async def close(self, partitions: int) -> None:
        """Have the topic, which has so many partitions, reject every new record."""
        ...

    async def keep_unread(self, partitions: int, positions: Sequence[ReadPosition]) -> None:
        """Copy the records that no lane has read to the topic that keeps them. A partition without a position, or
        whose position is not intact, is copied from its first record on.
        """
        ...

    async def delete(self) -> None:
        """Delete the topic with its records, and wait until it is gone."""
        ...

    async def create(self) -> TopicState:
        """Create the topic as it should be, if it does not exist; returns it once it can be used."""
        ...

    async def carry_over(self) -> int:
        """Send each kept record to the partition of its key, and one without a key to partition 0; returns their
        number.
        """
        ...

    async def delete_kept_records(self) -> None:
        """Delete the topic that keeps the unread records."""
        ...
