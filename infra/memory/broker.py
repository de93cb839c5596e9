"""Kafka's twin: topics with partitions, and consumer groups. Plain state; every operation happens at once.

It promises what the loops rely on: offsets without gaps, records in the order of their arrival, idempotent producers,
and groups whose members are evicted when they are not heard of. It replicates nothing: nothing that it has taken is
lost, unless it is told to lose it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from infra.memory.group import Assignment, Group
from infra.memory.log_partition import LogPartition
from workers.ports.clock import Clock
from workers.ports.log import Extent, InboundRecord, OutboundRecord, Partition, Reach, TopicState


class NoSuchPartition(Exception):
    """A topic that was not created, or a number that it does not have."""

    def __init__(self, topic: str, partition: int | None) -> None:
        super().__init__(f"there is no {topic}" if partition is None else f"there is no {topic}/{partition}")
        self.topic = topic
        self.partition = partition


class Fetched(NamedTuple):
    """Records of one partition, and the offset from which they were read."""

    offset: int
    records: Sequence[InboundRecord]


class Broker:
    """The server. `clock` is its own; sessions of group members end by it."""

    def __init__(self, clock: Clock) -> None:
        self.topics: dict[str, list[LogPartition]] = {}
        self.groups: dict[str, Group] = {}
        self._clock = clock
        self._producers = 0
        self._ids: dict[str, str] = {}
        self._made = 0

    # Topics

    def create_topic(self, topic: str, partitions: int) -> None:
        """A new topic; one that exists is left alone."""
        if topic not in self.topics:
            self.topics[topic] = [LogPartition(topic, number, self._milliseconds) for number in range(partitions)]
            self._made += 1
            self._ids[topic] = f"topic-{self._made}"

    def recreate_topic(self, topic: str, partitions: int) -> None:
        """Delete a topic and make another of its name. Who reads it goes on, as with Kafka."""
        listeners = [partition.listeners for partition in self.topics.pop(topic)]
        self.create_topic(topic, partitions)
        for partition, heard in zip(self.topics[topic], listeners, strict=False):
            partition.listeners = heard

    def state(self, topic: str) -> TopicState:
        """The topic's id and number of partitions; without any when there is no such topic."""
        return TopicState(self._ids[topic], len(self.topics[topic])) if topic in self.topics else TopicState("", 0)

    def _milliseconds(self) -> int:
        return int(self._clock() * 1000)

    def absent(self, topics: Sequence[str]) -> frozenset[str]:
        """Those of the topics that are not there."""
        return frozenset(topics) - self.topics.keys()

    def count(self, topic: str) -> int:
        """How many partitions a topic has. Raises NoSuchPartition."""
        if topic not in self.topics:
            raise NoSuchPartition(topic, None)
        return len(self.topics[topic])

    def log(self, topic: str, partition: int) -> LogPartition:
        """Raises NoSuchPartition."""
        partitions = self.topics.get(topic, ())
        if not 0 <= partition < len(partitions):
            raise NoSuchPartition(topic, partition)
        return partitions[partition]

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
    ) -> int:
        """Write records; returns the last one's offset. Raises NoSuchPartition, or OutOfOrder.

        `first` is the number that the producer gives to the first record, counting all that it sends to the partition.
        """
        return self.log(topic, partition).append(records, producer, first)

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[InboundRecord]:
        """At most `limit` records from an offset on. Raises NoSuchPartition."""
        return self.log(topic, partition).read(offset, limit)

    def read_until(self, topic: str, partition: int, offset: int, until: int) -> list[InboundRecord]:
        """The records from an offset to before another. Raises NoSuchPartition."""
        return self.log(topic, partition).read(offset, until - offset, until)

    def start(self, topic: str, partition: int) -> int:
        return self.log(topic, partition).start

    def end(self, topic: str, partition: int) -> int:
        return self.log(topic, partition).end

    def extent(self, topic: str, partition: int) -> Extent:
        """From where to where the partition reaches."""
        found = self.log(topic, partition)
        return Extent(self.state(topic), found.start, found.end, found.leader_epoch)

    def extents(self, partitions: Sequence[Partition]) -> dict[Partition, Extent]:
        """The same of those partitions that exist."""
        there = [each for each in partitions if each.partition < len(self.topics.get(each.topic, ()))]
        return {each: self.extent(*each) for each in there}

    def hole(self, partition: Partition, first: int, until: int) -> tuple[int, int] | None:
        """The offsets of a stretch at which nothing stands: what was deleted from the beginning, as nothing else is."""
        start = min(self.start(*partition), until)
        return (first, start) if first < start else None

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        """Delete the records before an offset."""
        self.log(topic, partition).expire(before)

    def shorten(self, topic: str, partition: int, end: int) -> None:
        """Lose the records from `end` on, as a broker without its replicas may."""
        self.log(topic, partition).shorten(end)

    # What members of groups ask for

    def group(self, name: str) -> Group:
        """The group of this name as it is now; an empty one when nobody has joined it yet."""
        found = self.groups.get(name)
        if found is None:
            found = self.groups[name] = Group(self._counted, self._clock)
        found.expire()
        return found

    def _counted(self, topic: str) -> int:
        return len(self.topics.get(topic, ()))

    def expire(self) -> None:
        """Evict the members that were not heard of for too long. Every operation of a group does so too."""
        for group in self.groups.values():
            group.expire()

    def enroll(self, group: str, name: str) -> str:
        return self.group(group).enroll(name)

    def join(
        self, group: str, member: str, topics: Sequence[str], session_seconds: float, rebalance_seconds: float
    ) -> None:
        self.group(group).join(member, topics, session_seconds, rebalance_seconds)

    def assignment(self, group: str, member: str) -> Assignment | None:
        return self.group(group).assignment(member)

    def heartbeat(self, group: str, member: str, generation: int) -> None:
        self.group(group).heartbeat(member, generation)

    def leave(self, group: str, member: str) -> None:
        self.group(group).leave(member)

    def commit(self, group: str, member: str, generation: int, offsets: Mapping[Partition, int]) -> None:
        self.group(group).commit(member, generation, offsets)

    def fetch(self, group: str, places: Sequence[tuple[Partition, int | None]], limit: int) -> list[Fetched]:
        """At most `limit` records of each of these partitions. Who may read them, nobody asks: as with Kafka.

        An offset of None: where the group stands, or the start. One that the partition does not have: the start.
        """
        found = []
        for partition, wanted in places:
            log = self.log(*partition)
            offset = self._committed(group, partition) if wanted is None else wanted
            if not log.start <= offset <= log.end:
                offset = log.start
            found.append(Fetched(offset, log.read(offset, limit)))
        return found

    def reach(self, group: str, places: Sequence[tuple[Partition, int | None]]) -> dict[Partition, Reach]:
        """Where reading goes on in each partition, and where the partition ends."""
        return {
            partition: Reach(self._committed(group, partition) if offset is None else offset, self.extent(*partition))
            for partition, offset in places
        }

    def _committed(self, group: str, partition: Partition) -> int:
        return self.group(group).offsets.get(partition, self.start(*partition))

    # Hints that it is worth while to look again; they carry nothing and cross no wire

    def listen(self, partitions: Sequence[Partition], listener: Callable[[], None]) -> None:
        """Call `listener` whenever one of the partitions grows."""
        for partition in partitions:
            self.log(*partition).listeners.append(listener)

    def unlisten(self, partitions: Sequence[Partition], listener: Callable[[], None]) -> None:
        for partition in partitions:
            self.log(*partition).listeners.remove(listener)

    def listen_to_group(self, group: str, member: str, listener: Callable[[], None]) -> None:
        """Call `listener` whenever a generation begins, as long as the member is in the group."""
        self.group(group).listeners[member] = listener
