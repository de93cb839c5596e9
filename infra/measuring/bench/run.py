"""One run: the raw rates, then the command path, the projection and the latency, each with one worker process; then
orders through one of each role.
"""

import platform
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import psutil

from infra.kafka.extent import topic_extent
from infra.measuring.bench.isolated_environment import isolated_environment
from infra.measuring.bench.latency import Latency, steady_latency
from infra.measuring.bench.load import CONTEXT, PROJECTION, preload
from infra.measuring.bench.orders import Orders, settle_orders
from infra.measuring.bench.raw_rates import kafka_append_rate, redis_set_rate
from infra.measuring.bench.worker_process import Rate, drain_rate
from infra.postgres.measuring import Measurements
from infra.postgres.pool import Database
from infra.processes.resources import database_for
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings

PARTS = ("commands", "latency", "orders")


class Plan(NamedTuple):
    """How much to measure; `parts` are some of PARTS. The raw rates belong to `commands`."""

    commands: int
    latency_per_second: int
    latency_seconds: float
    orders: int = 0
    orders_per_second: float = 1.0
    parts: frozenset[str] = frozenset(PARTS)


class Raw(NamedTuple):
    """The rates of the servers alone: records, rows or documents a second."""

    kafka_append: float
    postgres_insert: float
    redis_set: float


class Result(NamedTuple):
    """The results; None for a part that was left out."""

    machine: str
    raw: Raw | None
    commands: Rate | None
    projected: Rate | None
    latency: Latency | None
    orders: Orders | None


async def measure(settings: Settings, plan: Plan, say: Callable[[str], None]) -> Result:
    """Measure everything, in isolated environments; `say` gets the progress. Raises Unavailable or Stalled."""
    raw = commands = projected = latency = orders = None
    if plan.parts & {"commands", "latency"}:
        async with _environment(settings) as (environment, database):
            if "commands" in plan.parts:
                say("raw rates of the servers")
                raw = await _raw(environment, database)
                say(f"putting {plan.commands} commands on the topic")
                await preload(environment, plan.commands)
                say("commands through table, log and reply")
                commands = await _commands(environment, database, plan.commands)
                say("events into the read model")
                projected = await _projected(environment, plan.commands)
            if "latency" in plan.parts:
                say(f"latency at {plan.latency_per_second} commands/s for {plan.latency_seconds:g} s")
                latency = await steady_latency(environment, plan.latency_per_second, plan.latency_seconds)
    if "orders" in plan.parts:
        # In another environment, where the sagas have nothing to do for the users of the other parts.
        async with _environment(settings) as (environment, database):
            say(f"{plan.orders} orders, then {plan.orders_per_second:g}/s for {plan.latency_seconds:g} s")
            orders = await settle_orders(
                environment, database, plan.orders, plan.orders_per_second, plan.latency_seconds
            )
    return Result(_machine(), raw, commands, projected, latency, orders)


@asynccontextmanager
async def _environment(settings: Settings) -> AsyncIterator[tuple[Settings, Database]]:
    async with isolated_environment(settings) as environment:
        database = database_for(environment, role=None, connections=2)
        await database.open()
        try:
            yield environment, database
        finally:
            await database.close()


async def _raw(settings: Settings, database: Database) -> Raw:
    return Raw(
        await kafka_append_rate(settings, f"{settings.topic_prefix}{CONTEXT}.commands.dlq"),
        await Measurements(database).raw_insert_rate(),
        await redis_set_rate(settings),
    )


async def _commands(settings: Settings, database: Database, count: int) -> Rate:
    events, replies = f"{settings.topic_prefix}{CONTEXT}.events", f"{settings.topic_prefix}replies"

    async def handled() -> int:
        return await Measurements(database).events_assigned()

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
