"""The table of lanes in memory: who owns one, how far it has read, how far it has written."""

from dataclasses import dataclass

from workers.ports.lanes import Fenced, LaneGrant, LaneKey, Mark


@dataclass(slots=True)
class LaneRow:
    """One row. Its columns are those of the real table."""

    epoch: int = 0
    consumed: int = 0
    sequence: int = 0
    mark: Mark = Mark(0, -1)
    input_sequence: int = 0
    owner: str | None = None


class LaneRows:
    """The part of the table that every lane speaks to first."""

    def __init__(self) -> None:
        self.lanes: dict[LaneKey, LaneRow] = {}

    def take(self, lane: LaneKey, owner: str) -> LaneGrant:
        row = self.lanes.setdefault(lane, LaneRow())
        row.epoch, row.owner = row.epoch + 1, owner
        return LaneGrant(row.epoch, row.consumed, row.sequence, row.mark, row.input_sequence)

    def holds(self, lane: LaneKey, epoch: int) -> bool:
        return lane in self.lanes and self.lanes[lane].epoch == epoch

    def leave(self, lane: LaneKey, epoch: int, mark: Mark) -> None:
        if self.holds(lane, epoch):
            row = self.lanes[lane]
            row.owner, row.mark = None, mark

    def fence(self, lane: LaneKey, epoch: int) -> LaneRow:
        """The lane's row, for who holds it in this epoch. Raises Fenced for anybody else."""
        if not self.holds(lane, epoch):
            raise Fenced(lane, epoch)
        return self.lanes[lane]
