"""Lanes as the database keeps them: the owner of each, how far it has read and how far it has published."""

from collections.abc import Collection
from typing import Literal, NamedTuple, Protocol

Role = Literal["command", "saga"]


class LaneKey(NamedTuple):
    """One partition of one input topic for one role: the unit of ordering, ownership, fencing and scale."""

    role: Role
    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.role}:{self.topic}/{self.partition}"


class Mark(NamedTuple):
    """How far the log is known to have acknowledged the output of the lane. The mark may lag; it never runs ahead."""

    sequence: int
    offset: int


class LaneGrant(NamedTuple):
    """A lane that was just acquired: `consumed` is the next offset to read, `sequence` the last one handed out.

    `consumed` is an offset of the topic `topic_id`, the mark one of `published_topic_id`; empty: unknown.
    `interruptions` is the number of those that no operator has acknowledged. `last_timestamp` is that of the record
    before `consumed`, in milliseconds since 1970; 0: unknown. `event_types` are the wire types of the events that were
    written in the lane, as far as that was noted.
    """

    epoch: int
    consumed: int
    sequence: int
    mark: Mark
    input_sequence: int
    topic_id: str = ""
    published_topic_id: str = ""
    interruptions: int = 0
    last_timestamp: int = 0
    event_types: frozenset[str] = frozenset()


class Interruption(NamedTuple):
    """A topic is not the one that a lane has read, or has no record at the offset where the lane stands (`consumed`).

    `recreated`: the topic has another id. `deleted`: records that the lane had not read are gone from its beginning.
    `truncated`: the topic has lost records at its end that the lane had read, and may have grown again with others.
    `missing`: the largest possible number of records that are gone unread; None: unknown.
    """

    kind: Literal["recreated", "deleted", "truncated"]
    former_topic_id: str
    topic_id: str
    consumed: int
    start: int
    end: int
    missing: int | None


class Fenced(Exception):
    """Another owner has acquired the lane; nothing was written. Abandon the lane and all that is in flight for it."""

    def __init__(self, lane: LaneKey, epoch: int) -> None:
        super().__init__(f"lane {lane} is no longer held in epoch {epoch}: another worker has acquired it")
        self.lane = lane
        self.epoch = epoch


class Unavailable(Exception):
    """A server did not answer in time. Nothing is lost: try again after a delay.

    `advice` tells what an operator can do; empty: nothing, it passes.
    """

    def __init__(self, server: str, explanation: str, advice: str = "") -> None:
        super().__init__(server, explanation, advice)
        self.server = server
        self.explanation = explanation
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.server} is not available: {self.explanation}" + (f"; {self.advice}" if self.advice else "")


class Contradiction(Exception):
    """What is stored for a lane contradicts itself, and stays so until an operator has set it right, as the text says.
    Nothing was written.
    """


class LaneSetBack(Contradiction):
    """The lane's row says that less was numbered than is stored. `taken` says for people what has a number already."""

    def __init__(self, taken: str) -> None:
        super().__init__(
            f"{taken} is stored already, though the lane's row in annals.lanes says that its number was not given out "
            "yet: the row was changed by hand or restored alone; `annals verify` names such lanes and says what to do"
        )
        self.taken = taken


class LaneStore(Protocol):
    """Ownership of lanes. Every method raises Unavailable when the database does not answer in time."""

    async def acquire(self, lane: LaneKey, owner: str) -> LaneGrant:
        """Become the owner of the lane. Its epoch grows by one, which fences every earlier owner."""
        ...

    async def holds(self, lane: LaneKey, epoch: int) -> bool:
        """Tell whether the lane is still in this epoch."""
        ...

    async def rebase(
        self, lane: LaneKey, epoch: int, consumed: int, topic_id: str, interruption: Interruption | None = None
    ) -> None:
        """Store the topic and the offset from which the lane reads on. The interruption that made this necessary, if
        any, is kept until an operator acknowledges it. Raises Fenced.
        """
        ...

    async def publish_to(self, lane: LaneKey, epoch: int, topic_id: str) -> None:
        """Store the id of the topic that the lane publishes to: a mark in another topic is void. Raises Fenced."""
        ...

    async def note_event_types(self, lane: LaneKey, epoch: int, types: Collection[str]) -> None:
        """Store that events of these wire types are written in the lane, before they are. Raises Fenced."""
        ...

    async def interruptions(self, lane: LaneKey) -> int:
        """The number of interruptions of the lane that no operator has acknowledged."""
        ...

    async def release(self, lane: LaneKey, epoch: int, mark: Mark) -> None:
        """Store the final mark and that the lane has no owner. Does nothing if the lane has another owner already.

        The mark of the owner is stored even if it is behind the stored one: the log may have been shortened.
        """
        ...
