"""What a role does with one lane; the runner calls it, one method at a time."""

from collections.abc import Sequence
from typing import Protocol

from workers.ports.lanes import Interruption
from workers.ports.log import InboundRecord


class Restart(Exception):
    """The lane's own position is out of date: take it again at once. Not a fault."""


class LaneWork(Protocol):
    """One lane in one role. After any exception the lane is dropped and taken again, as after a crash.

    `topic_id` is that of the topic whose offset `take` returned; empty: not known. `last_timestamp`: that of the record
    before this offset, in milliseconds since 1970; 0: not known. `can_read_the_table`: what the lane does not read from
    its topic, it reads from the event table. `is_interrupted`: commands may have been
    lost, and no operator has acknowledged it.
    """

    topic_id: str
    last_timestamp: int
    can_read_the_table: bool
    is_interrupted: bool

    async def acquire(self) -> int:
        """Become the lane's owner, bring its output up to date, and return the offset to read from."""
        ...

    async def rebase(self, offset: int, topic_id: str, interruption: Interruption | None) -> None:
        """After `take`: read on from this offset of this topic. `interruption`: why not from that of `take`."""
        ...

    async def examine(self) -> None:
        """Called every few seconds while the lane is held. Raises TopicMisfit or Restart when what it writes to is not
        as it was.
        """
        ...

    async def handle(self, records: Sequence[InboundRecord]) -> None:
        """Work on records that follow one another. When it returns, they need never be read again."""
        ...

    async def idle(self) -> None:
        """Called about every second in which nothing arrives."""
        ...

    async def release(self) -> None:
        """Finish what is in flight and give the lane up in good order."""
        ...

    def abandon(self) -> None:
        """Forget the lane at once: nothing in flight may be waited for."""
        ...
