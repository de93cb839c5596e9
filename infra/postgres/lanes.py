"""The lanes as operators and measurements ask for them: how far each is, and what interrupted it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from infra.postgres.pool import Database
from workers.ports.verification.rows import LaneSequence, SagaLanePosition


class ListedLane(NamedTuple):
    """A lane. `owner` is None when nobody owns it; `consumed` is the next offset to read; `sequence` is the last number
    that it has assigned, to an event or to a saga's step.
    """

    role: str
    topic: str
    partition: int
    owner: str | None
    epoch: int
    consumed: int
    sequence: int
    acquired_at: datetime | None


class ListedInterruption(NamedTuple):
    """An interruption that no operator has acknowledged. The lane stood at the offset `consumed`, the topic reached
    from `start_offset` to before `end_offset`, and the lane has read on from `resumed_at`. `missing`: how many records
    may be lost unread, at most; None: unknown.
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


class ReadPosition(NamedTuple):
    """How far a lane of commands has read: the next offset, the id of the topic that it belongs to ("": not known), and
    the timestamp of the record before it in milliseconds (0: not known).
    """

    partition: int
    consumed: int
    topic_id: str
    last_timestamp: int


class Lanes:
    """Reads the rows of lanes: also the port `LaneSequences`. Every method raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(self) -> Sequence[ListedLane]:
        """All lanes, by role, topic and partition."""
        return [ListedLane(**row) for row in await self._database.rows("lanes_listed")]

    async def open_interruptions(self) -> Sequence[ListedInterruption]:
        """The interruptions of all lanes that no operator has acknowledged, the oldest first."""
        return [ListedInterruption(**row) for row in await self._database.rows("open_interruptions")]

    async def lane_sequences(self) -> Sequence[LaneSequence]:
        """Of every lane of commands the last sequence that it has assigned."""
        return [LaneSequence(**row) for row in await self._database.rows("lane_sequences")]

    async def saga_positions(self, topic: str) -> Sequence[SagaLanePosition]:
        """How far the saga lanes of a topic of events are."""
        rows = await self._database.rows("saga_lanes", topic)
        return [SagaLanePosition(row["partition"], row["input_sequence"], position=row["sequence"]) for row in rows]

    async def read_positions(self, topic: str) -> Sequence[ReadPosition]:
        """How far the lanes of a topic of commands have read."""
        return [ReadPosition(**row) for row in await self._database.rows("lanes_consumed", topic)]

    async def restart(self, topic: str, topic_id: str, former_topic_id: str | None) -> None:
        """Let the lanes of a topic of commands begin at the first offset of the new topic with this id. Their owners
        are fenced. `former_topic_id` is the topic whose unread records were carried over, None when that is unknown: a
        lane that read another one may have missed records, and an interruption says so. Needs the role `annals_writer`.
        """
        await self._database.run("restart_lanes", topic, topic_id, former_topic_id)
