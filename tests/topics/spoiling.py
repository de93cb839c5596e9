"""What operators and brokers do to topics, by Kafka's own means."""

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.records_to_delete import RecordsToDelete

from infra.kafka.log_reader import LogReader
from infra.kafka.topics import administration, create_topics, topics_of
from tests.system import System
from tests.waiting import until
from workers.domain import contexts


async def recreate(system: System, name: str) -> None:
    """Delete a topic and make it again as it should be."""
    async with administration(system.settings) as admin:
        await admin.delete_topics([system.topic(name)])
        await until(lambda: _is_gone(admin, system.topic(name)), "the topic is gone")

    async def made() -> bool:
        created = (await create_topics(system.settings, topics_of(list(contexts()), system.settings))).created
        return system.topic(name) in created

    await until(made, "the topic is made")


async def _is_gone(admin: AIOKafkaAdminClient, topic: str) -> bool:
    return topic not in await admin.list_topics()


async def delete_records(system: System, name: str) -> int:
    """Delete all records that a topic has now; how many these were."""
    topic, reader = system.topic(name), LogReader(system.settings)
    try:
        ends = await reader.committed_ends(topic, system.settings.partitions)
    finally:
        await reader.stop()
    async with administration(system.settings) as admin:
        starts = await admin.delete_records(
            {TopicPartition(topic, number): RecordsToDelete(before_offset=0) for number in range(len(ends))}
        )
        await admin.delete_records(
            {TopicPartition(topic, number): RecordsToDelete(before_offset=end) for number, end in enumerate(ends)}
        )
    gone: int = sum(ends) - sum(starts.values())
    return gone


async def grow(system: System, name: str, partitions: int) -> None:
    """Give a topic more partitions."""
    async with administration(system.settings) as admin:
        await admin.create_partitions({system.topic(name): NewPartitions(partitions)})
