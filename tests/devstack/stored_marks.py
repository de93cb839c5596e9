"""One record, one row and one key, which a test writes to the three servers and reads again after each fault."""

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from infra.devstack.stack import Devstack
from infra.locating import Addresses

TOPIC = "kept"
ALL = {"kafka": "a record", "postgres": "a row", "redis": "a key"}


class StoredMarks:
    """The test data on the servers at these addresses."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def put(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._addresses.kafka_bootstrap_servers)
        await admin.start()
        await admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
        await admin.close()
        producer = AIOKafkaProducer(bootstrap_servers=self._addresses.kafka_bootstrap_servers, acks="all")
        await producer.start()
        await producer.send_and_wait(TOPIC, b"a record", partition=0)
        await producer.stop()
        connection = await asyncpg.connect(self._addresses.database_url)
        await connection.execute("CREATE TABLE kept AS SELECT 'a row' AS mark")
        await connection.close()
        async with Redis.from_url(self._addresses.redis_url) as client:
            await client.set("kept", "a key")

    async def read(self) -> dict[str, str]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self._addresses.kafka_bootstrap_servers)
        await consumer.start()
        partition = TopicPartition(TOPIC, 0)
        consumer.assign([partition])
        consumer.seek(partition, 0)
        record = await consumer.getone()
        await consumer.stop()
        connection = await asyncpg.connect(self._addresses.database_url)
        row = await connection.fetchval("SELECT mark FROM kept")
        await connection.close()
        async with Redis.from_url(self._addresses.redis_url, decode_responses=True) as client:
            key = await client.get("kept")
        return {"kafka": record.value.decode(), "postgres": row, "redis": key}


def addresses_of(stack: Devstack) -> Addresses:
    """The addresses of a running stack's servers."""
    kafka, postgres, redis = (stack.processes[name].server.address for name in ("kafka", "postgres", "redis"))
    return Addresses(kafka, postgres, redis)
