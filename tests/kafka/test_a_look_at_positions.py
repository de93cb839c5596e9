"""A look at positions asks for first offsets only where records are unread, and a rebalance may come in between."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from aiokafka import TopicPartition

from contracts.client.topic_states import TopicState
from infra.kafka.subscription import KafkaSubscription
from infra.settings import Settings
from workers.ports.log import Partition

READ, UNREAD = Partition("users.events", 0), Partition("users.events", 1)


class Positioned:
    """A consumer that holds both partitions, of which one has unread records. `meanwhile` runs at each question for
    first offsets; `asked` are the partitions of each.
    """

    def __init__(self) -> None:
        self.positions = {TopicPartition(*READ): 5, TopicPartition(*UNREAD): 5}
        self.asked: list[set[TopicPartition]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def assignment(self) -> Collection[TopicPartition]:
        return self.positions.keys()

    def partitions_for_topic(self, _: str) -> set[int]:
        return {0, 1}

    async def topic_states(self, topics: Sequence[str]) -> dict[str, TopicState]:
        return {topic: TopicState("id", 2, {0: 0, 1: 0}) for topic in topics}

    async def end_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {place: 5 if place == TopicPartition(*READ) else 9 for place in places}

    async def beginning_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked.append(set(places))
        self.meanwhile()
        return dict.fromkeys(places, 2)

    async def position(self, place: TopicPartition) -> int:
        return self.positions[place]

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.positions[place] = offset

    async def refresh(self) -> None: ...


def subscribed() -> tuple[Any, Positioned]:
    subscription: Any = KafkaSubscription(Settings(kafka_bootstrap_servers="x:1"), group="g", topics=["users.events"])
    subscription._consumer = consumer = Positioned()
    for partition in (READ, UNREAD):
        subscription.seek(partition, 5)
    return subscription, consumer


async def test_asks_again_only_for_those_with_unread_records() -> None:
    subscription, consumer = subscribed()
    for _ in range(3):
        reached = await subscription.reach([READ, UNREAD])
        assert [(reach.position, reach.extent.start) for reach in reached.values()] == [(5, 2), (5, 2)]
    places = {TopicPartition(*READ), TopicPartition(*UNREAD)}
    assert consumer.asked == [places, {TopicPartition(*UNREAD)}, {TopicPartition(*UNREAD)}]


async def test_survives_a_partition_that_is_revoked_meanwhile_and_forgets_it() -> None:
    subscription, consumer = subscribed()
    await subscription.reach([READ, UNREAD])
    consumer.meanwhile = lambda: subscription.forget([TopicPartition(*READ)])
    assert set(await subscription.reach([READ, UNREAD])) == {READ, UNREAD}
    consumer.meanwhile = lambda: None
    await subscription.reach([READ])
    assert consumer.asked[-1] == {TopicPartition(*READ)}, "another owner may have had it"
