"""One soak from its start to its report: servers, workers, load with one fault after another, rest, audit."""

import asyncio
import platform
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psutil

from infra.kafka.commands import command_client
from infra.measuring.soak.audit import Audit, Auditor
from infra.measuring.soak.fault_injector import FaultInjector
from infra.measuring.soak.fault_sequence import FaultSequence, SoakPlan
from infra.measuring.soak.isolated_servers import isolated_servers
from infra.measuring.soak.load import Load
from infra.measuring.soak.probe import Probe
from infra.measuring.soak.progress import ProgressListener
from infra.measuring.soak.report import Conditions, Report
from infra.measuring.soak.sampling import Sampler
from infra.measuring.soak.worker_pool import ROLES, WorkerPool
from infra.postgres.pool import Database
from infra.processes.resources import database_for
from infra.processes.verification import open_sources
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings
from workers.operations.verification.findings import Verdict
from workers.operations.verification.run import verify

DELIVERY_TIMEOUT_SECONDS = 5.0
MAX_OUTSTANDING = 20_000
CONNECTIONS = 8


async def soak(
    plan: SoakPlan, settings: Settings, home: Path, listener: ProgressListener, stopping: asyncio.Event
) -> Report:
    """Run a soak in an empty `home`; `stopping` ends load and faults early, and the audit follows all the same.

    Raises DevstackError, Unavailable or NeverHealthy when the servers did not start, or could not be audited.
    """
    acknowledged = home / "acknowledged"
    listener.activity("starting Kafka, Postgres and Redis")
    async with AsyncExitStack() as cleanup:
        isolated, stack = await cleanup.enter_async_context(isolated_servers(settings, home))
        database, models = await cleanup.enter_async_context(_stores(isolated))
        workers = await cleanup.enter_async_context(_working(WorkerPool(isolated, plan.workers)))
        sampler = await cleanup.enter_async_context(_sampling(Sampler(workers)))
        commands = command_client(
            isolated,
            source="/annals/soak",
            delivery_timeout_seconds=DELIVERY_TIMEOUT_SECONDS,
            max_outstanding=MAX_OUTSTANDING,
        )
        async with commands:
            load = Load(commands, plan.seed, plan.per_second, acknowledged)
            probe = Probe(commands, database, models, isolated.partitions, load.acknowledged)
            injector = FaultInjector(isolated, stack, workers, database)
            sequence = FaultSequence(plan, injector, probe, listener, stopping)
            load_seconds = await sequence.run(load, home)
        auditor = Auditor(isolated, database, models, acknowledged)
        audit, verdict = await _audited(isolated, auditor, listener)
        await sampler.sample()
        await workers.stop()
    return Report(
        conditions=Conditions(
            machine=_machine(),
            seed=plan.seed,
            per_second=plan.per_second,
            workers=plan.workers,
            partitions=isolated.partitions,
            session_seconds=isolated.kafka_session_timeout_seconds,
            load_seconds=load_seconds,
            stopped_early=stopping.is_set(),
        ),
        tally=load.tally,
        faults=sequence.injected,
        counters=sampler.counters(),
        slopes={role: sampler.slopes(role) for role in ROLES},
        unexpected_exits=workers.unexpected_exits,
        audit=audit,
        looked_at=verdict.looked_at,
        finding_counts=verdict.counts,
        findings=[f"{finding.what}: {finding.where}: {finding.explanation}" for finding in verdict.examples],
        aborted_by=sequence.aborted_by,
    )


async def _audited(settings: Settings, auditor: Auditor, listener: ProgressListener) -> tuple[Audit, Verdict]:
    listener.activity("waiting for everything to come to rest")
    at_rest = await auditor.rest()
    listener.activity("looking for what was lost or repeated")
    audit = await auditor.audit(at_rest=at_rest)
    compared = 0

    async def advance(count: int) -> None:
        nonlocal compared
        compared += count
        listener.activity(f"annals verify: {compared:,} compared")

    database = database_for(settings, role="annals_audit", connections=1)
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
async def _working(workers: WorkerPool) -> AsyncIterator[WorkerPool]:
    workers.start()
    try:
        yield workers
    finally:
        await workers.stop()


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
