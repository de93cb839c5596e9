"""The raw rates of the servers: an upper bound, without decisions, checks or coordination."""

import time

from infra.kafka.event_log import KafkaEventLog
from infra.redis.connection import client
from infra.settings import Settings
from workers.ports.log import OutboundRecord

VALUE_BYTES = 300
BATCH = 500
RECORDS = 50_000


async def kafka_append_rate(settings: Settings, topic: str) -> float:
    """Records/s of 300 bytes into one partition, idempotent, all in-sync replicas, batch after batch."""
    log = KafkaEventLog(settings)
    record = OutboundRecord(b"key", b"x" * VALUE_BYTES, [])
    batch = [record] * BATCH
    try:
        await log.append(topic, 0, batch)
        started = time.perf_counter()
        for _ in range(RECORDS // BATCH):
            await log.append(topic, 0, batch)
        return RECORDS / (time.perf_counter() - started)
    finally:
        await log.stop()


async def redis_set_rate(settings: Settings) -> float:
    """Documents/s of 300 bytes, pipelines of 500 SETs in a MULTI/EXEC."""
    keys = [f"{settings.topic_prefix}raw:{number}" for number in range(BATCH)]
    async with client(settings) as redis:
        started = time.perf_counter()
        for _ in range(RECORDS // BATCH):
            async with redis.pipeline(transaction=True) as pipeline:
                for key in keys:
                    pipeline.set(key, b"x" * VALUE_BYTES)
                await pipeline.execute()
        return RECORDS / (time.perf_counter() - started)
