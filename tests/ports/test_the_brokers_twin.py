"""What the in-memory broker does and no adapter of ours shows: idempotent producers, and records that are lost."""

import pytest

from infra.memory.broker import Broker, NoSuchPartition
from infra.memory.clock import MemoryClock
from infra.memory.log_partition import REMEMBERED_REQUESTS, OutOfOrder
from workers.ports.log import OutboundRecord

TOPIC = "things"


def records(*names: str) -> list[OutboundRecord]:
    return [OutboundRecord(name.encode(), b"", []) for name in names]


def names(broker: Broker, partition: int = 0) -> str:
    return "".join((record.key or b"").decode() for record in broker.read(TOPIC, partition, 0, 100))


@pytest.fixture
def broker() -> Broker:
    broker = Broker(MemoryClock())
    broker.create_topic(TOPIC, 3)
    return broker


def test_a_request_that_arrives_again_is_written_once(broker: Broker) -> None:
    producer = broker.new_producer()
    assert broker.append(TOPIC, 0, records("a", "b"), producer, 0) == 1
    assert broker.append(TOPIC, 0, records("c"), producer, 2) == 2
    assert broker.append(TOPIC, 0, records("a", "b"), producer, 0) == 1
    assert broker.append(TOPIC, 0, records("c"), producer, 2) == 2
    assert names(broker) == "abc"


def test_one_that_is_too_old_to_be_remembered_is_not_written_either(broker: Broker) -> None:
    producer = broker.new_producer()
    for number in range(REMEMBERED_REQUESTS + 1):
        broker.append(TOPIC, 0, records("x"), producer, number)
    assert broker.append(TOPIC, 0, records("x"), producer, 0) == -1
    assert names(broker) == "x" * (REMEMBERED_REQUESTS + 1)


def test_a_request_behind_a_hole_is_refused(broker: Broker) -> None:
    producer = broker.new_producer()
    broker.append(TOPIC, 0, records("a"), producer, 0)
    with pytest.raises(OutOfOrder):
        broker.append(TOPIC, 0, records("c"), producer, 2)
    assert names(broker) == "a"


def test_producers_and_partitions_are_numbered_apart(broker: Broker) -> None:
    first, second = broker.new_producer(), broker.new_producer()
    broker.append(TOPIC, 0, records("a"), first, 0)
    broker.append(TOPIC, 0, records("b"), second, 0)
    broker.append(TOPIC, 1, records("c"), first, 0)
    assert (names(broker, 0), names(broker, 1)) == ("ab", "c")


def test_records_that_are_lost_are_forgotten_with_their_numbers(broker: Broker) -> None:
    producer = broker.new_producer()
    for number, name in enumerate("abc"):
        broker.append(TOPIC, 0, records(name), producer, number)
    broker.shorten(TOPIC, 0, 1)
    assert (names(broker), broker.end(TOPIC, 0)) == ("a", 1)
    with pytest.raises(OutOfOrder):
        broker.append(TOPIC, 0, records("d"), producer, 3)
    broker.append(TOPIC, 0, records("b"), producer, 1)
    assert names(broker) == "ab"


def test_expired_records_leave_the_offsets_of_the_others(broker: Broker) -> None:
    broker.append(TOPIC, 0, records("a", "b", "c"))
    broker.log(TOPIC, 0).expire(2)
    assert (broker.start(TOPIC, 0), broker.end(TOPIC, 0)) == (2, 3)
    assert [record.offset for record in broker.read(TOPIC, 0, 0, 10)] == [2]


@pytest.mark.parametrize("place", [("elsewhere", 0), (TOPIC, 3), (TOPIC, -1)])
def test_what_was_not_created_is_not_there(broker: Broker, place: tuple[str, int]) -> None:
    with pytest.raises(NoSuchPartition):
        broker.append(*place, records("a"))
    with pytest.raises(NoSuchPartition):
        broker.read(*place, 0, 1)
