"""What work on dead letters asks of the outside, beside outcomes, streams (`EventStore`) and interventions."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

from workers.ports.interventions import Reason
from workers.ports.log import InboundRecord, TopicState

Sending = Literal["dlq-retry", "dlq-resend"]
"""The action of an intervention: a command is sent under an id for the first time, or once more."""


class Attempts(NamedTuple):
    """The id of the command that the first attempt was about, and the ids under which it was sent again, oldest first.

    The first of them is `root_id` itself when the command had no outcome yet.
    """

    root_id: str
    command_ids: tuple[str, ...]


class DeadLetterTopics(Protocol):
    """The topics of dead letters, read outside of any consumer group. Every method raises Unavailable."""

    def records(self, topic: str, partition: int, from_offset: int) -> AsyncGenerator[list[InboundRecord]]:
        """The records of a partition from an offset, or from its first record if that comes later, to the end that it
        has when the reading starts: by offset, in batches of a bounded number, none of them empty. A reader that stops
        early must close the generator.
        """
        ...

    async def states(self, topics: Sequence[str]) -> Mapping[str, TopicState]:
        """Id and number of partitions, by name, of those of the topics that exist."""
        ...


class DeadLetterTable(Protocol):
    """Every method raises Unavailable."""

    async def now(self) -> datetime:
        """The time by the database's clock."""
        ...

    async def attempts_of(self, command_id: str) -> Attempts:
        """The attempts to get this command handled. It may be the first command or one of the attempts."""
        ...

    async def record_attempt(self, actor: str, target: str, reason: Reason, details: Mapping[str, Any]) -> Sending:
        """Add to the record of interventions that a command is about to be sent, and say whether it is the first time.

        `details` has `command_id`, under which it is sent, and `root_id`; both may be None when the letter has no
        readable command: then it is always a first time. However many operators ask at once, one of them is first.
        Raises Unstorable.
        """
        ...

    async def claim_holders(self, context: str, claims: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """The streams that hold these unique claims (scope, key) of a context; those that nobody holds are left out."""
        ...
