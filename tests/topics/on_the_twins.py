"""The operations on lanes and topics, on servers in memory: the table, the record of interventions, the broker."""

from datetime import UTC, datetime

from contracts.partitioner import partition_for
from infra.memory.broker import Broker
from infra.memory.clock import MemoryClock
from infra.memory.interventions import InterventionRows, MemoryInterventions
from infra.memory.lane_rows import LaneRows
from infra.memory.lanes import MemoryLanes
from infra.memory.topic_recreation import MemoryRecreatedTopic
from infra.memory.wire import DirectWire
from workers.operations.interventions import Operator
from workers.ports.interventions import Reason
from workers.ports.lanes import LaneKey
from workers.ports.log import OutboundRecord

TOPIC = "users.commands"
PARTITIONS = 4


def now() -> datetime:
    return datetime(2026, 5, 4, tzinfo=UTC)


class Twins:
    """A topic of commands that has another number of partitions than it should have, and its lanes."""

    def __init__(self, partitions: int = 2) -> None:
        self.wire = DirectWire()
        self.broker = Broker(MemoryClock())
        self.broker.create_topic(TOPIC, partitions)
        self.table = LaneRows(now)
        self.interventions = InterventionRows(now)
        self.lanes = MemoryLanes(self.table, self.interventions, self.wire)
        self.operator = Operator(MemoryInterventions(self.interventions, self.wire), "ada", Reason("a test"))

    def topic(self) -> MemoryRecreatedTopic:
        """The topic as it should be."""
        return MemoryRecreatedTopic(self.broker, self.wire, TOPIC, PARTITIONS)

    def send(self, *keys: str) -> None:
        """Send one command for each key, to the partition that the key has in the topic as it is."""
        for key in keys:
            number = partition_for(key.encode(), self.broker.count(TOPIC))
            self.broker.append(TOPIC, number, [OutboundRecord(key.encode(), b"{}", [("ce_id", key.encode())])])

    def has_read_all(self, topic_id: str | None = None) -> None:
        """Let the lanes have read all that the topic has; `topic_id` instead: of another topic."""
        for number in range(self.broker.count(TOPIC)):
            lane = LaneKey("command", TOPIC, number)
            self.table.acquire(lane, "worker")
            row, end = self.table.lanes[lane], self.broker.end(TOPIC, number)
            records = self.broker.read(TOPIC, number, 0, end)
            row.consumed, row.topic_id = end, topic_id or self.broker.state(TOPIC).id
            row.last_offset, row.last_timestamp = end - 1, records[-1].timestamp if records else 0

    def keys(self) -> dict[int, list[str]]:
        """The keys of all commands in the topic, by partition."""
        return {
            number: [(record.key or b"").decode() for record in self.broker.read(TOPIC, number, 0, 1000)]
            for number in range(self.broker.count(TOPIC))
        }

    def actions(self) -> list[tuple[str, str]]:
        """Action and target of each intervention."""
        return [(intervention.action, intervention.target) for intervention in self.interventions.rows]
