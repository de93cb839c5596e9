"""Servers fail under load and come back: the workers wait, continue without help, and nothing is missing."""

import asyncio
import time

import pytest

from infra.devstack.stack import Devstack
from tests.faults.recovery import Measure, agrees, load, recovered
from tests.faults.worker_pool import WorkerPool
from tests.servers import Servers
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

TERMINATIONS = 12
BACKENDS_OF_WORKERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE datname = current_database() AND application_name = 'annals'
"""


@pytest.fixture
def stack(servers: Servers) -> Devstack:
    """The embedded servers; the test is skipped when the run uses others."""
    if servers.stack is None:
        pytest.skip("only embedded servers can be killed by a test; this run uses others")
    return servers.stack


@pytest.mark.parametrize("name", ["kafka", "postgres", "redis"])
async def test_a_server_killed_and_started_again(
    pool: WorkerPool, stack: Devstack, name: str, record_property: Measure
) -> None:
    async with load(pool):
        await stack.kill(name)
        await stack.restart(name)
        since = time.monotonic()
        await pool.system.redis.connection_pool.disconnect()  # the test's own connections are not part of the claim
    await recovered(pool.system, pool.sent, record_property, since=since)
    await agrees(pool.system, pool.sent)


async def test_backends_terminated_again_and_again(pool: WorkerPool, record_property: Measure) -> None:
    system, terminated = pool.system, 0
    async with load(pool):

        async def some_terminated() -> int:
            count: int = await system.value(BACKENDS_OF_WORKERS)
            return count

        for _ in range(TERMINATIONS):
            terminated += await until(some_terminated, "workers are connected", every=0.2)
            await asyncio.sleep(0.2)
        since = time.monotonic()
    assert terminated >= TERMINATIONS
    await recovered(system, pool.sent, record_property, since=since)
    await agrees(system, pool.sent)


async def test_redis_emptied_again_and_again(pool: WorkerPool, record_property: Measure) -> None:
    system = pool.system
    async with load(pool):
        for _ in range(3):
            await system.redis.flushdb()

            async def something_projected() -> int:
                return sum([await system.projected(partition) for partition in range(6)])

            await until(something_projected, "the projection continues")
        since = time.monotonic()
    await recovered(system, pool.sent, record_property, since=since)
    await agrees(system, pool.sent)
