"""Lanes as operators see them: how far each is, what interrupted it, and how a lane of commands begins a new topic."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class ListedLane(NamedTuple):
    """A lane. `owner` is None when no worker owns it; `consumed` is the next offset to read; `sequence` is the last
    number that it has assigned, to an event or to a saga's step.
    """

    role: str
    topic: str
    partition: int
    owner: str | None
    epoch: int
    consumed: int
    sequence: int
    acquired_at: datetime | None

    @property
    def name(self) -> str:
        """The lane's name on the command line: `command:users.commands/3`."""
        return f"{self.role}:{self.topic}/{self.partition}"


class ListedInterruption(NamedTuple):
    """An interruption that no operator has acknowledged. The lane stood at the offset `consumed`, the topic reached
    from `start_offset` to before `end_offset`, and the lane has read on from `resumed_at`. `missing`: the largest
    possible number of records that are lost unread; None: unknown.
    """

    id: int
    role: str
    topic: str
    partition: int
    kind: str
    former_topic_id: str
    topic_id: str
    consumed: int
    start_offset: int
    end_offset: int
    missing: int | None
    resumed_at: int
    noticed_at: datetime

    @property
    def name(self) -> str:
        """The name of its lane."""
        return f"{self.role}:{self.topic}/{self.partition}"


class LaneListing(Protocol):
    """Lists lanes and interruptions. Every method raises Unavailable.

    An interruption is open until an intervention with the action ACKNOWLEDGED names its lane as the target and, in the
    detail `until`, its id or a later one.
    """

    async def listed(self) -> Sequence[ListedLane]:
        """All lanes, by role, topic and partition."""
        ...

    async def open_interruptions(self) -> Sequence[ListedInterruption]:
        """The interruptions of all lanes that no operator has acknowledged, the oldest first."""
        ...


ACKNOWLEDGED = "lanes-acknowledge"
"""The action of an intervention that acknowledges the interruptions of a lane."""


class ReadPosition(NamedTuple):
    """How far a lane of commands has read: the next offset, the id of the topic that it belongs to ("": unknown), and
    the timestamp of the record before it in milliseconds (0: unknown).
    """

    partition: int
    consumed: int
    topic_id: str
    last_timestamp: int

    def is_intact(self, offset: int, timestamp: int) -> bool:
        """Whether a partition still has the last record that was read, or has deleted it from its start. `offset` and
        `timestamp` are those of the partition's first record from `consumed` - 1 on.
        """
        return offset >= self.consumed or timestamp == self.last_timestamp


class CommandLanes(LaneListing, Protocol):
    """The lanes of a topic of commands, which begin again when their topic is recreated. Every method raises
    Unavailable.
    """

    async def read_positions(self, topic: str) -> Sequence[ReadPosition]:
        """How far the lanes of the topic have read."""
        ...

    async def restart(self, topic: str, topic_id: str, former_topic_id: str | None) -> None:
        """Let the lanes of the topic begin at the first offset of the new topic with this id. Their owners are fenced.

        `former_topic_id` is the topic whose unread records were carried over ("": there was none). A lane that has read
        another one may have missed records, and an interruption says so. None: it is unknown, since an interrupted
        recreation is repeated; no interruption is stored then.
        """
        ...
