"""An in-memory Kafka: topics with partitions of records. Plain state; every operation happens at once.

It keeps what the loops rely on: offsets without gaps, records in the order of their arrival, and idempotent producers.
It has no replicas: a record is lost only when `shorten` or `delete_records` is called.
"""

from collections.abc import Callable, Mapping, Sequence

from infra.memory.log_partition import LogPartition
from workers.ports.clock import Clock
from workers.ports.log import Extent, InboundRecord, OutboundRecord, Partition, TopicState


class NoSuchPartition(Exception):
    """The topic does not exist, or has no partition of this number (None: the topic as a whole was asked for)."""

    def __init__(self, topic: str, partition: int | None) -> None:
        super().__init__(f"there is no {topic}" if partition is None else f"there is no {topic}/{partition}")
        self.topic = topic
        self.partition = partition


class Broker:
    """The server. `clock` is its own; it gives the records their timestamps."""

    def __init__(self, clock: Clock) -> None:
        self.topics: dict[str, list[LogPartition]] = {}
        self.settings: dict[str, Mapping[str, str]] = {}
        self._clock = clock
        self._producers = 0
        self._topic_ids: dict[str, str] = {}
        self._topics_created = 0

    # Topics

    def create_topic(self, topic: str, partitions: int, settings: Mapping[str, str] | None = None) -> None:
        """Create a topic with these settings, which it only keeps; one that exists stays as it is."""
        if topic not in self.topics:
            self.settings[topic] = settings or {}
            self.topics[topic] = [LogPartition(topic, number, self._milliseconds) for number in range(partitions)]
            self._topics_created += 1
            self._topic_ids[topic] = f"topic-{self._topics_created}"

    def recreate_topic(self, topic: str, partitions: int) -> None:
        """Delete a topic and create another of its name. Its readers go on, as with Kafka."""
        listeners_before = [partition.listeners for partition in self.topics.pop(topic)]
        self.create_topic(topic, partitions, self.settings[topic])
        for partition, listeners in zip(self.topics[topic], listeners_before, strict=False):
            partition.listeners = listeners

    def delete_topic(self, topic: str) -> None:
        """Delete a topic with its records; one that does not exist is passed over."""
        self.topics.pop(topic, None)
        self.settings.pop(topic, None)

    def state(self, topic: str) -> TopicState:
        """The topic's id and number of partitions; no id and no partitions when it does not exist."""
        return (
            TopicState(self._topic_ids[topic], len(self.topics[topic])) if topic in self.topics else TopicState("", 0)
        )

    def _milliseconds(self) -> int:
        return int(self._clock() * 1000)

    def absent(self, topics: Sequence[str]) -> frozenset[str]:
        """Those of the topics that do not exist."""
        return frozenset(topics) - self.topics.keys()

    def count(self, topic: str) -> int:
        """The number of a topic's partitions. Raises NoSuchPartition."""
        if topic not in self.topics:
            raise NoSuchPartition(topic, None)
        return len(self.topics[topic])

    def log(self, topic: str, partition: int) -> LogPartition:
        """Raises NoSuchPartition."""
        partitions = self.topics.get(topic, ())
        if not 0 <= partition < len(partitions):
            raise NoSuchPartition(topic, partition)
        return partitions[partition]

    # Records

    def new_producer(self) -> int:
        """The id of a new idempotent producer."""
        self._producers += 1
        return self._producers

    def append(
        self,
        topic: str,
        partition: int,
        records: Sequence[OutboundRecord],
        producer: int | None = None,
        first: int = 0,
        *,
        are_signed: bool = False,
    ) -> int:
        """Write records; returns the last one's offset. Raises NoSuchPartition or OutOfOrder.

        `first` is the number that the producer gives to the first record, counting all that it sends to the partition.
        `are_signed` stands for signatures: only the event log writes such records.
        """
        return self.log(topic, partition).append(records, producer, first, are_signed=are_signed)

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[InboundRecord]:
        """At most `limit` records from an offset on. Raises NoSuchPartition."""
        return self.log(topic, partition).read(offset, limit)

    def read_until(self, topic: str, partition: int, offset: int, until: int) -> list[InboundRecord]:
        """The records from `offset` to before `until`. Raises NoSuchPartition."""
        return self.log(topic, partition).read(offset, until - offset, until)

    def start(self, topic: str, partition: int) -> int:
        return self.log(topic, partition).start

    def end(self, topic: str, partition: int) -> int:
        return self.log(topic, partition).end

    def extent(self, topic: str, partition: int) -> Extent:
        """From which to which offset the partition reaches. Raises NoSuchPartition."""
        log = self.log(topic, partition)
        return Extent(self.state(topic), log.start, log.end, log.leader_epoch)

    def extents(self, partitions: Sequence[Partition]) -> dict[Partition, Extent]:
        """The extents of those partitions that exist."""
        existing = [place for place in partitions if place.partition < len(self.topics.get(place.topic, ()))]
        return {place: self.extent(*place) for place in existing}

    def hole(self, partition: Partition, first: int, until: int) -> tuple[int, int] | None:
        """The offsets from `first` to before `until` that hold no record: only deletion from the start leaves any."""
        start = min(self.start(*partition), until)
        return (first, start) if first < start else None

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        """Delete the records before an offset."""
        self.log(topic, partition).expire(before)

    def shorten(self, topic: str, partition: int, end: int) -> None:
        """Lose the records from offset `end` on, as a broker without its replicas may."""
        self.log(topic, partition).shorten(end)

    # Notifications that records have come. They carry nothing and cross no wire.

    def listen(self, partitions: Sequence[Partition], listener: Callable[[], None]) -> None:
        """Call `listener` whenever one of the partitions grows."""
        for partition in partitions:
            self.log(*partition).listeners.append(listener)

    def unlisten(self, partitions: Sequence[Partition], listener: Callable[[], None]) -> None:
        """Stop calling it."""
        for partition in partitions:
            self.log(*partition).listeners.remove(listener)
