"""Fakes of what every lane speaks to: the lanes' rows, the log and the courier.

They share a journal, a list of words in the order in which things happened, so that a test can say what came first.
Each call lets other tasks run first, as a call over the network does.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from workers.ports.lanes import Fenced, LaneGrant, LaneKey, Mark, Unavailable
from workers.ports.log import OutboundRecord, PublishFailed, Tail

Journal = list[str]


@dataclass
class LaneRow:
    """One row of the table of lanes."""

    epoch: int = 0
    consumed: int = 0
    sequence: int = 0
    mark: Mark = Mark(0, -1)
    input_sequence: int = 0
    owner: str | None = None


@dataclass
class LaneRows:
    """`LaneStore` in memory. `away`: it does not answer."""

    journal: Journal = field(default_factory=list)
    rows: dict[LaneKey, LaneRow] = field(default_factory=dict)
    away: bool = False

    async def take(self, lane: LaneKey, owner: str) -> LaneGrant:
        await self.reached()
        row = self.rows.setdefault(lane, LaneRow())
        row.epoch, row.owner = row.epoch + 1, owner
        self.journal.append("take")
        return LaneGrant(row.epoch, row.consumed, row.sequence, row.mark, row.input_sequence)

    async def holds(self, lane: LaneKey, epoch: int) -> bool:
        await self.reached()
        self.journal.append("holds")
        return lane in self.rows and self.rows[lane].epoch == epoch

    async def leave(self, lane: LaneKey, epoch: int, mark: Mark) -> None:
        await self.reached()
        self.journal.append("leave")
        row = self.rows[lane]
        if row.epoch == epoch:
            row.owner, row.mark = None, mark

    async def reached(self) -> None:
        """The way to the server: other tasks run meanwhile. Raises Unavailable when it is away."""
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("Postgres", "away for the test")

    def held(self, lane: LaneKey, epoch: int) -> LaneRow:
        """The lane's row, for a writer in this epoch. Raises Fenced for any other."""
        row = self.rows.get(lane)
        if row is None or row.epoch != epoch:
            raise Fenced(lane, epoch)
        return row


@dataclass
class LogInMemory:
    """`EventLog` in memory: lists of records. `fails`: it does not take any. `open`: cleared, appends wait."""

    journal: Journal = field(default_factory=list)
    partitions: dict[tuple[str, int], list[OutboundRecord]] = field(default_factory=dict)
    fails: bool = False
    open: asyncio.Event = field(default_factory=asyncio.Event)
    appending: int = 0
    most_appending: int = 0

    def __post_init__(self) -> None:
        self.open.set()

    async def append(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> int:
        self.appending += 1
        self.most_appending = max(self.most_appending, self.appending)
        try:
            await asyncio.sleep(0)
            await self.open.wait()
        finally:
            self.appending -= 1
        if self.fails:
            raise PublishFailed("broken for the test")
        kept = self.partitions.setdefault((topic, partition), [])
        kept.extend(records)
        self.journal.append("append")
        return len(kept) - 1

    async def tail(self, topic: str, partition: int, from_offset: int) -> Tail:
        await asyncio.sleep(0)
        kept = self.partitions.get((topic, partition), [])
        shortened = from_offset > 0 and len(kept) <= from_offset
        sequence, offset = 0, -1
        for place in range(0 if shortened else from_offset, len(kept)):
            found = sequence_of(kept[place])
            if found > sequence:
                sequence, offset = found, place
        return Tail(sequence, offset, len(kept), shortened)


def sequence_of(record: OutboundRecord) -> int:
    """The lane sequence that a record carries; 0: none."""
    return int(dict(record.headers).get("ce_sequence", b"0"))


Delivery = tuple[str, int | None, OutboundRecord]


@dataclass
class CourierInMemory:
    """`Courier` in memory. `away`: nothing can be delivered."""

    journal: Journal = field(default_factory=list)
    delivered: list[Delivery] = field(default_factory=list)
    posted: list[tuple[str, int, OutboundRecord]] = field(default_factory=list)
    away: bool = False

    async def deliver(self, messages: Sequence[Delivery]) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("Kafka", "away for the test")
        self.delivered.extend(messages)
        self.journal.append("deliver")

    async def post(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> None:
        self.posted.extend((topic, partition, record) for record in records)
        self.journal.append("post")
