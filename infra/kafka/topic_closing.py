"""Closes a topic to every producer, so that no record is acknowledged and then deleted with the topic.

A broker applies a changed setting some time after it has acknowledged it, and after it reports it. A batch with a wrong
checksum shows whether it has: a leader checks the size first, so a closed partition answers "too large" and an open one
"corrupt", and neither stores the batch.
Source: Apache Kafka 4, UnifiedLog.analyzeAndValidateRecords.
"""

from functools import partial
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import CorruptRecordException, MessageSizeTooLargeError, NoError, RecordListTooLargeError, for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition

from infra.kafka.connection import REQUEST_TIMEOUT_SECONDS, client_options
from infra.kafka.faults import faults_sorted
from infra.kafka.propagation import propagated
from infra.kafka.topic_settings import alter_topic_settings, read_topic_settings
from infra.kafka.topics import administration
from infra.settings import Settings

CHECKSUM_OFFSET = 17
TOO_LARGE = (MessageSizeTooLargeError.errno, RecordListTooLargeError.errno)


async def close_topic(settings: Settings, name: str, partitions: int) -> None:
    """Have the leader of each partition reject every record; all of them do when this returns. Raises Unavailable."""
    async with administration(settings) as admin:
        own = (await read_topic_settings(admin, [name]))[name].own
        await alter_topic_settings(admin, name, {**own, "max.message.bytes": "0"})
    client = AIOKafkaClient(**client_options(settings))
    with faults_sorted(f"{name} cannot be closed"):
        try:
            await client.bootstrap()
            await client.set_topics([name])
            for partition in range(partitions):
                place = TopicPartition(name, partition)
                await propagated(partial(is_closed, client, place), f"the closing of {name}/{partition}")
        finally:
            await client.close()


async def is_closed(client: Any, place: TopicPartition) -> bool:
    """Whether a partition's leader rejects every record. `client`: an AIOKafkaClient that knows the topic.

    Raises KafkaError or OSError.
    """
    leader = client.cluster.leader_for_partition(place)
    if leader is None or leader < 0:
        await client.force_metadata_update()
        return False
    timeout_ms = int(REQUEST_TIMEOUT_SECONDS * 1000)
    request = ProduceRequest(None, -1, timeout_ms, [(place.topic, [(place.partition, _corrupt_batch())])])
    answer = await client.send(leader, request)
    ((_, ((_, code, *_),)),) = answer.topics
    if code in TOO_LARGE:
        return True
    error = for_code(code)
    if code != CorruptRecordException.errno and (code == NoError.errno or not error.retriable):
        raise error(str(place))
    if error.invalid_metadata:
        await client.force_metadata_update()
    return False


def _corrupt_batch() -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1024,
    )
    builder.append(0, 0, None, None, [])
    batch = bytearray(builder.build())
    batch[CHECKSUM_OFFSET] ^= 0xFF
    return bytes(batch)
