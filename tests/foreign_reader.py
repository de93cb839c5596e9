"""Reads whole topics with another client than Annals uses (librdkafka)."""

import uuid
from typing import Any

import stamina
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from infra.settings import Settings


def foreign_options(settings: Settings) -> dict[str, str | int]:
    """The servers and the login of these settings, as options of librdkafka."""
    password, ca_file = settings.kafka_sasl_password, settings.kafka_tls_ca_file
    options = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "security.protocol": settings.kafka_security_protocol,
        "sasl.mechanisms": settings.kafka_sasl_mechanism if password else None,
        "sasl.username": settings.kafka_sasl_username,
        "sasl.password": password.get_secret_value() if password else None,
        "ssl.ca.location": str(ca_file) if ca_file else None,
    }
    return {name: value for name, value in options.items() if value is not None}


def all_records(bootstrap_servers: str, topic: str) -> list[list[Any]]:
    """All records of a topic, a list for each partition, as confluent_kafka messages."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": uuid.uuid4().hex,
            "enable.auto.commit": False,
            "fetch.message.max.bytes": 20_000_000,
            # A partition that has been read to its end must not keep the next one waiting.
            "fetch.wait.max.ms": 10,
        }
    )
    try:
        partitions = sorted(consumer.list_topics(topic, timeout=20).topics[topic].partitions)
        return [_all_of(consumer, topic, partition) for partition in partitions]
    finally:
        consumer.close()


def _may_pass(error: Exception) -> bool:
    """Whether a retry may help: the leader is not yet known, or the broker is not yet ready."""
    return isinstance(error, KafkaException) and error.args[0].code() in (
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._TRANSPORT,
    )


@stamina.retry(on=_may_pass, attempts=None, timeout=20, wait_initial=0.1, wait_max=1)
def _extent(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)
    return low, high


def _all_of(consumer: Consumer, topic: str, partition: int) -> list[Any]:
    start, end = _extent(consumer, topic, partition)
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
    messages: list[Any] = []
    while len(messages) < end - start:
        # `consume` waits for the full number, so never ask for more than there is.
        batch = consumer.consume(min(10_000, end - start - len(messages)), timeout=20)
        assert batch, f"{topic}/{partition} could not be read to its end"
        messages += batch
    return messages
