"""Servers that fail under load and come back: the workers wait, go on by themselves, and nothing is missing."""

import asyncio
import time

import pytest

from infra.devstack.stack import Devstack
from tests.faults.crew import Crew
from tests.faults.recovery import Measure, agrees, load, recovered
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
    """The servers, if they are ours to kill."""
    if servers.stack is None:
        pytest.skip("only the embedded servers can be killed from here; these are others")
    return servers.stack


@pytest.mark.parametrize("name", ["kafka", "postgres", "redis"])
async def test_a_server_killed_and_started_again(
    crew: Crew, stack: Devstack, name: str, record_property: Measure
) -> None:
    async with load(crew):
        await stack.kill(name)
        await stack.restart(name)
        since = time.monotonic()
        await crew.system.redis.connection_pool.disconnect()  # the tests' own connections are none of the claim
    await recovered(crew.system, crew.sent, record_property, since=since)
    await agrees(crew.system, crew.sent)


async def test_backends_terminated_again_and_again(crew: Crew, record_property: Measure) -> None:
    system, terminated = crew.system, 0
    async with load(crew):

        async def some_terminated() -> int:
            found: int = await system.value(BACKENDS_OF_WORKERS)
            return found

        for _ in range(TERMINATIONS):
            terminated += await until(some_terminated, "workers are connected", every=0.2)
            await asyncio.sleep(0.2)
        since = time.monotonic()
    assert terminated >= TERMINATIONS
    await recovered(system, crew.sent, record_property, since=since)
    await agrees(system, crew.sent)


async def test_redis_emptied_again_and_again(crew: Crew, record_property: Measure) -> None:
    system = crew.system
    async with load(crew):
        for _ in range(3):
            await system.redis.flushdb()

            async def something_projected() -> int:
                return sum([await system.projected(partition) for partition in range(6)])

            await until(something_projected, "the projection goes on")
        since = time.monotonic()
    await recovered(system, crew.sent, record_property, since=since)
    await agrees(system, crew.sent)
