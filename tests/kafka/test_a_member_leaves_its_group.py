"""A member that stops is no longer in its group when `stop` returns, with a name or without, so that its partitions
move at once. Only a crash leaves a name behind: whoever comes back under it gets its partitions without a rebalance.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator

from infra.kafka.membership import MemberConsumer
from infra.kafka.subscription import KafkaSubscription
from infra.kafka.topics import administration
from infra.settings import Settings
from tests.kafka.records import PARTITIONS
from tests.waiting import until
from workers.ports.log import Partition

# A quarter of it is longer than a test waits: who heartbeats only so often would notice too late.
SESSION_TIMEOUT_SECONDS = 90.0
KINDS = {"with a name": "pod", "without a name": None}


class Member:
    """A member of the group; `blocks`: it does not let go of its partitions."""

    def __init__(self, settings: Settings, group: str, topic: str, name: str | None) -> None:
        own = settings.model_copy(update={"instance": name, "kafka_session_timeout_seconds": SESSION_TIMEOUT_SECONDS})
        self.subscription = KafkaSubscription(own, group=group, topics=[topic])
        self.partitions: frozenset[Partition] | None = None
        self.revocations = 0
        self.blocks = asyncio.Event()
        self.blocks.set()

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        self.partitions = partitions

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        if partitions:
            self.revocations += 1
            await self.blocks.wait()
        self.partitions = None

    async def joins(self) -> None:
        await self.subscription.start(self.assigned, self.revoked)

    async def holds_all(self) -> None:
        await self._holds(range(PARTITIONS, PARTITIONS + 1))

    async def holds_some(self) -> None:
        await self._holds(range(1, PARTITIONS))

    async def _holds(self, counts: range) -> None:
        async def held() -> bool:
            await self.subscription.fetch(0.05)
            return self.partitions is not None and len(self.partitions) in counts

        await until(held, f"it holds partitions, in number one of {[*counts]}", seconds=15)


class Group:
    """A group that a test fills. `members`: their ids, as the broker has them."""

    def __init__(self, settings: Settings, topic: str, stack: AsyncExitStack) -> None:
        self._settings, self._topic, self._stack = settings, topic, stack
        self._name = f"pods-{uuid.uuid4().hex}"

    def member(self, name: str | None) -> Member:
        member = Member(self._settings, self._name, self._topic, name)
        self._stack.push_async_callback(member.subscription.stop)
        self._stack.callback(member.blocks.set)
        return member

    async def joined(self, name: str | None) -> Member:
        member = self.member(name)
        await member.joins()
        return member

    async def members(self) -> set[str]:
        async with administration(self._settings) as admin:
            (answer,) = await admin.describe_consumer_groups([f"{self._settings.topic_prefix}{self._name}"])
            ((_, _, _, _, _, members, *_),) = answer.groups
            return {member[0] for member in members}


@pytest.fixture
async def group(settings: Settings, topic: str) -> AsyncIterator[Group]:
    async with AsyncExitStack() as stack:
        yield Group(settings, topic, stack)


@asynccontextmanager
async def as_aiokafka_does() -> AsyncIterator[None]:
    """The control: members leave as aiokafka has them leave."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(MemberConsumer, "coordinator_class", GroupCoordinator)
        yield


@pytest.mark.parametrize("name", KINDS.values(), ids=KINDS.keys())
async def test_in_an_orderly_stop(group: Group, name: str | None) -> None:
    leaving, staying = await group.joined(name), await group.joined(name and f"other-{name}")
    await asyncio.gather(leaving.holds_some(), staying.holds_some())
    await leaving.subscription.stop()
    assert len(await group.members()) == 1
    await staying.holds_all()


async def test_which_one_with_a_name_would_not_do_by_itself(group: Group) -> None:
    async with as_aiokafka_does():
        leaving = await group.joined("pod")
    await leaving.subscription.stop()
    assert len(await group.members()) == 1, "the broker waits for the session timeout"


@pytest.mark.parametrize("name", KINDS.values(), ids=KINDS.keys())
async def test_also_while_another_member_holds_up_a_rebalance(group: Group, name: str | None) -> None:
    slow, leaving = await group.joined("slow"), group.member(name)
    await slow.holds_all()
    slow.blocks.clear()
    joining = asyncio.create_task(leaving.joins())
    await until(lambda: _true(slow.revocations == 1 and _is_joining(leaving)), "the group is rebalanced", seconds=15)
    joining.cancel()  # as a worker that is told to stop does it
    await asyncio.wait({joining})
    assert len(await group.members()) == 1
    slow.blocks.set()
    await slow.holds_all()


async def test_which_would_otherwise_wait_for_that_member(group: Group) -> None:
    slow = await group.joined("slow")
    await slow.holds_all()
    slow.blocks.clear()
    async with as_aiokafka_does():
        leaving = group.member(None)
        joining = asyncio.create_task(leaving.joins())
        await until(lambda: _true(slow.revocations == 1 and _is_joining(leaving)), "the group is rebalanced")
        joining.cancel()
        await asyncio.wait({joining})
    assert len(await group.members()) == 2


async def test_but_after_a_crash_the_name_gives_its_partitions_back_without_a_rebalance(group: Group) -> None:
    async with as_aiokafka_does():  # which ends connections and says nothing, as a crash does
        crashed = await group.joined("pod")
    staying = await group.joined("other")
    await asyncio.gather(crashed.holds_some(), staying.holds_some())
    former, revocations = crashed.partitions, staying.revocations
    await crashed.subscription.stop()
    restarted = await group.joined("pod")
    await restarted.holds_some()
    assert (restarted.partitions, staying.revocations) == (former, revocations)


async def test_and_never_removes_its_successor_of_the_same_name(group: Group) -> None:
    late = await group.joined("pod")
    await late.holds_all()
    successor = await group.joined("pod")
    await successor.holds_all()
    members = await group.members()
    await late.subscription.stop()
    assert await group.members() == members


def _is_joining(member: Member) -> bool:
    coordinator = member.subscription._consumer._coordinator
    has_sent = coordinator is not None and (coordinator.member_id or coordinator._group_instance_id)
    return bool(has_sent and coordinator._performed_join_prepare)


async def _true(value: bool) -> bool:
    return value
