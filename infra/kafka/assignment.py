"""Which member of a group gets which partition, where members may be of different releases.

Each member says which types of messages it knows, and which types the owner of a partition must know, as far as it has
learnt that: a lane has events of them. A partition goes to a member that knows what it takes, and among these to one
with few partitions. If nobody knows, anybody gets it: the lane waits there, and says for what. Every member learns what
all of them together know.

The protocol is that of aiokafka's assignors. Members of earlier releases have round robin only; with one of them in the
group all do. Source of the protocol:
https://cwiki.apache.org/confluence/display/KAFKA/Kafka+Client-side+Assignment+Proposal
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.structs import TopicPartition
from pydantic import BaseModel, ConfigDict

from workers.ports.log import Partition

NAME = "annals"
VERSION = 0


class _Required(BaseModel):
    """The types that the owner of a partition must know."""

    topic: str
    partition: int
    types: frozenset[str]


class _Member(BaseModel):
    """What a member says of itself. What a later release says besides is passed over."""

    model_config = ConfigDict(extra="ignore")

    known_types: frozenset[str] = frozenset()
    required: tuple[_Required, ...] = ()


class _Group(BaseModel):
    """What the leader says to every member."""

    model_config = ConfigDict(extra="ignore")

    known_types: frozenset[str] = frozenset()


class ReleaseAssignor(AbstractPartitionAssignor):  # type: ignore[misc]  # aiokafka ships no types
    """The assignor of one member. `group_types` are the types that some member of the group knows."""

    name = NAME

    def __init__(self, known_types: Collection[str]) -> None:
        self._known_types = frozenset(known_types)
        self._required: dict[Partition, frozenset[str]] = {}
        self.group_types = self._known_types

    def require(self, partition: Partition, types: Collection[str]) -> bool:
        """Note that the owner of the partition must know these types; returns whether that is news."""
        before = self._required.get(partition, frozenset())
        self._required[partition] = before.union(types)
        return self._required[partition] != before

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:  # a class method of aiokafka's own
        """What this member says when it joins."""
        required = tuple(
            _Required(topic=topic, partition=partition, types=types)
            for (topic, partition), types in sorted(self._required.items())
            if types
        )
        said = _Member(known_types=self._known_types, required=required)
        return ConsumerProtocolMemberMetadata(VERSION, list(topics), said.model_dump_json().encode())

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """The assignment of every member, made by the leader of the group."""
        said = {member_id: _said(metadata.user_data) for member_id, metadata in members.items()}
        required: dict[TopicPartition, frozenset[str]] = {}
        for member in said.values():
            for place in member.required:
                key = TopicPartition(place.topic, place.partition)
                required[key] = required.get(key, frozenset()) | place.types
        subscribed = {
            topic: sorted(member_id for member_id, metadata in members.items() if topic in metadata.subscription)
            for topic in {topic for metadata in members.values() for topic in metadata.subscription}
        }
        fit = {
            TopicPartition(topic, partition): _fit(
                subscribed[topic], said, required.get(TopicPartition(topic, partition), frozenset())
            )
            for topic in sorted(subscribed)
            for partition in sorted(cluster.partitions_for_topic(topic) or ())
        }
        group = _Group(known_types=frozenset().union(*(member.known_types for member in said.values())))
        return _assignments(members, _spread(fit), group.model_dump_json().encode())

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Learn what the group knows."""
        try:
            said = _Group.model_validate_json(assignment.user_data or b"{}")
        except ValueError:
            said = _Group()
        self.group_types = self._known_types | said.known_types


def _said(user_data: bytes | None) -> _Member:
    """What a member has said; nothing that can be understood counts as nothing."""
    try:
        return _Member.model_validate_json(user_data or b"{}")
    except ValueError:
        return _Member()


def _fit(member_ids: list[str], said: Mapping[str, _Member], types: frozenset[str]) -> list[str]:
    """Those who know all of these types; all of them, if nobody does."""
    return [member_id for member_id in member_ids if types <= said[member_id].known_types] or member_ids


def _spread(fit: Mapping[TopicPartition, list[str]]) -> dict[TopicPartition, str]:
    """An owner for each partition. Those with the smallest choice are given first, so that the rest evens it out."""
    counts: Counter[str] = Counter()
    owners = {}
    for place in sorted(fit, key=lambda place: (len(fit[place]), place)):
        if fit[place]:
            owners[place] = min(fit[place], key=lambda member_id: (counts[member_id], member_id))
            counts[owners[place]] += 1
    return owners


def _assignments(
    members: Iterable[str], owners: Mapping[TopicPartition, str], user_data: bytes
) -> dict[str, ConsumerProtocolMemberAssignment]:
    partitions: dict[str, dict[str, list[int]]] = {member_id: {} for member_id in members}
    for (topic, partition), member_id in owners.items():
        partitions[member_id].setdefault(topic, []).append(partition)
    return {
        member_id: ConsumerProtocolMemberAssignment(VERSION, sorted(by_topic.items()), user_data)
        for member_id, by_topic in partitions.items()
    }
