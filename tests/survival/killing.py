"""Workers that are killed, one at random after another, and each replaced at once."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.system import System, Worker


@asynccontextmanager
async def killing(system: System, crews: dict[str, int]) -> AsyncIterator[list[str]]:
    """Keep so many workers of each role, and kill one of them at random after another, until the block ends.

    One that starts may be killed as well as one at work; but only while another of its role, or itself, holds lanes: on
    a machine where a start takes longer than the time between two kills, nothing would ever be done.
    """
    killed: list[str] = []
    chance = random.Random(20261121)
    alive = {role: [await system.worker(role) for _ in range(size)] for role, size in crews.items()}

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
    return "lanes assigned" in worker.log()
