"""One run: the raw rates, then the command path, the projection and the latency, each with one worker process."""

import platform
from collections.abc import Callable
from typing import NamedTuple

import psutil

from infra.bench.corner import own_corner
from infra.bench.latency import Latency, steady_latency
from infra.bench.load import CONTEXT, PROJECTION, preload
from infra.bench.raw import kafka_append_rate, postgres_insert_rate, redis_set_rate
from infra.bench.worker_process import Rate, drain_rate
from infra.kafka.extent import topic_extent
from infra.postgres.pool import Database
from infra.processes import database_for
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings


class Plan(NamedTuple):
    """How much to measure."""

    commands: int
    latency_per_second: int
    latency_seconds: float


class Result(NamedTuple):
    """What was measured: rates in things a second."""

    machine: str
    kafka_append: float
    postgres_insert: float
    redis_set: float
    commands: Rate
    projected: Rate
    latency: Latency


async def measure(settings: Settings, plan: Plan, say: Callable[[str], None]) -> Result:
    """Measure everything in a corner of its own; `say` hears what is going on. Raises Unavailable or Stalled."""
    async with own_corner(settings) as corner:
        database = database_for(corner, role=None, connections=2)
        await database.open()
        try:
            say("raw rates of the servers")
            kafka = await kafka_append_rate(corner, f"{corner.topic_prefix}{CONTEXT}.commands.dlq")
            postgres, redis = await postgres_insert_rate(database), await redis_set_rate(corner)
            say(f"putting {plan.commands} commands on the topic")
            await preload(corner, plan.commands)
            say("commands through table, log and reply")
            commands = await _commands(corner, database, plan.commands)
            say("events into the read model")
            projected = await _projected(corner, plan.commands)
            say(f"latency at {plan.latency_per_second} commands/s for {plan.latency_seconds:g} s")
            latency = await steady_latency(corner, plan.latency_per_second, plan.latency_seconds)
        finally:
            await database.close()
    return Result(_machine(), kafka, postgres, redis, commands, projected, latency)


async def _commands(settings: Settings, database: Database, count: int) -> Rate:
    events, replies = f"{settings.topic_prefix}{CONTEXT}.events", f"{settings.topic_prefix}replies"

    async def handled() -> int:
        return int(await database.value("commands_handled"))

    async def published_and_answered() -> bool:
        lengths = [
            sum(extent.end for extent in (await topic_extent(settings, topic)).values()) for topic in (events, replies)
        ]
        return min(lengths) >= count

    return await drain_rate(settings, "command", count, handled, published_and_answered)


async def _projected(settings: Settings, count: int) -> Rate:
    async with client(settings) as redis:
        models = RedisReadModels(redis, Keys(settings.topic_prefix))
        topic = f"{settings.topic_prefix}{CONTEXT}.events"

        async def applied() -> int:
            return sum([await models.reached(PROJECTION, topic, number) for number in range(settings.partitions)])

        async def at_once() -> bool:
            return True

        return await drain_rate(settings, "projection", count, applied, at_once)


def _machine() -> str:
    memory = round(psutil.virtual_memory().total / 2**30)
    return f"{psutil.cpu_count()} processors, {memory} GiB, Python {platform.python_version()}, {platform.system()}"
