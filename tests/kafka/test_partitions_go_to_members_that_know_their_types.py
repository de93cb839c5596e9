"""In a group of several releases, a partition goes to a member that knows the types of messages that it takes."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import pytest
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from hypothesis import given
from hypothesis import strategies as st

from contracts.client.consumer import GatheringConsumer
from infra.kafka.assignment import ReleaseAssignor
from infra.kafka.connection import consumer_options
from infra.kafka.subscription import KafkaSubscription
from infra.settings import Settings
from tests.kafka.records import PARTITIONS
from tests.waiting import until
from workers.ports.log import Partition

OLD, NEW = "users.UserCreated.v1", "users.UserCreated.v2"
TOPIC = "users.events"
TYPES = frozenset({OLD, NEW, "users.UserDeleted.v1"})


class Cluster(ClusterMetadata):  # type: ignore[misc]  # aiokafka ships no types
    """A cluster whose topics have so many partitions."""

    def __init__(self, partitions: Mapping[str, int]) -> None:
        super().__init__()
        self._counts = partitions

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self._counts[topic])) if topic in self._counts else None


def assigned(
    assignors: Mapping[str, ReleaseAssignor], partitions: int, said: Mapping[str, bytes] | None = None
) -> dict[str, set[int]]:
    """What each member gets, as the first one assigns it. `said`: user data that a member sends in place of its own."""
    members = {name: assignor.metadata([TOPIC]) for name, assignor in assignors.items()}
    for name, user_data in (said or {}).items():
        members[name] = ConsumerProtocolMemberMetadata(0, [TOPIC], user_data)
    leader = next(iter(assignors.values()))
    answer = leader.assign(Cluster({TOPIC: partitions}), members)
    for name, assignment in answer.items():
        assignors[name].on_assignment(ConsumerProtocolMemberAssignment.decode(assignment.encode()))
    return {name: {place.partition for place in assignment.partitions()} for name, assignment in answer.items()}


def test_of_which_nothing_is_required_are_spread_evenly() -> None:
    shares = assigned({name: ReleaseAssignor({OLD}) for name in "abc"}, 7)
    assert sorted(map(len, shares.values())) == [2, 2, 3]
    assert set().union(*shares.values()) == set(range(7))


def test_that_the_older_one_does_not_know_go_to_the_newer_one() -> None:
    older, newer = ReleaseAssignor({OLD}), ReleaseAssignor({OLD, NEW})
    assert older.require(Partition(TOPIC, 1), {NEW}), "that is news"
    assert not older.require(Partition(TOPIC, 1), {NEW}), "and then no longer"
    shares = assigned({"older": older, "newer": newer}, 4)
    assert 1 in shares["newer"]
    assert {name: len(share) for name, share in shares.items()} == {"older": 2, "newer": 2}


def test_that_nobody_knows_wait_with_somebody() -> None:
    older, other = ReleaseAssignor({OLD}), ReleaseAssignor({OLD})
    older.require(Partition(TOPIC, 0), {NEW})
    shares = assigned({"older": older, "other": other}, 2)
    assert set().union(*shares.values()) == {0, 1}


def test_every_member_learns_what_one_of_them_knows() -> None:
    older, newer = ReleaseAssignor({OLD}), ReleaseAssignor({OLD, NEW})
    assert older.group_types == {OLD}
    assigned({"older": older, "newer": newer}, 2)
    assert older.group_types == newer.group_types == {OLD, NEW}


@pytest.mark.parametrize("user_data", [b"", b"{}", b"\xff", b"[]", b'{"known_types": 7}'], ids=repr)
def test_what_a_stranger_says_counts_as_nothing(user_data: bytes) -> None:
    newer = ReleaseAssignor({OLD, NEW})
    newer.require(Partition(TOPIC, 0), {NEW})
    shares = assigned({"newer": newer, "stranger": ReleaseAssignor(())}, 2, {"stranger": user_data})
    assert shares == {"newer": {0}, "stranger": {1}}


def test_what_a_later_release_says_besides_is_passed_over() -> None:
    said = b'{"known_types": ["users.UserCreated.v2"], "moons": 2, "required": []}'
    older = ReleaseAssignor({OLD})
    older.require(Partition(TOPIC, 0), {NEW})
    assert assigned({"older": older, "later": ReleaseAssignor(())}, 2, {"later": said}) == {"later": {0}, "older": {1}}


@given(
    st.lists(st.frozensets(st.sampled_from(sorted(TYPES))), min_size=1, max_size=5),
    st.dictionaries(st.integers(0, 7), st.frozensets(st.sampled_from(sorted(TYPES)), min_size=1)),
    st.integers(0, 8),
)
def test_all_of_them_are_given_once_and_to_who_knows(
    releases: list[frozenset[str]], required: dict[int, frozenset[str]], partitions: int
) -> None:
    assignors = {f"member {place}": ReleaseAssignor(known) for place, known in enumerate(releases)}
    for place, (partition, types) in enumerate(required.items()):
        list(assignors.values())[place % len(assignors)].require(Partition(TOPIC, partition), types)
    shares = assigned(assignors, partitions)
    assert sorted(partition for share in shares.values() for partition in share) == list(range(partitions))
    for name, share in shares.items():
        for partition in share:
            types = required.get(partition, frozenset())
            known = releases[int(name.split()[1])]
            assert types <= known or not any(types <= other for other in releases)


class Member:
    """A member of a group on real servers, which knows some types."""

    def __init__(self, settings: Settings, group: str, topic: str, known_types: set[str]) -> None:
        self.subscription = KafkaSubscription(settings, group=group, topics=[topic], known_types=known_types)
        self.partitions: frozenset[Partition] = frozenset()
        self.revocations = 0

    async def joins(self) -> None:
        async def assigned_(partitions: frozenset[Partition]) -> None:
            self.partitions = partitions

        async def revoked(_: frozenset[Partition]) -> None:
            self.partitions = frozenset()
            self.revocations += 1

        await self.subscription.start(assigned_, revoked)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def held(members: list[Member], shares: list[set[int]]) -> None:
    """Wait until each of the members holds its share of the partitions."""

    async def is_so() -> bool:
        await asyncio.gather(*(member.subscription.fetch(0.05) for member in members))
        return [{place.partition for place in member.partitions} for member in members] == shares

    await until(is_so, f"they hold {shares}", seconds=20)


async def joined(stack: AsyncExitStack, settings: Settings, group: str, topic: str, *known: str) -> Member:
    member = Member(settings, group, topic, set(known))
    stack.push_async_callback(member.subscription.stop)
    await member.joins()
    return member


async def test_on_a_broker_a_member_leaves_a_partition_to_a_newer_one(
    settings: Settings, topic: str, stack: AsyncExitStack
) -> None:
    group, everything = uuid.uuid4().hex, set(range(PARTITIONS))
    older = await joined(stack, settings, group, topic, OLD)
    await held([older], [everything])
    for partition in everything:
        older.subscription.leave_to_newer(Partition(topic, partition), {NEW})
    await held([older], [everything])
    newer = await joined(stack, settings, group, topic, OLD, NEW)
    await held([older, newer], [set(), everything])
    assert older.subscription.group_types == {OLD, NEW}


async def test_on_a_broker_a_member_that_leaves_has_the_group_rebalance(
    settings: Settings, topic: str, stack: AsyncExitStack
) -> None:
    group, everything = uuid.uuid4().hex, set(range(PARTITIONS))
    older = await joined(stack, settings, group, topic, OLD)
    newer = await joined(stack, settings, group, topic, OLD, NEW)

    async def both_hold_some() -> bool:
        await asyncio.gather(older.subscription.fetch(0.05), newer.subscription.fetch(0.05))
        return bool(older.partitions and newer.partitions)

    await until(both_hold_some, "both hold some", seconds=20)
    for partition in everything:
        older.subscription.leave_to_newer(Partition(topic, partition), {NEW})
    await held([older, newer], [set(), everything])


async def test_on_a_broker_members_of_an_earlier_release_are_joined_by_round_robin(
    settings: Settings, topic: str, stack: AsyncExitStack
) -> None:
    group = uuid.uuid4().hex
    earlier = GatheringConsumer(
        topic, **consumer_options(settings), group_id=f"{settings.topic_prefix}{group}", enable_auto_commit=False
    )
    stack.push_async_callback(earlier.stop)
    await earlier.start()
    member = await joined(stack, settings, group, topic, OLD)

    async def both_hold_some() -> bool:
        await asyncio.gather(earlier.getmany(timeout_ms=50), member.subscription.fetch(0.05))
        own = {place.partition for place in member.partitions}
        theirs = {place.partition for place in earlier.assignment()}
        return bool(own and theirs and own | theirs == set(range(PARTITIONS)) and not own & theirs)

    await until(both_hold_some, "both hold some", seconds=20)


async def test_on_a_broker_a_group_rebalances_once_for_a_member_that_joins(
    settings: Settings, topic: str, stack: AsyncExitStack
) -> None:
    group = uuid.uuid4().hex
    first = await joined(stack, settings, group, topic, OLD)
    await held([first], [set(range(PARTITIONS))])
    before = first.revocations
    second = await joined(stack, settings, group, topic, OLD)

    async def both_hold_some() -> bool:
        await asyncio.gather(first.subscription.fetch(0.05), second.subscription.fetch(0.05))
        return bool(first.partitions and second.partitions)

    await until(both_hold_some, "both hold some", seconds=20)
    assert first.revocations - before == 1
