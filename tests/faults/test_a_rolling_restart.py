"""Two workers of each role, restarted one after the other by SIGTERM under load: no disorder, nothing lost."""

import asyncio
import time

import pytest

from tests.faults.recovery import Measure, agrees, recovered, sending
from tests.faults.worker_pool import ROLES
from tests.system import System
from tests.waiting import until
from tests.worker_process import Worker

pytestmark = pytest.mark.timeout(300)


async def test_loses_nothing_and_every_worker_ends_in_good_order(system: System, record_property: Measure) -> None:
    old = {role: [await system.worker(role), await system.worker(role)] for role in ROLES}
    await _wait_for_lanes(*(worker for workers in old.values() for worker in workers))
    async with sending(system) as sent:
        # As in a deployment: the workers of a role one after the other, the roles at the same time.
        new = await asyncio.gather(*[_restarted(system, workers) for workers in old.values()])
        await system.handled(2 * len(sent))
        since = time.monotonic()
    await recovered(system, sent, record_property, since=since)
    await agrees(system, sent)
    assert not [worker.log() for workers in old.values() for worker in workers if "in disorder" in worker.log()]
    assert [await worker.stop() for workers in new for worker in workers] == [0] * 6


async def _restarted(system: System, workers: list[Worker]) -> list[Worker]:
    successors = []
    for worker in workers:
        assert await worker.stop() == 0
        successors.append(await system.worker(worker.role))
        await _wait_for_lanes(successors[-1])
    return successors


async def _wait_for_lanes(*workers: Worker) -> None:
    async def have_lanes() -> bool:
        return all("lanes assigned" in worker.log() for worker in workers)

    await until(have_lanes, "these workers have lanes", seconds=100)
