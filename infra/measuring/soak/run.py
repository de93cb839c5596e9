"""One soak from its start to its report: servers, workers, load with fault after fault, rest, audit."""

import asyncio
import platform
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psutil

from infra.kafka.commands import command_client
from infra.measuring.soak.audit import Audit, Auditor
from infra.measuring.soak.crew import ROLES, Crew
from infra.measuring.soak.drill import Drill, Order
from infra.measuring.soak.faults import Trouble
from infra.measuring.soak.ground import own_servers
from infra.measuring.soak.listener import Listener
from infra.measuring.soak.load import Load
from infra.measuring.soak.probe import Probe
from infra.measuring.soak.report import Conditions, Report
from infra.measuring.soak.sampling import Sampler
from infra.postgres.pool import Database
from infra.processes.resources import database_for
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings
from infra.verify.opening import open_sources
from infra.verify.run import verify
from workers.verification.findings import Verdict

DELIVERY_TIMEOUT_SECONDS = 5.0
MAX_OUTSTANDING = 20_000
CONNECTIONS = 8


async def soak(order: Order, settings: Settings, home: Path, listener: Listener, stopping: asyncio.Event) -> Report:
    """Run it in an empty `home`; `stopping` ends load and faults early, and the audit follows all the same.

    Raises DevstackError, Unavailable or NeverWell when there was nothing to soak, or nothing left to audit.
    """
    acknowledged = home / "acknowledged"
    listener.now("starting Kafka, Postgres and Redis")
    async with AsyncExitStack() as cleanup:
        located, stack = await cleanup.enter_async_context(own_servers(settings, home))
        database, models = await cleanup.enter_async_context(_stores(located))
        crew = await cleanup.enter_async_context(_working(Crew(located, order.workers)))
        sampler = await cleanup.enter_async_context(_sampling(Sampler(crew)))
        commands = command_client(
            located,
            source="/annals/soak",
            delivery_timeout_seconds=DELIVERY_TIMEOUT_SECONDS,
            max_outstanding=MAX_OUTSTANDING,
        )
        async with commands:
            load = Load(commands, order.seed, order.per_second, acknowledged)
            probe = Probe(commands, database, models, located.partitions, load.acknowledged)
            drill = Drill(order, Trouble(located, stack, crew, database), probe, listener, stopping)
            load_seconds = await drill.run(load, home)
        auditor = Auditor(located, database, models, acknowledged)
        audit, verdict = await _audited(located, auditor, listener)
        await sampler.look()
        await crew.stop()
    return Report(
        conditions=Conditions(
            machine=_machine(),
            seed=order.seed,
            per_second=order.per_second,
            workers=order.workers,
            partitions=located.partitions,
            session_seconds=located.kafka_session_timeout_seconds,
            load_seconds=load_seconds,
            stopped_early=stopping.is_set(),
        ),
        tally=load.tally,
        struck=drill.struck,
        counted=sampler.counted(),
        slopes={role: sampler.slopes(role) for role in ROLES},
        bad_ends=crew.bad_ends,
        audit=audit,
        looked_at=verdict.looked_at,
        found=verdict.counts,
        findings=[f"{each.what}: {each.where}: {each.explanation}" for each in verdict.examples],
        trouble=drill.trouble,
    )


async def _audited(settings: Settings, auditor: Auditor, listener: Listener) -> tuple[Audit, Verdict]:
    listener.now("waiting for everything to come to rest")
    at_rest = await auditor.rest()
    listener.now("looking for what was lost or repeated")
    audit = await auditor.audit(at_rest=at_rest)
    compared = 0

    async def advance(count: int) -> None:
        nonlocal compared
        compared += count
        listener.now(f"annals verify: {compared:,} compared")

    database = database_for(settings, role="annals_reader", connections=1)
    await database.open()
    try:
        async with open_sources(settings, database) as sources:
            return audit, await verify(sources, advance)
    finally:
        await database.close()


@asynccontextmanager
async def _stores(settings: Settings) -> AsyncIterator[tuple[Database, RedisReadModels]]:
    database = database_for(settings, role=None, connections=CONNECTIONS)
    await database.open()
    try:
        async with client(settings) as redis:
            yield database, RedisReadModels(redis, Keys(settings.topic_prefix))
    finally:
        await database.close()


@asynccontextmanager
async def _working(crew: Crew) -> AsyncIterator[Crew]:
    crew.start()
    try:
        yield crew
    finally:
        await crew.stop()


@asynccontextmanager
async def _sampling(sampler: Sampler) -> AsyncIterator[Sampler]:
    running = asyncio.create_task(sampler.run())
    try:
        yield sampler
    finally:
        running.cancel()
        await asyncio.wait([running])


def _machine() -> str:
    memory = round(psutil.virtual_memory().total / 2**30)
    return f"{psutil.cpu_count()} processors, {memory} GiB, Python {platform.python_version()}, {platform.system()}"
