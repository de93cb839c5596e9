"""Where a verification reads, and how it is told to take its time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from contracts.catalogue import catalogue
from contracts.message import Event
from contracts.topics import Topics
from infra.kafka.log_reader import LogReader
from infra.kafka.topics import Topic
from infra.postgres.lists import NONE, SEPARATOR
from infra.postgres.pool import Database
from infra.redis.documents import StoredDocuments

Pace = Callable[[int], Awaitable[None]]
"""Called after each chunk with the number of things in it: shows progress, or waits."""


class Sources(NamedTuple):
    """What a verification reads. `database` may have a single connection; `partitions` is the installation's number;
    `wanted_topics` are its topics as they should be.
    """

    database: Database
    log: LogReader
    documents: StoredDocuments
    topics: Topics
    partitions: int
    wanted_topics: Sequence[Topic] = ()

    @property
    def models(self) -> Mapping[str, type[Event]]:
        """The events of this installation by their type on the wire."""
        return catalogue().events

    async def reached(self, context: str) -> dict[int, int]:
        """The last sequence of each of a context's lanes, now. Raises Unavailable."""
        rows: list[Any] = await self.database.rows("lane_sequences")
        topic = self.topics.commands(context)
        return {row["partition"]: row["sequence"] for row in rows if row["topic"] == topic}


def storable(text: str) -> bool:
    """Whether the database can be asked about this text at all; what it can't be asked about, it doesn't hold."""
    return bool(text) and not {SEPARATOR, NONE, "\x00", "\ufffd"} & set(text)
