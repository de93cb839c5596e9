"""What every lane speaks to: a wire with switches to the twins of servers, and fakes of the log and the sender.

They share a journal, a list of words in the order in which things happened, so that a test can say what came first.
Each call lets other tasks run first, as a call over the network does.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from infra.memory.table import Table
from workers.ports.event_store import Batch, EventRow
from workers.ports.lanes import LaneKey, Mark, Unavailable
from workers.ports.log import OutboundRecord, PublishFailed, Tail, TopicState

Journal = list[str]


# What a server is asked to do, as the journal has it.
WORDS = {"acquire": "acquire", "holds": "holds", "release": "release", "commit": "commit", "commit_sagas": "commit"}
COMMITS = ("commit", "commit_sagas", "_commit")

T = TypeVar("T")


@dataclass
class SwitchedWire:
    """A wire to a twin with switches. `away`: the server does not answer. `answers_lost`: so many commits are carried
    out without anyone learning of it. `meanwhile`: what others do just before the next commits, one entry a commit;
    `afterwards`: before their answers are read.
    """

    journal: Journal = field(default_factory=list)
    away: bool = False
    answers_lost: int = 0
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    commits: int = 0

    async def call(self, server: str, operation: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable(server, "away for the test")
        name = getattr(getattr(operation, "func", operation), "__name__", "")
        if name in COMMITS and self.meanwhile:
            self.meanwhile.pop(0)()
        result = operation()
        if name in WORDS:
            self.journal.append(WORDS[name])
        if name in COMMITS:
            self.commits += 1
            if self.afterwards:
                self.afterwards.pop(0)()
            if self.answers_lost:
                self.answers_lost -= 1
                raise Unavailable(server, "the answer was lost for the test")
        return result


def write(table: Table, rows: Sequence[EventRow]) -> None:
    """Have the table hold these events, as command lanes would have written them."""
    for row in rows:
        lane = LaneKey("command", "written before", row.partition)
        grant = table.acquire(lane, "somebody")
        nothing: tuple[()] = ()
        sequence, mark = row.sequence, Mark(0, -1)
        table.commit(
            Batch(
                *(lane, grant.epoch, row.context, row.recorded_at, 0, sequence, mark),
                outcomes=nothing,
                events=[row],
                claims_to_acquire=nothing,
                claims_to_settle=nothing,
                credentials=nothing,
            )
        )
        del table.lanes[lane]


@dataclass
class LogInMemory:
    """`EventLog` in memory: lists of records. `fails`: it does not take any. `open`: cleared, appends wait. `states`:
    what topics are; one that is not named has no id and `default_partitions`.
    """

    journal: Journal = field(default_factory=list)
    partitions: dict[tuple[str, int], list[OutboundRecord]] = field(default_factory=dict)
    fails: bool = False
    open: asyncio.Event = field(default_factory=asyncio.Event)
    appending: int = 0
    most_appending: int = 0
    states: dict[str, TopicState] = field(default_factory=dict)
    default_partitions: int = 1

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
            log_sequence = sequence_of(kept[place])
            if log_sequence > sequence:
                sequence, offset = log_sequence, place
        return Tail(sequence, offset, len(kept), shortened)

    async def topic(self, topic: str) -> TopicState:
        await asyncio.sleep(0)
        return self.states.get(topic, TopicState("", self.default_partitions))

    async def clear_recreated(self, topic: str, partition: int) -> None:
        await asyncio.sleep(0)
        kept = self.partitions.get((topic, partition), [])
        if kept and sequence_of(kept[0]) != 1:
            kept.clear()


def sequence_of(record: OutboundRecord) -> int:
    """The lane sequence that a record carries; 0: none."""
    return int(dict(record.headers).get("ce_sequence", b"0"))


Delivery = tuple[str, int | None, OutboundRecord]


@dataclass
class MessageSenderInMemory:
    """`MessageSender` in memory. `away`: nothing can be delivered."""

    journal: Journal = field(default_factory=list)
    delivered: list[Delivery] = field(default_factory=list)
    posted: list[tuple[str, int, OutboundRecord]] = field(default_factory=list)
    away: bool = False

    async def send(self, messages: Sequence[Delivery]) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("Kafka", "away for the test")
        self.delivered.extend(messages)
        self.journal.append("send")

    async def send_nowait(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> None:
        self.posted.extend((topic, partition, record) for record in records)
        self.journal.append("send_nowait")
