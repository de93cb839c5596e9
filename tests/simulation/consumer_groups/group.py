"""A consumer group as Kafka's coordinator keeps it, with the eager protocol.

A member that joins or leaves makes every member join again. When all have joined, or their time is over, the next
generation begins: the partitions are assigned round-robin over the sorted members. A member that has sent nothing for
its session timeout is evicted. The committed offsets are stored, and no member is bound to them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workers.ports.clock import Clock
from workers.ports.log import Partition


class UnknownMember(Exception):
    """The member is not in the group, or was evicted from it: enroll again."""


class RebalanceInProgress(Exception):
    """Every member is asked to join again."""


class StaleGeneration(Exception):
    """The member is of an earlier generation: join again."""


class Assignment(NamedTuple):
    """The partitions of one member in a generation."""

    generation: int
    partitions: frozenset[Partition]


@dataclass(slots=True)
class Member:
    """`joined`: it is in the present generation, or in the one that is being prepared."""

    topics: Sequence[str]
    session_seconds: float
    rebalance_seconds: float
    last_request_at: float
    joined: bool
    partitions: frozenset[Partition] = frozenset()


class Group:
    """One group. `count(topic)` is the number of a topic's partitions."""

    def __init__(self, count: Callable[[str], int], clock: Clock) -> None:
        self.generation = 0
        self.members: dict[str, Member] = {}
        self.offsets: dict[Partition, int] = {}
        self.listeners: dict[str, Callable[[], None]] = {}
        self._count = count
        self._clock = clock
        self._enrolled: set[str] = set()
        self._enrolments = 0
        self._preparing_since: float | None = None

    def enroll(self, name: str) -> str:
        """An id for a new member. It is no member before it joins."""
        self._enrolments += 1
        member_id = f"{name}-{self._enrolments:06d}"
        self._enrolled.add(member_id)
        return member_id

    def join(self, member_id: str, topics: Sequence[str], session_seconds: float, rebalance_seconds: float) -> None:
        """Join, or join again. Raises UnknownMember for an id that was evicted or never enrolled."""
        member = self.members.get(member_id)
        if member is None:
            if member_id not in self._enrolled:
                raise UnknownMember(member_id)
            self._enrolled.discard(member_id)
            self._prepare()
            self.members[member_id] = Member(topics, session_seconds, rebalance_seconds, self._clock(), joined=True)
        else:
            member.joined, member.last_request_at = True, self._clock()
        self._complete()

    def assignment(self, member_id: str) -> Assignment | None:
        """The assignment of a member that has joined; None while the group waits for others.

        Raises UnknownMember, or RebalanceInProgress when the member is asked to join again.
        """
        member = self._active(member_id)
        if self._preparing_since is None:
            return Assignment(self.generation, member.partitions)
        if not member.joined:
            raise RebalanceInProgress(member_id)
        return None

    def heartbeat(self, member_id: str, generation: int) -> None:
        """Raises UnknownMember, RebalanceInProgress or StaleGeneration."""
        self._active(member_id)
        if self._preparing_since is not None:
            raise RebalanceInProgress(member_id)
        if generation != self.generation:
            raise StaleGeneration(member_id)

    def _active(self, member_id: str) -> Member:
        """The member, whose session begins again with this request. Raises UnknownMember."""
        member = self.members.get(member_id)
        if member is None:
            raise UnknownMember(member_id)
        member.last_request_at = self._clock()
        return member

    def commit(self, member_id: str, generation: int, offsets: Mapping[Partition, int]) -> None:
        """Store how far a member has read. Raises UnknownMember or StaleGeneration."""
        if member_id not in self.members:
            raise UnknownMember(member_id)
        if generation != self.generation:
            raise StaleGeneration(member_id)
        self.offsets.update(offsets)

    def leave(self, member_id: str) -> None:
        """Remove a member; an eviction is the same. Does nothing for one that is not in the group."""
        self._enrolled.discard(member_id)
        if member_id in self.members:
            self._remove([member_id])

    def expire(self) -> None:
        """Evict the members whose session is over, and those that have not joined the next generation in time."""
        now = self._clock()
        late = [
            member_id
            for member_id, member in self.members.items()
            if now - member.last_request_at > member.session_seconds or self._too_late(member, now)
        ]
        if late:
            self._remove(late)

    def _too_late(self, member: Member, now: float) -> bool:
        since = self._preparing_since
        return since is not None and not member.joined and now - since > member.rebalance_seconds

    def _remove(self, member_ids: Sequence[str]) -> None:
        for member_id in member_ids:
            del self.members[member_id]
            self.listeners.pop(member_id, None)
        self._prepare()
        self._complete()

    def _prepare(self) -> None:
        """Ask every member to join again, unless they are asked already."""
        if self._preparing_since is None:
            self._preparing_since = self._clock()
            for member in self.members.values():
                member.joined = False

    def _complete(self) -> None:
        """Begin the next generation when every member has joined."""
        if self._preparing_since is None or not all(member.joined for member in self.members.values()):
            return
        self._preparing_since = None
        self.generation += 1
        shares = self._round_robin()
        for member_id, member in self.members.items():
            member.partitions = frozenset(shares[member_id])
            member.last_request_at = self._clock()
        for listener in list(self.listeners.values()):
            listener()

    def _round_robin(self) -> dict[str, list[Partition]]:
        """The partitions in turn over the sorted members, each to one that has subscribed to its topic."""
        shares: dict[str, list[Partition]] = {member_id: [] for member_id in sorted(self.members)}
        names = list(shares)
        turn = 0
        for topic in sorted({topic for member in self.members.values() for topic in member.topics}):
            subscribers = [name for name in names if topic in self.members[name].topics]
            for number in range(self._count(topic)):
                shares[subscribers[turn % len(subscribers)]].append(Partition(topic, number))
                turn += 1
        return shares
