"""Consumer groups in memory behave as Kafka's: all join before a generation begins, and sessions end by its clock."""

import pytest

from infra.memory.clock import MemoryClock
from tests.simulation.consumer_groups.broker import BrokerWithGroups
from tests.simulation.consumer_groups.group import RebalanceInProgress, StaleGeneration, UnknownMember
from workers.ports.log import Partition

TOPIC, SESSION_SECONDS, REBALANCE_SECONDS = "things", 10.0, 30.0


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def broker(clock: MemoryClock) -> BrokerWithGroups:
    broker = BrokerWithGroups(clock)
    broker.create_topic(TOPIC, 3)
    return broker


def member(broker: BrokerWithGroups, name: str) -> str:
    """A new member that has joined; the others must join again."""
    member_id = broker.enroll("readers", name)
    join(broker, member_id)
    return member_id


def join(broker: BrokerWithGroups, member_id: str) -> None:
    broker.join("readers", member_id, [TOPIC], SESSION_SECONDS, REBALANCE_SECONDS)


def share(broker: BrokerWithGroups, member_id: str) -> list[int] | None:
    assignment = broker.assignment("readers", member_id)
    return None if assignment is None else sorted(partition.partition for partition in assignment.partitions)


def test_a_generation_begins_when_all_have_joined(broker: BrokerWithGroups) -> None:
    first = member(broker, "first")
    assert share(broker, first) == [0, 1, 2]
    second = member(broker, "second")
    assert share(broker, second) is None
    with pytest.raises(RebalanceInProgress):
        broker.heartbeat("readers", first, 1)
    join(broker, first)
    assert (share(broker, first), share(broker, second)) == ([0, 2], [1])
    with pytest.raises(StaleGeneration):
        broker.heartbeat("readers", first, 1)
    broker.heartbeat("readers", first, 2)


def test_who_is_silent_for_its_session_is_evicted(broker: BrokerWithGroups, clock: MemoryClock) -> None:
    silent, alive = member(broker, "silent"), member(broker, "alive")
    join(broker, silent)
    generation = broker.group("readers").generation
    clock.advance(SESSION_SECONDS - 1)
    broker.heartbeat("readers", alive, generation)
    clock.advance(2)
    broker.expire()
    with pytest.raises(RebalanceInProgress):
        broker.heartbeat("readers", alive, generation)
    join(broker, alive)
    assert share(broker, alive) == [0, 1, 2]
    with pytest.raises(UnknownMember):
        broker.heartbeat("readers", silent, generation)
    with pytest.raises(UnknownMember):
        join(broker, silent)


def test_who_keeps_the_others_waiting_is_left_behind(broker: BrokerWithGroups, clock: MemoryClock) -> None:
    slow = member(broker, "slow")
    waiting = member(broker, "waiting")
    for _ in range(5):
        clock.advance(REBALANCE_SECONDS / 5)
        with pytest.raises(RebalanceInProgress):
            broker.heartbeat("readers", slow, 1)
        assert share(broker, waiting) is None
    clock.advance(1)
    assert share(broker, waiting) == [0, 1, 2]
    with pytest.raises(UnknownMember):
        broker.heartbeat("readers", slow, 1)


def test_the_offsets_of_an_evicted_member_are_refused(broker: BrokerWithGroups) -> None:
    gone, place = member(broker, "gone"), Partition(TOPIC, 0)
    broker.commit("readers", gone, 1, {place: 7})
    broker.leave("readers", gone)
    with pytest.raises(UnknownMember):
        broker.commit("readers", gone, 1, {place: 9})
    assert broker.group("readers").offsets == {place: 7}
