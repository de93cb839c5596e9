"""Changes that operators and brokers make to topics, by Kafka's own means."""

from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions
from aiokafka.admin.records_to_delete import RecordsToDelete

from contracts.client.stored_batches import LOG_OVERHEAD_BYTES
from infra.devstack.stack import Devstack
from infra.kafka.log_reader import LogReader
from infra.kafka.topics import PartitionsDiffer, administration, create_topics, delete_topics, topics_of
from infra.settings import Settings
from tests.system import System
from tests.waiting import until
from workers.domain import contexts

# Of the number of records, in a batch of version 2.
RECORDS_POSITION = 57


async def recreate(settings: Settings, topic: str, partitions: int | None = None) -> None:
    """Delete a topic and create it again: as it should be, or with another number of partitions."""
    await delete_topics(settings, [topic])

    async def created() -> bool:
        wanted = [spec for spec in topics_of(list(contexts()), settings) if spec.name == topic]
        if partitions is not None:
            wanted = [spec._replace(partitions=partitions) for spec in wanted]
        try:
            return topic in (await create_topics(settings, wanted)).created
        except PartitionsDiffer:  # the broker still reports the former one
            return False

    await until(created, "the topic is created")


async def delete_records(system: System, name: str) -> int:
    """Delete all records that a topic has now; return their number."""
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
    count: int = sum(ends) - sum(starts.values())
    return count


async def grow(system: System, name: str, partitions: int) -> None:
    """Give a topic more partitions."""
    async with administration(system.settings) as admin:
        await admin.create_partitions({system.topic(name): NewPartitions(partitions)})


def truncate(stack: Devstack, topic: str) -> int:
    """Remove the last batch from each partition's file, as if the host had failed before it wrote the batch to disk.

    Kafka must not run. Returns the number of records removed.
    """
    removed = 0
    for folder in (stack.home.path / "kafka").rglob(f"{topic}-*"):
        for segment in folder.glob("*.log"):
            content = segment.read_bytes()
            begin = end = 0
            while end < len(content) and (length := int.from_bytes(content[end + 8 : end + 12])):
                begin, end = end, end + LOG_OVERHEAD_BYTES + length
            if end:
                removed += int.from_bytes(content[begin + RECORDS_POSITION : begin + RECORDS_POSITION + 4])
                segment.write_bytes(content[:begin])
    return removed
