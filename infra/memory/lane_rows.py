"""The table of lanes in memory: who owns one, how far it has read, how far it has written."""

from dataclasses import dataclass

from workers.ports.lanes import Fenced, Interruption, LaneGrant, LaneKey, Mark


@dataclass(slots=True)
class LaneRow:
    """One row. Its columns are those of the real table."""

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


class LaneRows:
    """The part of the table that every lane speaks to first."""

    def __init__(self) -> None:
        self.lanes: dict[LaneKey, LaneRow] = {}
        self.open_interruptions: dict[LaneKey, list[Interruption]] = {}

    def acquire(self, lane: LaneKey, owner: str) -> LaneGrant:
        row = self.lanes.setdefault(lane, LaneRow())
        row.epoch, row.owner = row.epoch + 1, owner
        topics = (row.topic_id, row.published_topic_id)
        last_timestamp = row.last_timestamp if row.last_offset == row.consumed - 1 else 0
        return LaneGrant(
            *(row.epoch, row.consumed, row.sequence, row.mark, row.input_sequence),
            *topics,
            self.interruptions(lane),
            last_timestamp,
        )

    def rebase(
        self, lane: LaneKey, epoch: int, consumed: int, topic_id: str, interruption: Interruption | None = None
    ) -> None:
        row = self.fence(lane, epoch)
        row.consumed, row.topic_id = consumed, topic_id
        row.last_offset, row.last_timestamp = -1, 0
        if interruption is not None:
            self.open_interruptions.setdefault(lane, []).append(interruption)

    def publish_to(self, lane: LaneKey, epoch: int, topic_id: str) -> None:
        self.fence(lane, epoch).published_topic_id = topic_id

    def interruptions(self, lane: LaneKey) -> int:
        return len(self.open_interruptions.get(lane, ()))

    def acknowledge(self, lane: LaneKey) -> None:
        """As an operator does."""
        self.open_interruptions.pop(lane, None)

    def holds(self, lane: LaneKey, epoch: int) -> bool:
        return lane in self.lanes and self.lanes[lane].epoch == epoch

    def release(self, lane: LaneKey, epoch: int, mark: Mark) -> None:
        if self.holds(lane, epoch):
            row = self.lanes[lane]
            row.owner, row.mark = None, mark

    def fence(self, lane: LaneKey, epoch: int) -> LaneRow:
        """The lane's row, for who holds it in this epoch. Raises Fenced for anybody else."""
        if not self.holds(lane, epoch):
            raise Fenced(lane, epoch)
        return self.lanes[lane]
