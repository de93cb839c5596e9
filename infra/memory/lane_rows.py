"""The lanes' part of the table: the owner of each, how far it has read and how far it has written. Plain state."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from workers.ports.lanes import Fenced, Interruption, LaneGrant, LaneKey, Mark


@dataclass(slots=True)
class LaneRow:
    """One row, with the columns of the real table."""

    epoch: int = 0
    consumed: int = 0
    sequence: int = 0
    mark: Mark = Mark(0, -1)
    input_sequence: int = 0
    owner: str | None = None
    topic_id: str = ""
    published_topic_id: str = ""
    last_offset: int = -1
    last_timestamp: int = 0
    event_types: frozenset[str] = frozenset()


class OpenLaneInterruption(NamedTuple):
    """An interruption that no operator has acknowledged. The lane has read on from the offset `resumed_at`."""

    lane: LaneKey
    noticed_at: datetime
    interruption: Interruption
    resumed_at: int = 0


class LaneLocked(Exception):
    """A repair holds the lane's row; nothing was changed. Wait for `released` and try again, as the database would."""

    def __init__(self, lane: LaneKey, released: asyncio.Event) -> None:
        super().__init__(f"the row of lane {lane} is locked")
        self.released = released


class LaneRows:
    """The lanes' part of the table. `now` is its time of day; `open_interruptions` are in the order of their notice."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.lanes: dict[LaneKey, LaneRow] = {}
        self.open_interruptions: list[OpenLaneInterruption] = []
        self.locks: dict[LaneKey, asyncio.Event] = {}

    def lock(self, lanes: Sequence[LaneKey]) -> list[LaneKey]:
        """Lock the rows of those of these lanes that were ever acquired, and return these. Raises LaneLocked."""
        locked = [lane for lane in dict.fromkeys(lanes) if lane in self.lanes]
        for lane in locked:
            self.wait_for(lane)
        released = asyncio.Event()
        self.locks.update((lane, released) for lane in locked)
        return locked

    def unlock(self, lanes: Sequence[LaneKey]) -> None:
        """Let those go on that wait for the rows of these lanes."""
        for lane in lanes:
            self.locks.pop(lane).set()

    def wait_for(self, lane: LaneKey) -> None:
        """Raises LaneLocked when the lane's row is locked."""
        if lane in self.locks:
            raise LaneLocked(lane, self.locks[lane])

    def acquire(self, lane: LaneKey, owner: str) -> LaneGrant:
        """Raises LaneLocked."""
        self.wait_for(lane)
        row = self.lanes.setdefault(lane, LaneRow())
        row.epoch, row.owner = row.epoch + 1, owner
        topics = (row.topic_id, row.published_topic_id)
        return LaneGrant(
            *(row.epoch, row.consumed, row.sequence, row.mark, row.input_sequence),
            *topics,
            self.interruptions(lane),
            self.timestamp_before(row),
            row.event_types,
        )

    def timestamp_before(self, row: LaneRow) -> int:
        """The timestamp of the record before the row's next offset, in milliseconds since 1970; 0: unknown."""
        return row.last_timestamp if row.last_offset == row.consumed - 1 else 0

    def rebase(
        self, lane: LaneKey, epoch: int, consumed: int, topic_id: str, interruption: Interruption | None = None
    ) -> None:
        row = self.fence(lane, epoch)
        row.consumed, row.topic_id = consumed, topic_id
        row.last_offset, row.last_timestamp = -1, 0
        if interruption is not None:
            self.open_interruptions.append(OpenLaneInterruption(lane, self.now(), interruption, consumed))

    def restart(self, topic: str, topic_id: str, former_topic_id: str | None) -> None:
        """Let the lanes of a topic of commands begin at the first offset of the new topic with this id."""
        for lane, row in self.lanes.items():
            if (lane.role, lane.topic) != ("command", topic):
                continue
            if former_topic_id is not None and row.topic_id not in ("", topic_id, former_topic_id):
                interruption = Interruption("recreated", row.topic_id, topic_id, row.consumed, 0, 0, None)
                self.open_interruptions.append(OpenLaneInterruption(lane, self.now(), interruption))
            row.epoch, row.owner, row.consumed, row.topic_id = row.epoch + 1, None, 0, topic_id

    def publish_to(self, lane: LaneKey, epoch: int, topic_id: str) -> None:
        self.fence(lane, epoch).published_topic_id = topic_id

    def note_event_types(self, lane: LaneKey, epoch: int, types: Collection[str]) -> None:
        row = self.fence(lane, epoch)
        row.event_types = row.event_types.union(types)

    def interruptions(self, lane: LaneKey) -> int:
        return sum(row.lane == lane for row in self.open_interruptions)

    def acknowledge(self, lane: LaneKey) -> None:
        """What an operator does about interruptions."""
        self.open_interruptions = [row for row in self.open_interruptions if row.lane != lane]

    def holds(self, lane: LaneKey, epoch: int) -> bool:
        return lane in self.lanes and self.lanes[lane].epoch == epoch

    def release(self, lane: LaneKey, epoch: int, mark: Mark) -> None:
        """Raises LaneLocked."""
        self.wait_for(lane)
        if self.holds(lane, epoch):
            row = self.lanes[lane]
            row.owner, row.mark = None, mark

    def fence(self, lane: LaneKey, epoch: int) -> LaneRow:
        """The lane's row, for its owner in this epoch. Raises Fenced for any other epoch, or LaneLocked."""
        self.wait_for(lane)
        if not self.holds(lane, epoch):
            raise Fenced(lane, epoch)
        return self.lanes[lane]
