"""Kills workers at random, one after another, and replaces each at once."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.system import System
from tests.worker_process import Worker


@asynccontextmanager
async def random_kills(system: System, pool_sizes: dict[str, int]) -> AsyncIterator[list[str]]:
    """Keep this number of workers for each role, and kill one at random after another, until the block ends.

    Yields the roles of the killed workers. A starting worker may be killed too, but only while a worker of its role
    owns lanes. Otherwise no work would be done on a machine where a start takes longer than the time between two kills.
    """
    killed: list[str] = []
    chance = random.Random(20261121)
    alive = {role: [await system.worker(role) for _ in range(size)] for role, size in pool_sizes.items()}

    async def kill_on() -> None:
        while True:
            await asyncio.sleep(chance.uniform(0.5, 3.0))
            role = chance.choice(sorted(alive))
            if any(map(_has_lanes, alive[role])):
                victim = chance.choice(alive[role])
                alive[role].remove(victim)
                await victim.kill()
                killed.append(role)
                alive[role].append(await system.worker(role))

    killer = asyncio.create_task(kill_on())
    try:
        yield killed
    finally:
        killer.cancel()
        await asyncio.wait([killer])


def _has_lanes(worker: Worker) -> bool:
    return "lanes assigned" in worker.log() or "lane acquired" in worker.log()
