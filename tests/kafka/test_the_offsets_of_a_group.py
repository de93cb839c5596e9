"""The group learns of offsets that have changed: an idle process commits none again and again."""

from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from infra.kafka.subscription import KafkaSubscription
from infra.settings import Settings
from workers.ports.log import Partition

FIRST, SECOND = Partition("users.events", 0), Partition("users.events", 1)


class Committing:
    """A consumer that holds both partitions. `faults` end one commit each."""

    def __init__(self) -> None:
        self.commits: list[dict[TopicPartition, int]] = []
        self.faults: list[Exception] = []

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition(*FIRST), TopicPartition(*SECOND)}

    async def commit(self, offsets: Any) -> None:
        if self.faults:
            raise self.faults.pop()
        self.commits.append(dict(offsets))

    async def stop(self) -> None:
        pass


async def test_what_has_not_changed_is_not_committed_again_unless_it_was_refused_or_given_up() -> None:
    subscription: Any = KafkaSubscription(Settings(kafka_bootstrap_servers="x:1"), group="g", topics=[])
    subscription._consumer = consumer = Committing()
    await subscription.commit_group_offsets({FIRST: 5, SECOND: 7})
    await subscription.commit_group_offsets({FIRST: 5, SECOND: 7})
    consumer.faults = [KafkaConnectionError("away for the test")]
    await subscription.commit_group_offsets({FIRST: 5, SECOND: 8})
    await subscription.commit_group_offsets({FIRST: 5, SECOND: 8})
    subscription.forget([TopicPartition(*FIRST)])
    await subscription.commit_group_offsets({FIRST: 5, SECOND: 8})
    assert consumer.commits == [
        {TopicPartition(*FIRST): 5, TopicPartition(*SECOND): 7},
        {TopicPartition(*SECOND): 8},
        {TopicPartition(*FIRST): 5},
    ]
