"""Kafka by its bare client, for the floor that `annals bench` compares with: no lanes, no offsets, nothing kept.

The client is aiokafka with an idempotent producer and acknowledgement by all in-sync replicas, as everywhere else.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from contracts.client.consumer import Consumer
from infra.kafka.clients import idempotent_producer, started, stopped
from infra.kafka.connection import client_options, consumer_options
from infra.kafka.faults import KAFKA_FAULTS, unavailable
from infra.settings import Settings

WAIT_MS = 1000
FETCH_WAIT_MS = 500


class BareLog:
    """Sends to any topic, and reads what arrives in all partitions of one."""

    def __init__(self, producer: AIOKafkaProducer, consumer: Any) -> None:
        self._producer = producer
        self._consumer = consumer

    async def send(self, topic: str, partition: int, value: bytes) -> None:
        """Hand a record to the producer; returns before it is acknowledged."""
        await self._producer.send(topic, value, partition=partition)

    async def arrived(self) -> Sequence[bytes]:
        """The values that have arrived since the last call; waits for some, a second at most."""
        records = await self._consumer.getmany(timeout_ms=WAIT_MS)
        return [record.value for of_partition in records.values() for record in of_partition]


@asynccontextmanager
async def bare_log(settings: Settings, topic: str) -> AsyncIterator[BareLog]:
    """A log that reads `topic` from its beginning. Raises Unavailable."""
    options = client_options(settings)
    try:
        producer = await idempotent_producer(options)
        try:
            consumer = await started(
                Consumer(
                    **consumer_options(settings),
                    group_id=None,
                    enable_auto_commit=False,
                    auto_offset_reset="earliest",
                    fetch_max_wait_ms=FETCH_WAIT_MS,
                )
            )
            try:
                consumer.assign([TopicPartition(topic, number) for number in range(settings.partitions)])
                yield BareLog(producer, consumer)
            finally:
                await stopped(consumer)
        finally:
            await stopped(producer)
    except KAFKA_FAULTS as error:
        raise unavailable(error, topic) from error
