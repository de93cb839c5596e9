"""The in-memory broker with consumer groups: members join, are given partitions, send heartbeats, and are evicted."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from infra.memory.broker import Broker
from tests.simulation.consumer_groups.group import Assignment, Group
from workers.ports.clock import Clock
from workers.ports.log import InboundRecord, Partition, Reach


class Fetched(NamedTuple):
    """Records of one partition, and the offset from which they were read."""

    offset: int
    records: Sequence[InboundRecord]


class BrokerWithGroups(Broker):
    """The server. Sessions of group members end by its clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.groups: dict[str, Group] = {}

    def group(self, name: str) -> Group:
        """The group of this name as it is now; a new one, without members, when there is none yet."""
        group = self.groups.get(name)
        if group is None:
            group = self.groups[name] = Group(self._partitions_of, self._clock)
        group.expire()
        return group

    def _partitions_of(self, topic: str) -> int:
        return len(self.topics.get(topic, ()))

    def expire(self) -> None:
        """Evict the members whose session is over. Every operation of a group does so too."""
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

    def fetch(self, group: str, wanted: Sequence[tuple[Partition, int | None]], limit: int) -> list[Fetched]:
        """At most `limit` records of each of these partitions. Any member may read any partition, as with Kafka.

        An offset of None means the group's committed offset; without one, and for an offset that the partition does
        not have, reading begins at the start.
        """
        answers = []
        for partition, wanted_offset in wanted:
            log = self.log(*partition)
            offset = self._committed(group, partition) if wanted_offset is None else wanted_offset
            if not log.start <= offset <= log.end:
                offset = log.start
            answers.append(Fetched(offset, log.read(offset, limit)))
        return answers

    def reach(self, group: str, positions: Sequence[tuple[Partition, int | None]]) -> dict[Partition, Reach]:
        """Where reading goes on in each partition, and where the partition ends."""
        return {
            partition: Reach(self._committed(group, partition) if offset is None else offset, self.extent(*partition))
            for partition, offset in positions
        }

    def _committed(self, group: str, partition: Partition) -> int:
        return self.group(group).offsets.get(partition, self.start(*partition))

    def listen_to_group(self, group: str, member: str, listener: Callable[[], None]) -> None:
        """Call `listener` whenever a generation begins, as long as the member is in the group."""
        self.group(group).listeners[member] = listener
