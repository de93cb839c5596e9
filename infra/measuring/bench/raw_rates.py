"""The raw rates of the servers: an upper bound, without decisions, checks or coordination."""

import time
from typing import NamedTuple

from contracts.topics import Topics
from infra.kafka.event_log import KafkaEventLog
from infra.measuring.bench.installation import Installation
from infra.measuring.bench.load import CONTEXT
from infra.redis.connection import client
from infra.settings import Settings
from workers.ports.log import OutboundRecord

VALUE_BYTES = 300
BATCH = 500
RECORDS = 50_000


class RawRates(NamedTuple):
    """Records, rows or documents of 300 bytes a second: one partition, one connection, 500 at a time."""

    kafka_append: float
    postgres_insert: float
    redis_set: float


async def raw_rates(installation: Installation) -> RawRates:
    """The three rates, one after the other. Raises Unavailable."""
    topics = Topics(installation.settings.topic_prefix)
    return RawRates(
        await _kafka_append_rate(installation.settings, topics.dead_letters(topics.commands(CONTEXT))),
        await installation.measurements.raw_insert_rate(),
        await _redis_set_rate(installation.settings),
    )


async def _kafka_append_rate(settings: Settings, topic: str) -> float:
    """Records/s into one partition, idempotent, all in-sync replicas, batch after batch."""
    log = KafkaEventLog(settings, signed_by=None)
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


async def _redis_set_rate(settings: Settings) -> float:
    """Documents/s, pipelines of 500 SETs in a MULTI/EXEC."""
    keys = [f"{settings.topic_prefix}raw:{number}" for number in range(BATCH)]
    async with client(settings) as redis:
        started = time.perf_counter()
        for _ in range(RECORDS // BATCH):
            async with redis.pipeline(transaction=True) as pipeline:
                for key in keys:
                    pipeline.set(key, b"x" * VALUE_BYTES)
                await pipeline.execute()
        return RECORDS / (time.perf_counter() - started)
