"""What a role does with one lane. The runner calls these methods, one at a time.

acquire -> rebase, if the topic has changed -> handle / idle / examine, again and again -> release
                                               any exception -> abandon, then acquire again
"""

from collections.abc import Sequence
from typing import Protocol

from workers.ports.lanes import Interruption
from workers.ports.log import InboundRecord


class Restart(Exception):
    """The stored position of the lane may be out of date: acquire the lane again at once. This is no fault."""


class Contended(Exception):
    """Others changed, again and again, what the lane was to commit. It is acquired again, and so it goes on once they
    leave it a moment; that is no bug.
    """


class LaneWork(Protocol):
    """One lane in one role. After any exception the lane is abandoned and acquired again, as after a crash.

    `topic_id` is the id of the topic that the offset returned by `acquire` belongs to; empty: unknown.
    `last_timestamp` is that of the record before this offset, in milliseconds since 1970; 0: unknown.
    `can_read_the_table`: the lane reads from the event table what its topic lacks. `is_interrupted`: commands may have
    been lost, and no operator has acknowledged it.
    """

    topic_id: str
    last_timestamp: int
    can_read_the_table: bool
    is_interrupted: bool

    @property
    def required_types(self) -> frozenset[str]:
        """The types of messages that the next owner must know."""
        ...

    async def acquire(self) -> int:
        """Become the owner of the lane, bring its output up to date, and return the offset to read from."""
        ...

    async def rebase(self, offset: int, topic_id: str, interruption: Interruption | None) -> None:
        """After `acquire`: read on from this offset of this topic. `interruption` tells why it is another offset than
        `acquire` returned.
        """
        ...

    async def examine(self) -> None:
        """Check the topics that the lane writes to; called every few seconds while the lane is held. Raises TopicMisfit
        or Restart when one of them has changed.
        """
        ...

    async def handle(self, records: Sequence[InboundRecord]) -> None:
        """Handle records that follow one another. When it returns, they need never be read again."""
        ...

    async def idle(self) -> None:
        """Called about once a second while no records arrive."""
        ...

    async def release(self) -> None:
        """Finish what is in flight and give up the ownership of the lane."""
        ...

    def abandon(self) -> None:
        """Forget the lane at once, without waiting for anything in flight."""
        ...
