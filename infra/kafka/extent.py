"""The first and the last offset of each partition of a topic."""

from typing import NamedTuple

from aiokafka import TopicPartition

from contracts.client.consumer import Consumer
from contracts.client.kafka_errors import TOPICS
from infra.kafka.clients import stopped
from infra.kafka.connection import client_options
from infra.kafka.faults import KAFKA_FAULTS, unavailable
from infra.settings import Settings
from workers.ports.lanes import Unavailable


class Extent(NamedTuple):
    """A partition's first offset and the one after its last record; equal when it is empty."""

    first: int
    end: int


async def topic_extent(settings: Settings, topic: str) -> dict[int, Extent]:
    """The present extent of each partition, by its number. Raises Unavailable, also when there is no such topic."""
    consumer = Consumer(topic, **client_options(settings), group_id=None, enable_auto_commit=False)
    try:
        await consumer.start()
        numbers = consumer.partitions_for_topic(topic)
        if not numbers:
            raise Unavailable("Kafka", f"there is no topic {topic}", TOPICS)
        places = [TopicPartition(topic, number) for number in sorted(numbers)]
        firsts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        return {place.partition: Extent(firsts[place], ends[place]) for place in places}
    except KAFKA_FAULTS as error:
        raise unavailable(error, topic) from error
    finally:
        await stopped(consumer)
